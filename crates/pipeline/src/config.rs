//! What an owner is told when it begins.

use metering::time::WINDOW_S;
use metering::{AreaCode, Generation, Position};

/// What the owner of a partition is told when it begins.
#[derive(Debug, Clone)]
pub struct PartitionConfig {
    /// Which partition.
    pub partition: u32,
    /// The generations of this log that are announced, oldest first: the one it was created with, then one for each
    /// time that partitions were added. Where they begin, their markers say. Later ones are asked for.
    pub generations: Vec<Generation>,
    /// How old a reading may be when it is appended, seconds.
    pub retention_s: i64,
    /// How long after it was appended a reading may end, seconds.
    pub ahead_s: i64,
    /// The areas of the finest level. Part of what the log means: a registration that names another
    /// one is a dead letter.
    pub areas: Vec<AreaCode>,
    /// Hints end where such a step of time ends, so that one lasts for all readings in it: seconds, some windows. All owners
    /// have the same. It may become a multiple of itself; with less, a late write of an old owner would be taken for more
    /// than it says.
    pub hint_step_s: i64,
    /// How much is remembered.
    pub limits: Limits,
}

/// Hints for a UTC day: one is written a meter and day, and whoever takes a meter over looks for little more than what is
/// left of a day, which lies together.
pub const HINT_STEP_S: i64 = 86_400;

/// How much an owner remembers at most between batches, besides what it has yet to write. What is
/// forgotten is read again when it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Meters, at about 150 bytes.
    pub meters: usize,
    /// Aggregate rows, at about 60 bytes.
    pub rows: usize,
    /// Raw versions that were looked up, at about 40 bytes.
    pub versions: usize,
}

impl Default for Limits {
    /// For one of a handful of partitions in a process of some hundred megabytes.
    fn default() -> Self {
        Limits { meters: 500_000, rows: 400_000, versions: 400_000 }
    }
}

/// Why an owner can't begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Another log has taken this one's place since.
    #[error(
        "partition {partition}: progress is {progress:?}, of a generation that this log does not have \
         (its last is {last}): the log has been replaced"
    )]
    LogReplaced {
        /// Whose.
        partition: u32,
        /// How far the store is.
        progress: Position,
        /// The last generation of the configuration.
        last: u32,
    },
    /// The configuration's generations are empty, not consecutive, or without partitions.
    #[error(
        "generations must be consecutive, from 1 to {GENERATIONS_MAX}, each with partitions; they are {found:?}"
    )]
    Generations {
        /// As configured.
        found: Vec<Generation>,
    },
}

use crate::stamp::GENERATIONS_MAX;

impl PartitionConfig {
    pub(crate) fn check(&self) -> Result<(), RestoreError> {
        let consecutive = self.generations.windows(2).all(|two| two[0].generation + 1 == two[1].generation);
        let sound = self
            .generations
            .iter()
            .all(|g| (1..=GENERATIONS_MAX).contains(&g.generation) && g.partitions > 0);
        assert!(self.hint_step_s > 0 && self.hint_step_s % WINDOW_S == 0, "a step is of whole windows");
        if self.generations.is_empty() || !consecutive || !sound {
            return Err(RestoreError::Generations { found: self.generations.clone() });
        }
        Ok(())
    }
}
