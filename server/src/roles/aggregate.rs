//! The owners of the log's partitions: each a task that follows its partition, has `crates/pipeline`
//! decide, publishes what changed about twice a second and stores it every few seconds.
//!
//! What may pass (a store that is away) is waited for, however long; what may not (stored data that
//! can't be trusted) stops the node with a sentence.

mod owner;
mod patience;

use std::sync::Arc;
use std::time::Duration;

use geography::Geography;
use metering::AreaCode;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::ingestion::{Condition, Ingestion};
use crate::state::Ports;

use owner::Owner;
use patience::Trouble;

/// What owners need.
#[derive(Clone)]
pub struct Aggregation {
    /// The engine's ports.
    pub ports: Ports,
    /// The areas: a registration in another one is a dead letter.
    pub geography: Arc<Geography>,
    /// How old a reading may be when the log takes it, seconds.
    pub retention_s: i64,
    /// How long what is decided may wait before it is stored. Few and large flushes are what makes storing cheap.
    pub flush_every: Duration,
    /// Where owners say how far they are.
    pub ingestion: Arc<Ingestion>,
    /// For measuring, never for deciding.
    pub clock: Arc<dyn Clock>,
}

impl Aggregation {
    /// The areas that registrations may name.
    fn areas(&self) -> Vec<AreaCode> {
        let finest = self.geography.finest();
        self.geography.areas_of(finest).iter().map(|area| area.code.clone()).collect()
    }
}

/// Owns every partition until `shutdown`; then what is decided is stored. The error is the sentence of
/// the first owner that had to stop.
pub async fn own_all(aggregation: Aggregation, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut owners = JoinSet::new();
    for partition in 0..aggregation.ports.log.partitions() {
        let (aggregation, shutdown) = (aggregation.clone(), shutdown.clone());
        owners.spawn(async move { own(partition, aggregation, shutdown).await });
    }
    let mut outcome = Ok(());
    while let Some(owner) = owners.join_next().await {
        let ended = owner.unwrap_or_else(|panic| Err(format!("an owner panicked: {panic}")));
        if let Err(why) = ended {
            // One that can't go on stops all: half a map would be a wrong map.
            shutdown.cancel();
            outcome = outcome.and(Err(anyhow::anyhow!(why)));
        }
    }
    outcome
}

async fn own(partition: u32, aggregation: Aggregation, shutdown: CancellationToken) -> Result<(), String> {
    let gauges = aggregation.ingestion.clone();
    match Owner::new(partition, aggregation, shutdown).run().await {
        Ok(()) | Err(Trouble::Shutdown) => Ok(()),
        Err(Trouble::Final(why)) => {
            tracing::error!(partition, %why, "an owner has stopped");
            gauges.partition(partition).is(Condition::Stopped(why.clone()));
            Err(why)
        }
    }
}

/// Owns every partition until all that is in the log is in the store: for commands that bring readings
/// in and end, or that need what others brought. Calls `each` about every 200 ms with the records that are left.
pub async fn drain(aggregation: Aggregation, mut each: impl FnMut(i64)) -> anyhow::Result<()> {
    if undecided(&aggregation.ports).await? == 0 {
        return Ok(());
    }
    let shutdown = CancellationToken::new();
    let mut owners = tokio::spawn(own_all(aggregation.clone(), shutdown.clone()));
    loop {
        let (log, clock) = (aggregation.ports.log.as_ref(), aggregation.clock.as_ref());
        let left: i64 = match aggregation.ingestion.status(log, clock).await {
            Ok(partitions) => partitions.iter().map(|one| one.lag_records).sum(),
            Err(error) => {
                shutdown.cancel();
                owners.await??;
                return Err(error.into());
            }
        };
        each(left);
        if left == 0 {
            shutdown.cancel();
            return owners.await?;
        }
        tokio::select! {
            ended = &mut owners => return ended?,
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }
}

/// Records of the log that the store does not have yet, as the store itself says.
pub async fn undecided(ports: &Ports) -> anyhow::Result<i64> {
    let progress = ports.pipeline.progress(ports.log.partitions()).await?;
    let mut left = 0;
    for (partition, progress) in (0_u32..).zip(progress) {
        // Of an earlier generation it says nothing about this log.
        let progress = progress.filter(|position| position.generation == ports.log.generation());
        left += ports.log.head(partition).await? - progress.map_or(0, |position| position.offset + 1);
    }
    Ok(left)
}
