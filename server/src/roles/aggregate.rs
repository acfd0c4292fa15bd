//! The owners of the log's partitions: each a task that follows its partition, has `crates/pipeline`
//! decide, publishes what changed about twice a second and stores it every few seconds.
//!
//! What may pass (a store that is away) is waited for, however long; what may not (stored data that
//! can't be trusted) stops the node with a sentence.

mod late;
mod owner;
mod patience;
mod watchdog;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use engine::Ownership;
use geography::Geography;
use metering::AreaCode;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{self, DoorLimits};
use crate::ingestion::{Condition, Ingestion};
use crate::state::Ports;

use owner::Owner;
use patience::Trouble;
use watchdog::Watchdog;

/// Nobody works on a log of which nothing is decided for so long.
const NOTHING_MOVES: Duration = Duration::from_secs(60);

/// What owners need.
#[derive(Clone)]
pub struct Aggregation {
    /// The engine's ports.
    pub ports: Ports,
    /// The areas: a registration in another one is a dead letter.
    pub geography: Arc<Geography>,
    /// What the door lets in, and the log's own time decides.
    pub limits: DoorLimits,
    /// When what is decided is stored.
    pub pace: FlushPace,
    /// Where owners say how far they are.
    pub ingestion: Arc<Ingestion>,
    /// How long an owner may give no sign of life.
    pub silence: Duration,
}

/// When what is decided is stored. Few and large flushes are what makes storing cheap: a row that changes a hundred
/// times between two of them is written once.
#[derive(Debug, Clone, Copy)]
pub struct FlushPace {
    /// How long it may wait; twice as long where storing takes long.
    pub every: Duration,
    /// Decided records that may wait, or be on their way to the store, of all partitions of the process together: then
    /// reading pauses. Bounds memory while a store is away or slow, at about 250 bytes each.
    pub records_max: usize,
}

impl FlushPace {
    /// As it is configured.
    pub fn of(engine: &config::Engine) -> Self {
        FlushPace { every: engine.pace.flush_every, records_max: 240_000 }
    }
}

impl Aggregation {
    /// The areas that registrations may name.
    fn areas(&self) -> Vec<AreaCode> {
        let finest = self.geography.finest();
        self.geography.areas_of(finest).iter().map(|area| area.code.clone()).collect()
    }
}

/// Owns the partitions that are this process's, as that changes, until `shutdown`; then what is decided is stored. The
/// error is the sentence of the first owner that had to stop.
pub async fn own(
    aggregation: Aggregation,
    ownership: Arc<dyn Ownership>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let watchdog = Watchdog::over(aggregation.ingestion.clone(), aggregation.silence);
    let mut assigned = ownership.assigned();
    let mut owners = Owners { aggregation, tasks: JoinSet::new(), running: HashMap::new() };
    let mut outcome = Ok(());
    while !(shutdown.is_cancelled() && owners.tasks.is_empty()) {
        if !shutdown.is_cancelled() {
            owners.follow(&assigned.borrow_and_update(), &shutdown);
        }
        tokio::select! {
            () = shutdown.cancelled(), if !shutdown.is_cancelled() => {}
            changed = assigned.changed(), if !shutdown.is_cancelled() => {
                if changed.is_err() {
                    outcome = Err(anyhow::anyhow!("nobody says any more which partitions this process owns"));
                    shutdown.cancel();
                }
            }
            Some((partition, ended)) = owners.ended(), if !owners.tasks.is_empty() => {
                ownership.released(partition);
                if let Err(why) = ended {
                    // One that can't go on stops all: half a map would be a wrong map.
                    shutdown.cancel();
                    outcome = outcome.and(Err(anyhow::anyhow!(why)));
                }
            }
        }
    }
    ownership.leave().await;
    drop(watchdog);
    outcome
}

/// The owners of this process.
struct Owners {
    aggregation: Aggregation,
    tasks: JoinSet<Result<(), String>>,
    running: HashMap<task::Id, (u32, CancellationToken)>,
}

impl Owners {
    /// Begins what is assigned, and ends what no longer is. A partition that comes back before its owner has ended
    /// begins when it has.
    fn follow(&mut self, assigned: &BTreeSet<u32>, shutdown: &CancellationToken) {
        for (partition, stop) in self.running.values() {
            if !assigned.contains(partition) {
                stop.cancel();
            }
        }
        let running: HashSet<u32> = self.running.values().map(|(partition, _)| *partition).collect();
        for &partition in assigned.iter().filter(|partition| !running.contains(partition)) {
            let (aggregation, stop) = (self.aggregation.clone(), shutdown.child_token());
            let task = self.tasks.spawn(own_one(partition, aggregation, stop.clone()));
            self.running.insert(task.id(), (partition, stop));
        }
    }

    /// The next one that ends, and how; None if there is none.
    async fn ended(&mut self) -> Option<(u32, Result<(), String>)> {
        let (id, ended) = match self.tasks.join_next_with_id().await? {
            Ok((id, ended)) => (id, ended),
            Err(panic) => (panic.id(), Err(format!("an owner panicked: {panic}"))),
        };
        self.running.remove(&id).map(|(partition, _)| (partition, ended))
    }
}

async fn own_one(partition: u32, aggregation: Aggregation, stop: CancellationToken) -> Result<(), String> {
    let gauges = aggregation.ingestion.partition(partition);
    let ended = Owner::new(partition, aggregation, stop).run().await;
    match ended {
        Ok(()) | Err(Trouble::Shutdown | Trouble::OtherEdition | Trouble::OtherLog) => {
            gauges.is(Condition::Elsewhere);
            Ok(())
        }
        Err(Trouble::Final(why)) => {
            tracing::error!(partition, %why, "an owner has stopped");
            gauges.is(Condition::Stopped(why.clone()));
            Err(why)
        }
    }
}

/// Owns what is this process's until all that is in the log now is in the store: for commands that bring readings
/// in and end, or that need what others brought. Calls `each` about every 200 ms with the records that are left.
pub async fn drain(
    aggregation: Aggregation,
    ownership: Arc<dyn Ownership>,
    mut each: impl FnMut(i64),
) -> anyhow::Result<()> {
    let heads = heads(&aggregation.ports).await?;
    if left_before(&heads, &aggregation.ports).await.is_ok_and(|left| left == 0) {
        return Ok(());
    }
    let shutdown = CancellationToken::new();
    let mut owners = tokio::spawn(own(aggregation.clone(), ownership, shutdown.clone()));
    let (mut least, mut since) = (i64::MAX, Instant::now());
    loop {
        // A store that does not answer now is waited for, as owners do.
        let left = left_before(&heads, &aggregation.ports).await;
        if let Ok(left) = left {
            each(left);
            if left < least {
                (least, since) = (left, Instant::now());
            }
        }
        if least == 0 || since.elapsed() > NOTHING_MOVES {
            shutdown.cancel();
            owners.await??;
            let left = left?;
            anyhow::ensure!(
                left == 0,
                "{left} records are in the log and nobody aggregates them: start `wattmap aggregate`"
            );
            return Ok(());
        }
        tokio::select! {
            ended = &mut owners => return ended?,
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }
}

/// Records of the log that the store does not have yet, as the store itself says.
pub async fn undecided(ports: &Ports) -> anyhow::Result<i64> {
    left_before(&heads(ports).await?, ports).await
}

async fn heads(ports: &Ports) -> anyhow::Result<Vec<i64>> {
    let mut heads = Vec::new();
    for partition in 0..ports.log.partitions() {
        heads.push(ports.log.head(partition).await?);
    }
    Ok(heads)
}

async fn left_before(heads: &[i64], ports: &Ports) -> anyhow::Result<i64> {
    let progress = ports.progress(heads.len() as u32).await?;
    Ok(heads.iter().zip(progress).map(|(head, progress)| (head - progress).max(0)).sum())
}
