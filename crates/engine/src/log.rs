//! A durable, partitioned, ordered log.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use metering::Generation;

use crate::StoreError;

/// A record on its way into the log. Its partition follows from the key
/// ([`metering::wire::partition_of`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The meter's id.
    pub key: Bytes,
    /// A `wattmap.v1.Record`.
    pub value: Bytes,
}

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Its offset in its partition. Offsets are contiguous from the log's first, but for those that the log itself used.
    pub offset: i64,
    /// So many offsets before it hold no record: the log used them itself, to end somebody's transaction, say.
    pub passed_over: i64,
    /// When the log took it, milliseconds since 1970, by the log's clock. Never decreases in a partition.
    pub appended_ms: i64,
    /// As appended.
    pub key: Bytes,
    /// As appended.
    pub value: Bytes,
}

/// Why records were not taken. None of them may be taken for durable then; some may be in the log all
/// the same, so whoever retries sends duplicates, which count once.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// More is under way than the log will hold in memory.
    #[error("the log is busy")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// It can't be written now: a full disk, no broker.
    #[error("the log is unavailable: {reason}")]
    Unavailable {
        /// For the operator.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
}

/// Why records could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// Not now.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// What is stored can't be trusted. Final: names the file and what is wrong.
    #[error("{0}")]
    Corrupt(String),
    /// The log no longer has the offset that was asked for.
    #[error("partition {partition} begins at offset {first}; offset {wanted} is gone")]
    Gone {
        /// Whose.
        partition: u32,
        /// What was asked for.
        wanted: i64,
        /// The oldest there is.
        first: i64,
    },
}

/// Tells which generations of the log are announced: before the first marker of one is in the log, it is. A marker that
/// nobody announced is somebody else's.
#[async_trait]
pub trait Announcements: Send + Sync + 'static {
    /// All, oldest first, as they are remembered now.
    async fn announced(&self) -> Result<Vec<Generation>, StoreError>;
}

/// Those of a log that never begins another one.
#[async_trait]
impl Announcements for Vec<Generation> {
    async fn announced(&self) -> Result<Vec<Generation>, StoreError> {
        Ok(self.clone())
    }
}

/// A durable, partitioned, ordered log of records. Offset 0 of every partition is a generation marker.
#[async_trait]
pub trait ReadingLog: Send + Sync + 'static {
    /// The generations of this log, oldest first and never none: the one that it was made with, and one for each
    /// time that partitions were added. What was stored in others says nothing about it.
    fn generations(&self) -> Vec<Generation>;

    /// How many partitions it has now.
    fn partitions(&self) -> u32 {
        self.generations().last().map_or(0, |last| last.partitions)
    }

    /// The generation that was begun last.
    fn generation(&self) -> u32 {
        self.generations().last().map_or(0, |last| last.generation)
    }

    /// Appends all; when this returns `Ok`, every record is durable to the engine's stated level.
    /// Records of one call that share a key keep their order.
    async fn append(&self, records: Vec<Envelope>) -> Result<(), AppendError>;

    /// Why appends are refused just now, as far as that is known without one; None: they are taken. For
    /// those who send callers elsewhere meanwhile: it must not stay so for want of an append.
    async fn refuses(&self) -> Option<String>;

    /// Up to `max` records of a partition from `from` on, in order, without a gap but `passed_over`. Waits until there
    /// is at least one. Durable ones only. A log that ends before `from` for good is [`LogError::Corrupt`].
    async fn read(&self, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError>;

    /// When records were appended, milliseconds since 1970: of each place (a partition, and an offset; one place a partition)
    /// the one that stands there, or next to it where the log has used the place itself, or the oldest where the place is
    /// gone. None where the log has none, or can't tell in a moment.
    async fn appended_ms(&self, places: &[(u32, i64)]) -> Result<Vec<Option<i64>>, LogError>;

    /// The offset that the next durable record of a partition will have.
    async fn head(&self, partition: u32) -> Result<i64, LogError>;

    /// The offset of the oldest record that a partition still has.
    async fn first(&self, partition: u32) -> Result<i64, LogError>;

    /// The owner's word that the store has everything up to and with `offset`: what the log may forget
    /// follows from it and from its retention. Nothing else rests on it.
    async fn commit(&self, partition: u32, offset: i64) -> Result<(), LogError>;
}
