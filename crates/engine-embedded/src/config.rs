//! What can be chosen about an engine. Every bound is here, with its reason.

use std::time::Duration;

/// How an embedded engine is set up. `Default` is what `wattmap run` uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// Partitions of the log: how many tasks can decide in parallel. Fixed when the directory is made.
    pub partitions: u32,
    /// A segment of the log is closed when it is longer. Small enough to be dropped soon.
    pub segment_bytes: u64,
    /// Records that every partition has committed are kept at least this long...
    pub log_retention: Duration,
    /// ...but no more of them than this: a busy day does not fill the disk.
    pub log_bytes_max: u64,
    /// Appends that wait for the disk, in memory, at most. Beyond it callers are told to come back.
    pub queue_bytes_max: usize,
    /// The newest records, kept in memory for those who follow the log.
    pub tail_bytes_max: usize,
    /// Appends are refused while the disk has less free space, so that the store can still be written.
    pub disk_reserve_bytes: u64,
    /// The store's changes in memory are written out when they are larger...
    pub memtable_bytes: u64,
    /// ...or older. What is lost with them on a crash is decided again from the log.
    pub checkpoint_every: Duration,
    /// Blocks of the store that are kept in memory.
    pub cache_bytes: u64,
    /// A day's readings are packed when none has been written for this long.
    pub pack_after_quiet: Duration,
    /// Readings are kept for this many days; None: for ever.
    pub raw_retention_days: Option<u32>,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        EmbeddedConfig {
            partitions: 4,
            segment_bytes: 64 << 20,
            log_retention: Duration::from_secs(24 * 3600),
            log_bytes_max: 512 << 20,
            queue_bytes_max: 64 << 20,
            tail_bytes_max: 32 << 20,
            disk_reserve_bytes: 256 << 20,
            memtable_bytes: 32 << 20,
            checkpoint_every: Duration::from_secs(20),
            cache_bytes: 64 << 20,
            pack_after_quiet: Duration::from_secs(600),
            raw_retention_days: Some(400),
        }
    }
}

/// More partitions than this help nobody on one machine; a record's frame spends one byte on it.
pub(crate) const PARTITIONS_MAX: u32 = 64;

impl EmbeddedConfig {
    /// What is wrong with it, as a sentence.
    pub(crate) fn problem(&self) -> Option<String> {
        if !(1..=PARTITIONS_MAX).contains(&self.partitions) {
            return Some(format!(
                "the number of partitions is {}; allowed are 1 to {PARTITIONS_MAX}",
                self.partitions
            ));
        }
        if self.segment_bytes == 0 || self.memtable_bytes == 0 || self.queue_bytes_max == 0 {
            return Some("a segment, a memtable and the queue need room for at least one byte".to_owned());
        }
        None
    }
}
