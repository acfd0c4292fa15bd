//! What the owner of a partition reads and writes.

use async_trait::async_trait;
use metering::stored::{FlushPlan, MeterState, RawVersion, Windows};
use metering::{AggregateRow, MeterId, Place, Position, UtcSecond};

use crate::StoreError;

/// Asks for all versions of a meter's readings that start in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawQuery {
    /// Whose.
    pub meter: MeterId,
    /// The first start of interest.
    pub from: UtcSecond,
    /// The first start that is not.
    pub to: UtcSecond,
}

/// What the owner of a partition needs. An owner reads progress first, everything else after it.
#[async_trait]
pub trait PipelineStore: Send + Sync + 'static {
    /// How far each partition is processed, for partitions `0..partitions`.
    async fn progress(&self, partitions: u32) -> Result<Vec<Option<Position>>, StoreError>;

    /// In which windows a partition has aggregate rows, at most: of those that progress covers which was read before.
    /// Where that is not kept, in all: looking costs little there.
    async fn windows(&self, partition: u32) -> Result<Windows, StoreError> {
        let _ = partition;
        Ok(Windows::ALL)
    }

    /// Hints and registrations, in the order of `meters`.
    async fn meters(&self, meters: &[MeterId]) -> Result<Vec<MeterState>, StoreError>;

    /// Raw versions, in the order of `queries`; each answer in order of (start, position).
    async fn raw(&self, queries: &[RawQuery]) -> Result<Vec<Vec<RawVersion>>, StoreError>;

    /// One partition's aggregate rows, in the order of `places`.
    async fn rows(&self, partition: u32, places: &[Place]) -> Result<Vec<Option<AggregateRow>>, StoreError>;

    /// Writes a flush: all but progress first, then progress; last write by position wins, row by row.
    /// When this returns `Ok` it is durable.
    async fn flush(&self, plan: &FlushPlan) -> Result<(), StoreError>;
}
