//! Where a record stands in its partition of the log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A record's position: compared generation first, because offsets mean nothing across logs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Counts recreations of the log and changes of its number of partitions, from 1.
    pub generation: u32,
    /// The record's offset in its partition, from 0; -1 stands before all of a generation.
    pub offset: i64,
}

impl Position {
    /// Before every record there is.
    pub const BEFORE_ALL: Position = Position { generation: 0, offset: -1 };

    /// A position.
    pub const fn new(generation: u32, offset: i64) -> Self {
        Position { generation, offset }
    }

    /// As one number that sorts the same way: the write timestamp of stores that resolve conflicts by
    /// one. `generation * 2^42 + offset + 1`, so that it is never negative.
    pub const fn stamp(self) -> i64 {
        ((self.generation as i64) << Self::OFFSET_BITS) + self.offset + 1
    }

    /// The position that has this stamp.
    pub const fn from_stamp(stamp: i64) -> Self {
        let offset = (stamp & ((1 << Self::OFFSET_BITS) - 1)) - 1;
        Position { generation: (stamp >> Self::OFFSET_BITS) as u32, offset }
    }

    /// Room for an offset in a stamp.
    const OFFSET_BITS: u32 = 42;
}

/// A stretch of the log's life with one number of partitions. Offsets of different ones are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// From 1.
    pub generation: u32,
    /// Partitions of the log in it.
    pub partitions: u32,
    /// What its markers carry, so that nobody else's pass for them. 0 in a log that no one else can write to.
    #[serde(default)]
    pub token: u64,
}

impl Default for Position {
    fn default() -> Self {
        Position::BEFORE_ALL
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.generation, self.offset)
    }
}
