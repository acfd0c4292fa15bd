//! Which partitions are this process's, by a consumer group.
//!
//! The member reads nothing: its partitions are paused, and whoever owns one reads it with a consumer of its own. It is
//! polled all the time, however long an owner takes, so that only a process that is gone loses its partitions. Partitions
//! move one by one (cooperative rebalancing), and one that moves is given up when its owner has stored what it decided.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::Ownership;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use tokio::sync::watch;

use crate::log::{KafkaLog, Stored};
use crate::metrics::{self, Listener};
use crate::readers::passes;
use crate::{ClientKind, KafkaConfig, KafkaError};

/// How long an owner may take to store what it has decided before its partition is given to another.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(8);
/// How long leaving may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// How often the client looks whether its coordinator is there, to join or to go on: it does so when it wakes, which is
/// once a second unless it has something else to do.
const WAKES_EVERY: Duration = Duration::from_millis(200);

/// A membership in the group of those who aggregate.
pub struct KafkaOwnership {
    held: Arc<Held>,
    /// What the member's thread says. Where it ends unasked, nobody says anything any more, and owners hear that.
    assigned: watch::Receiver<BTreeSet<u32>>,
    left: watch::Receiver<bool>,
}

/// What the member's thread and the owners share.
struct Held {
    /// Partitions whose owners run, or may.
    owned: Mutex<BTreeSet<u32>>,
    given_up: Condvar,
    leaving: AtomicBool,
}

impl KafkaOwnership {
    /// Joins the group.
    pub fn join(log: &KafkaLog) -> Result<Self, KafkaError> {
        let config = log.config();
        let held = Arc::new(Held {
            owned: Mutex::default(),
            given_up: Condvar::new(),
            leaving: AtomicBool::new(false),
        });
        let (assigns, assigned) = watch::channel(BTreeSet::new());
        let rebalances = Rebalances {
            held: held.clone(),
            assigned: assigns,
            listener: log.gathering().listener(ClientKind::Attend),
            heard_at: Mutex::default(),
        };
        let member = member(config, rebalances).map_err(|error| config.away(error))?;
        let (leave, left) = watch::channel(false);
        let (topic, stored, of_thread) = (config.readings(), log.stored(), held.clone());
        std::thread::Builder::new()
            .name("ownership".to_owned())
            .spawn(move || {
                attend(&member, &topic, &of_thread, &stored);
                drop(member);
                leave.send_replace(true);
            })
            .map_err(|error| KafkaError::Refused(format!("no thread for the consumer group: {error}")))?;
        Ok(KafkaOwnership { held, assigned, left })
    }
}

#[async_trait]
impl Ownership for KafkaOwnership {
    fn assigned(&self) -> watch::Receiver<BTreeSet<u32>> {
        self.assigned.clone()
    }

    fn released(&self, partition: u32) {
        self.held.owned.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
        self.held.given_up.notify_all();
    }

    async fn leave(&self) {
        self.held.owned.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.held.given_up.notify_all();
        self.held.leaving.store(true, Ordering::Release);
        let mut left = self.left.clone();
        if tokio::time::timeout(LEAVE_WITHIN, left.wait_for(|left| *left)).await.is_err() {
            // The brokers find out by themselves within the session's timeout.
            tracing::warn!("the brokers do not let this process leave its group in time");
        }
    }
}

impl Drop for KafkaOwnership {
    fn drop(&mut self) {
        self.held.leaving.store(true, Ordering::Release);
    }
}

type Member = BaseConsumer<Rebalances>;

fn member(config: &KafkaConfig, rebalances: Rebalances) -> Result<Member, ClientError> {
    let mut client = config.client();
    client
        .set("group.id", config.group())
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // It reads nothing, so where it would begin does not matter.
        .set("auto.offset.reset", "latest")
        // The least that brokers allow by default: a process that is gone is replaced that soon.
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1500")
        .set("topic.metadata.refresh.interval.ms", "5000")
        // That is something to do; what it says is heard as seldom as of others.
        .set("statistics.interval.ms", WAKES_EVERY.as_millis().to_string())
        .set("queued.max.messages.kbytes", "1024");
    let member = Member::from_config_and_context(&client, rebalances)?;
    member.subscribe(&[&config.readings()])?;
    Ok(member)
}

/// Polls until the process leaves.
fn attend(member: &Member, topic: &str, held: &Held, stored: &Stored) {
    let mut committed = HashMap::new();
    let mut committed_at = Instant::now();
    while !held.leaving.load(Ordering::Acquire) {
        match member.poll(POLL) {
            // One that was fetched before its partition was paused: its owner reads it.
            Some(Ok(_)) | None => {}
            Some(Err(ClientError::MessageConsumption(code))) if passes(code) => {}
            Some(Err(error)) => tracing::warn!(%error, "the consumer group"),
        }
        if committed_at.elapsed() >= COMMIT_EVERY {
            committed_at = Instant::now();
            commit(member, topic, stored, &mut committed);
        }
    }
    commit(member, topic, stored, &mut committed);
}

/// Commits what owners have stored since the last time: nothing rests on it, and those who watch the group see it.
fn commit(member: &Member, topic: &str, stored: &Stored, committed: &mut HashMap<u32, i64>) {
    let mut offsets = TopicPartitionList::new();
    {
        let (stored, assigned) =
            (stored.lock().unwrap_or_else(PoisonError::into_inner), member.context().assigned.borrow());
        for (&partition, &offset) in stored.iter().filter(|(partition, _)| assigned.contains(partition)) {
            if committed.insert(partition, offset) != Some(offset) {
                // A list of our own making takes any partition.
                let _ = offsets.add_partition_offset(topic, partition as i32, Offset::Offset(offset));
            }
        }
    }
    if offsets.count() > 0
        && let Err(error) = member.commit(&offsets, CommitMode::Async)
    {
        tracing::debug!(%error, "progress was not committed to the group");
    }
}

/// Follows what the group decides.
struct Rebalances {
    held: Arc<Held>,
    assigned: watch::Sender<BTreeSet<u32>>,
    listener: Listener,
    heard_at: Mutex<Option<Instant>>,
}

impl ClientContext for Rebalances {
    fn stats_raw(&self, statistics: &[u8]) {
        let mut heard_at = self.heard_at.lock().unwrap_or_else(PoisonError::into_inner);
        if heard_at.is_some_and(|at| at.elapsed() < metrics::EVERY) {
            return;
        }
        *heard_at = Some(Instant::now());
        match serde_json::from_slice(statistics) {
            Ok(statistics) => self.listener.hear(&statistics),
            Err(error) => {
                tracing::debug!(%error, "what the consumer group's client counts is not understood");
            }
        }
    }
}

impl ConsumerContext for Rebalances {
    fn rebalance(&self, member: &Member, what: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let moved: BTreeSet<u32> = partitions.elements().iter().map(|one| one.partition() as u32).collect();
        let done = if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            tracing::info!(?moved, "partitions came");
            let assigned = member.incremental_assign(partitions).and_then(|()| member.pause(partitions));
            self.take(&moved);
            assigned
        } else {
            let lost = member.assignment_lost();
            tracing::info!(?moved, lost, "partitions go");
            self.give_up(&moved, lost);
            member.incremental_unassign(partitions)
        };
        if let Err(error) = done {
            tracing::error!(%error, "a change of the consumer group's partitions");
        }
    }
}

impl Rebalances {
    fn take(&self, partitions: &BTreeSet<u32>) {
        self.held.owned.lock().unwrap_or_else(PoisonError::into_inner).extend(partitions);
        self.assigned.send_modify(|assigned| assigned.extend(partitions));
    }

    /// Waits until their owners have ended, unless another process has them already.
    fn give_up(&self, partitions: &BTreeSet<u32>, lost: bool) {
        self.assigned.send_modify(|assigned| assigned.retain(|one| !partitions.contains(one)));
        let begun = Instant::now();
        let mut owned = self.held.owned.lock().unwrap_or_else(PoisonError::into_inner);
        while !lost && !owned.is_disjoint(partitions) {
            let Some(left) = HAND_OVER_WITHIN.checked_sub(begun.elapsed()) else {
                tracing::warn!("owners take long to store what they decided; others begin meanwhile");
                break;
            };
            owned = self.held.given_up.wait_timeout(owned, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        owned.retain(|one| !partitions.contains(one));
    }
}
