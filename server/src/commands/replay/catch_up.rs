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

/// Records that may be left: whoever owns the partition decides them within seconds.
const NEARLY: i64 = 10_000;

/// Rounds at most: each has left what came during it, which is less each time if it is ever to end.
const ROUNDS: u32 = 5;

/// Decides in an edition what came after it, up to about now.
pub(super) async fn catch_up(aggregation: &Aggregation, edition: Edition) -> anyhow::Result<()> {
    let (ports, in_use) = (aggregation.ports.clone(), InEdition::new(edition));
    let ports = Ports {
        log: Arc::new(ReadOnly(ports.log)),
        pipeline: ports.editions.pipeline(&in_use),
        figures: ports.editions.figures(&in_use),
        in_use,
        feed: Arc::new(Silent(broadcast::Sender::new(1))),
        dead: Arc::new(Silent(broadcast::Sender::new(1))),
        ..ports
    };
    let aggregation =
        Aggregation { ports, ingestion: Arc::new(Ingestion::of_others()), ..aggregation.clone() };
    for _ in 0..ROUNDS {
        let all = Whole::of(aggregation.ports.log.partitions());
        drain(aggregation.clone(), Arc::new(all), |_| ()).await?;
        if undecided(&aggregation.ports).await? < NEARLY {
            break;
        }
    }
    Ok(())
}

/// A log that others append to.
struct ReadOnly(Arc<dyn ReadingLog>);

#[async_trait]
impl ReadingLog for ReadOnly {
    fn generations(&self) -> Vec<Generation> {
        self.0.generations()
    }

    /// What came late was sent on by who decided it first.
    async fn append(&self, _: Vec<Envelope>) -> Result<(), AppendError> {
        Ok(())
    }

    async fn refuses(&self) -> Option<String> {
        self.0.refuses().await
    }

    async fn read(&self, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        self.0.read(partition, from, max).await
    }

    async fn head(&self, partition: u32) -> Result<i64, LogError> {
        self.0.head(partition).await
    }

    async fn first(&self, partition: u32) -> Result<i64, LogError> {
        self.0.first(partition).await
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
