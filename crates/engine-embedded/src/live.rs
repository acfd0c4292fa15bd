//! What owners tell others, within one process.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{DeadLetterFeed, LiveBatch, LiveFeed, LiveNews, StoreError};
use metering::stored::DeadLetter;
use tokio::sync::broadcast;

/// Batches that a slow receiver may be behind before it is told that it missed some: with four
/// partitions and a batch a second each, four minutes.
const BATCHES_BEHIND_MAX: usize = 1024;

/// From the owners of partitions to the live hub of the same process.
#[derive(Debug)]
pub struct EmbeddedLive {
    sender: broadcast::Sender<Arc<LiveNews>>,
}

impl EmbeddedLive {
    pub(crate) fn new() -> Self {
        EmbeddedLive { sender: broadcast::Sender::new(BATCHES_BEHIND_MAX) }
    }
}

#[async_trait]
impl LiveFeed for EmbeddedLive {
    async fn publish(&self, batch: LiveBatch) -> Result<(), StoreError> {
        // That nobody listens is no error.
        let _ = self.sender.send(Arc::new(LiveNews::Rows(batch)));
        Ok(())
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<LiveNews>> {
        self.sender.subscribe()
    }
}

#[async_trait]
impl DeadLetterFeed for EmbeddedLive {
    async fn announce(&self, _letters: &[DeadLetter]) -> Result<(), StoreError> {
        // They are in the store, and there is nobody else.
        Ok(())
    }
}
