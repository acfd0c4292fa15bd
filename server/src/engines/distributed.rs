//! Kafka and Cassandra.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::{DocumentStore, Editions, InEdition, Measured, ReadingLog};
use engine_cassandra::{CassandraStore, ConnectError, Migrated};
use engine_kafka::{KafkaDeadLetters, KafkaError, KafkaFeed, KafkaLog, KafkaOwnership, reach, topics};
use tokio::task::JoinHandle;

use super::generations::{Generations, Remembered};
use super::limits::Limits;
use super::{StaysWrong, topics_set};
use crate::config::{Config, Distributed as Addresses};
use crate::state::Ports;

/// How soon a process hears of partitions that are being added, and how long asking may take.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const ASK_WITHIN: Duration = Duration::from_secs(2);

/// A process appends for so long after it has asked whether any are, and heard that none are: while the store hangs, which
/// takes its time each time, too.
const LEASE: Duration = Duration::from_secs(8);

/// What was on its way when a lease ended has arrived this much later than appends may take, or never will.
const MARGIN: Duration = Duration::from_secs(2);

/// Open connections.
pub(super) struct Distributed {
    log: Arc<KafkaLog>,
    feed: Arc<KafkaFeed>,
    dead: Arc<KafkaDeadLetters>,
    store: Arc<CassandraStore>,
    following: [JoinHandle<()>; 2],
}

impl Drop for Distributed {
    fn drop(&mut self) {
        self.following.iter().for_each(JoinHandle::abort);
    }
}

impl Distributed {
    /// Connects to both, which have to be migrated.
    pub(super) async fn open(config: &Config, at: &Addresses) -> anyhow::Result<(Self, Ports)> {
        let store = CassandraStore::connect(&at.cassandra()).await?;
        let documents: Arc<dyn DocumentStore> = store.clone();
        let mut known = Generations::read(documents.as_ref()).await?;
        let migrated = agreed_limits(config, at, documents.as_ref()).await?;
        let kafka = at.kafka();
        // Clients wait for brokers that do not let them in as for those that are away: this says which it is.
        reach(&kafka).await?;
        let log = KafkaLog::open(&kafka, known.begun().to_vec()).await?;
        if let (Some(migrated), Some(keeps)) = (&migrated, log.keeps()) {
            migrated.may_wait(keeps)?;
        }
        if let Some(set) = topics_set::read(documents.as_ref()).await? {
            for difference in engine_kafka::differences(&kafka, set).await? {
                tracing::warn!("a topic is not as the last `wattmap migrate` was told: {difference}");
            }
        }
        let (feed, dead) = (KafkaFeed::open(&kafka).await?, KafkaDeadLetters::open(&kafka).await?);
        let editions: Arc<dyn Editions> = store.clone();
        let in_use = InEdition::new(crate::editions::in_use(editions.as_ref()).await?);
        let ports = Ports {
            log: log.clone(),
            announcements: Arc::new(Remembered(documents.clone())),
            pipeline: editions.pipeline(&in_use),
            figures: editions.figures(&in_use),
            in_use,
            editions,
            documents: documents.clone(),
            feed: feed.clone(),
            dead: dead.clone(),
        };
        // Since the generations were read partitions may have been added.
        log.append_until(Instant::now());
        renew(&log, documents.as_ref(), &mut known).await;
        let following = [
            tokio::spawn(follow(log.clone(), documents, known)),
            tokio::spawn(crate::editions::follow(ports.editions.clone(), ports.in_use.clone())),
        ];
        Ok((Distributed { log, feed, dead, store, following }, ports))
    }

    /// All that counts something.
    pub(super) fn measured(&self) -> Vec<Arc<dyn Measured>> {
        vec![self.log.clone(), self.feed.clone(), self.dead.clone(), self.store.clone()]
    }

    /// A place among those who aggregate.
    pub(super) fn join(&self) -> anyhow::Result<KafkaOwnership> {
        Ok(KafkaOwnership::join(&self.log)?)
    }

    /// Waits for what is under way.
    pub(super) async fn close(self) {
        self.log.close().await;
    }
}

/// What has to be there before anything can be opened, a line each, each looked at on its own: that one is away says nothing
/// of the other.
pub(super) async fn parts(config: &Config, at: &Addresses) -> Vec<(&'static str, anyhow::Result<String>)> {
    let (kafka, cassandra) = (at.kafka(), at.cassandra());
    let (brokers, store) = tokio::join!(reach(&kafka), CassandraStore::connect(&cassandra));
    let topics = match &brokers {
        Ok(()) => topics(&kafka).await.map_err(anyhow::Error::from),
        Err(_) => Err(anyhow::anyhow!("not looked at, because Kafka can't be")),
    };
    let migrated = match &store {
        Ok(store) => agreed(config, at, store.as_ref()).await,
        Err(_) => Err(anyhow::anyhow!("not looked at, because Cassandra can't be")),
    };
    let answers = |names: &[String]| format!("{} answers", names.join(","));
    vec![
        ("Kafka", brokers.map(|()| answers(&kafka.brokers)).map_err(Into::into)),
        ("topics", topics),
        (
            "Cassandra",
            store
                .map(|_| {
                    format!("{}, and keyspace {} is migrated", answers(&cassandra.nodes), cassandra.keyspace)
                })
                .map_err(Into::into),
        ),
        ("migrated", migrated),
    ]
}

/// What migrations remember beside the store, and whether it is as configured.
async fn agreed(config: &Config, at: &Addresses, documents: &dyn DocumentStore) -> anyhow::Result<String> {
    let known = Generations::read(documents).await?;
    agreed_limits(config, at, documents).await?;
    anyhow::ensure!(
        !known.is_unfinished(),
        "partitions are being added: run `wattmap migrate` again if it was stopped"
    );
    let last = known.last().context("a log without generations")?;
    Ok(format!("generation {} of the log, with {} partitions", last.generation, last.partitions))
}

/// The limits of the last migration; refuses others than are configured.
async fn agreed_limits(
    config: &Config,
    at: &Addresses,
    documents: &dyn DocumentStore,
) -> anyhow::Result<Option<Limits>> {
    let migrated = Limits::read(documents).await?;
    if let Some(migrated) = &migrated {
        Limits::of(config, at.log.retention).agree_with(migrated)?;
    }
    Ok(migrated)
}

/// Whether what could not be opened may be had later, with the same configuration.
pub(super) fn may_pass(error: &anyhow::Error) -> bool {
    !error.is::<StaysWrong>()
        && !matches!(error.downcast_ref(), Some(KafkaError::NotLetIn { .. } | KafkaError::Refused(_)))
        && !matches!(error.downcast_ref(), Some(ConnectError::NotLetIn { .. } | ConnectError::Refused(_)))
}

/// Follows migrations: what is appended goes to the partitions that there are, and while partitions are being added
/// nothing is.
async fn follow(log: Arc<KafkaLog>, documents: Arc<dyn DocumentStore>, mut known: Generations) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        renew(&log, documents.as_ref(), &mut known).await;
    }
}

/// Lets appends go on if nobody adds partitions: for a lease from when it was asked, however late the answer comes.
async fn renew(log: &KafkaLog, documents: &dyn DocumentStore, known: &mut Generations) {
    let asked = Instant::now();
    if nobody_adds_partitions(log, documents, known).await {
        log.append_until(asked + LEASE);
    }
}

/// Whether that is certain now. Takes note of what was added.
async fn nobody_adds_partitions(
    log: &KafkaLog,
    documents: &dyn DocumentStore,
    known: &mut Generations,
) -> bool {
    let Ok(Ok(now)) = tokio::time::timeout(ASK_WITHIN, Generations::read(documents)).await else {
        // A store that is away does not say it, but the topic does.
        let is_as_known = log.partitions_there().await.is_ok_and(|there| there == log.partitions());
        return is_as_known && !known.is_unfinished();
    };
    if now.begun() != known.begun() {
        if let Err(error) = log.begin(now.begun().to_vec()).await {
            tracing::warn!(%error, "new partitions of the log are not there yet");
            return false;
        }
        tracing::info!(generations = ?now.begun(), "the log has more partitions");
    }
    *known = now;
    !known.is_unfinished()
}

/// Makes what is missing.
pub(super) async fn migrate(config: &Config, at: &Addresses) -> anyhow::Result<Migrated> {
    let (of_store, of_log) = (at.cassandra(), at.kafka());
    reach(&of_log).await?;
    let limits = Limits::of(config, at.log.retention);
    let Migrated { mut done, mut left } = engine_cassandra::migrate(&of_store, at.sizing()).await?;
    let store = CassandraStore::connect(&of_store).await?;
    if let Some(before) = Limits::read(store.as_ref()).await? {
        limits.may_follow(&before)?;
    }
    // Records first: rows are never kept for less than what they are compared with (rule 14).
    done.extend(engine_kafka::settle(&of_log, at.topics()).await?);
    done.extend(engine_cassandra::keep_readings(&of_store, limits.kept_s()).await?);
    limits.write(store.as_ref()).await?;
    let known = Generations::read_if_any(store.as_ref()).await?;
    let (all, begun) = known.as_ref().map_or((&[][..], &[][..]), |known| (known.all(), known.begun()));
    let migrated = engine_kafka::migrate(&of_log, at.topics(), all, begun.last().copied()).await?;
    done.extend(migrated.done);
    let generations = Generations::announced(migrated.generations);
    if migrated.begins || known.as_ref().is_some_and(Generations::is_unfinished) {
        // First it is known, and producers stop; then it begins, and they follow. At every step a crash leaves what the
        // next migration finishes.
        generations.write(store.as_ref()).await?;
        if crate::editions::end_what_is_made(store.as_ref()).await? {
            tracing::warn!("a `wattmap replay` that is under way ends: it has begun before this generation");
        }
        if !begun.is_empty() {
            let wait = LEASE + of_log.append_within + MARGIN;
            tracing::info!(
                seconds = wait.as_secs(),
                "waiting until nobody appends by the former partitions any more"
            );
            tokio::time::sleep(wait).await;
        }
        let last = generations.last().context("a log without generations")?;
        engine_kafka::mark(&of_log, last).await?;
        generations.finished().write(store.as_ref()).await?;
        done.push(format!("generation {} of the log, with {} partitions", last.generation, last.partitions));
    }
    left.extend(engine_kafka::differences(&of_log, at.topics()).await?);
    topics_set::write(&at.topics(), store.as_ref()).await?;
    Ok(Migrated { done, left })
}

/// How long readings are stored, as the last migration left it; none where none was needed.
pub(super) async fn readings_kept_s(documents: &dyn DocumentStore) -> anyhow::Result<Option<u64>> {
    Ok(Limits::read(documents).await?.map(|limits| limits.kept_s))
}

/// The keys and other documents alone.
pub(super) async fn documents(at: &Addresses) -> anyhow::Result<Arc<dyn DocumentStore>> {
    Ok(CassandraStore::connect(&at.cassandra()).await?)
}
