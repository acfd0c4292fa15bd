//! The ports: what wattmap needs of a log, of a store and of a feed of live rows. Engines implement
//! them (`engine-embedded`; Kafka and Cassandra); one contract suite holds for all of them.
//!
//! - [`ReadingLog`]: a durable, partitioned, ordered log of records.
//! - [`Announcements`]: which generations that log has.
//! - [`PipelineStore`]: what the owner of a partition reads and writes.
//! - [`FigureStore`]: what figures are made from, and what operators look at.
//! - [`Editions`]: aggregates that are made anew beside those in use.
//! - [`DocumentStore`]: small things with a name: keys, published statistics, settings.
//! - [`LiveFeed`]: aggregate rows from whoever decides them to whoever shows them, about once a second.
//! - [`DeadLetterFeed`]: dead letters, to whoever else wants to know.
//! - [`Ownership`]: which partitions are this process's to work on.
//! - [`Measured`]: what an engine can say of itself in numbers.

#[cfg(feature = "contract")]
pub mod contract;
mod crash;
mod documents;
mod editions;
mod figures;
mod live;
mod log;
mod measured;
mod ownership;
mod pipeline_store;

pub use crash::{crash_point, crash_points_from_environment};
pub use documents::{COMPARED_BYTES_MAX, Document, DocumentStore};
pub use editions::{Edition, Editions, InEdition};
pub use figures::{AreaDay, DeadLetterFilter, FigureStore, StoredSpan};
pub use live::{DeadLetterFeed, LiveBatch, LiveFeed, LiveNews};
pub use log::{Announcements, AppendError, Envelope, LogError, LogRecord, ReadingLog};
pub use measured::{Measured, Measurement, MeasurementKind};
pub use ownership::{Ownership, Whole};
pub use pipeline_store::{PipelineStore, RawQuery};

/// Why a store could not do what it was asked to.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Not now: away, full or overloaded. The same call may succeed later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored can't be trusted. Final: names the file or table.
    #[error("{0}")]
    Corrupt(String),
}
