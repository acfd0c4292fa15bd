//! What arrives while an edition is made: owners of its own decide it again, and tell nobody.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{
    AppendError, DeadLetterFeed, Edition, Envelope, InEdition, LiveBatch, LiveFeed, LiveNews, LogError,
    LogRecord, ReadingLog, StoreError, Whole,
};
use metering::Generation;
use metering::stored::DeadLetter;
use tokio::sync::broadcast;

use crate::ingestion::Ingestion;
use crate::roles::aggregate::{Aggregation, drain, undecided};
use crate::state::Ports;

/// Records that may be left: whoever owns their partitions decides them within a second.
const NEARLY: i64 = 10_000;

/// Decides in an edition what others have decided in the one in use since it was made. No more than that: what they have
/// decided and not stored they decide again, and tell others then.
pub(super) async fn catch_up(
    aggregation: &Aggregation,
    in_use: Edition,
    made: Edition,
) -> anyhow::Result<()> {
    let (ports, made) = (aggregation.ports.clone(), InEdition::new(made));
    let others = Ports { pipeline: ports.editions.pipeline(&InEdition::new(in_use)), ..ports.clone() };
    let mut left = None;
    loop {
        let stored = others.progress(ports.log.partitions()).await?;
        let log = Arc::new(Stored { log: ports.log.clone(), ends: stored });
        let ports = Ports {
            pipeline: ports.editions.pipeline(&made),
            in_use: made.clone(),
            feed: Arc::new(Silent(broadcast::Sender::new(1))),
            dead: Arc::new(Silent(broadcast::Sender::new(1))),
            log,
            ..ports.clone()
        };
        let remaining = undecided(&ports).await?;
        // When a round leaves no less than the one before it, others are as quick.
        if remaining < NEARLY || left.is_some_and(|before| remaining >= before) {
            return Ok(());
        }
        left = Some(remaining);
        let all = Whole::of(ports.log.partitions());
        let ingestion = Arc::new(Ingestion::of_others());
        drain(Aggregation { ports, ingestion, ..aggregation.clone() }, Arc::new(all), |_| ()).await?;
    }
}

/// A log as far as it is stored in the edition in use. Others append to it.
struct Stored {
    log: Arc<dyn ReadingLog>,
    /// By partition.
    ends: Vec<i64>,
}

impl Stored {
    fn end(&self, partition: u32) -> i64 {
        self.ends.get(partition as usize).copied().unwrap_or_default()
    }
}

#[async_trait]
impl ReadingLog for Stored {
    fn generations(&self) -> Vec<Generation> {
        self.log.generations()
    }

    /// What came late was sent on by who decided it first.
    async fn append(&self, _: Vec<Envelope>) -> Result<(), AppendError> {
        Ok(())
    }

    async fn refuses(&self) -> Option<String> {
        self.log.refuses().await
    }

    async fn read(&self, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        let end = self.end(partition);
        if from >= end {
            return std::future::pending().await;
        }
        let mut records = self.log.read(partition, from, max).await?;
        records.retain(|record| record.offset < end);
        match records.is_empty() {
            // The rest holds no record.
            true => std::future::pending().await,
            false => Ok(records),
        }
    }

    async fn appended_ms(&self, places: &[(u32, i64)]) -> Result<Vec<Option<i64>>, LogError> {
        self.log.appended_ms(places).await
    }

    async fn head(&self, partition: u32) -> Result<i64, LogError> {
        Ok(self.end(partition))
    }

    async fn first(&self, partition: u32) -> Result<i64, LogError> {
        self.log.first(partition).await
    }

    async fn commit(&self, _: u32, _: i64) -> Result<(), LogError> {
        Ok(())
    }
}

/// Nobody is told: what is decided here was told when it was decided first.
struct Silent(broadcast::Sender<Arc<LiveNews>>);

#[async_trait]
impl LiveFeed for Silent {
    async fn publish(&self, _: LiveBatch) -> Result<(), StoreError> {
        Ok(())
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<LiveNews>> {
        self.0.subscribe()
    }
}

#[async_trait]
impl DeadLetterFeed for Silent {
    async fn announce(&self, _: &[DeadLetter]) -> Result<(), StoreError> {
        Ok(())
    }
}
