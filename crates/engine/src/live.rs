//! What owners tell others: aggregate rows to whoever shows them, dead letters to whoever mends them.

use std::sync::Arc;

use async_trait::async_trait;
use metering::stored::{DeadLetter, HomeChange, PlacedRow};
use tokio::sync::broadcast;

use crate::{Edition, StoreError};

/// Rows that one partition's owner sends together. A receiver keeps, of each row, the one with the
/// largest `through`; they may come twice and out of order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveBatch {
    /// Whose.
    pub partition: u32,
    /// Which edition of the aggregates they are of.
    pub edition: Edition,
    /// The rows, each absolute.
    pub rows: Vec<PlacedRow>,
    /// Homes that changed some of the rows in part, in order of the rows. Each comes once, and a row has a few of them at most.
    pub homes: Vec<HomeChange>,
    /// Of the newest record in them, the log's append time, milliseconds since 1970.
    pub newest_ms: i64,
    /// Of the oldest record that this owner had not told of before, likewise; none where they tell of none, or it is not known.
    pub oldest_ms: Option<i64>,
}

/// What a receiver hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveNews {
    /// Rows.
    Rows(LiveBatch),
    /// Some were missed, and nobody knows which.
    Gap,
}

/// From the owners of partitions to every web node.
#[async_trait]
pub trait LiveFeed: Send + Sync + 'static {
    /// Sends; when this returns `Ok` every receiver will get it, or learn that it missed something.
    async fn publish(&self, batch: LiveBatch) -> Result<(), StoreError>;

    /// Receives from now on. A receiver that is told it lagged, or of a gap, reads the store again.
    fn subscribe(&self) -> broadcast::Receiver<Arc<LiveNews>>;
}

/// Dead letters, for others than the store. They may come twice: (partition, position) tells.
#[async_trait]
pub trait DeadLetterFeed: Send + Sync + 'static {
    /// Sends; durable when it returns `Ok`.
    async fn announce(&self, letters: &[DeadLetter]) -> Result<(), StoreError>;
}
