//! Why an accepted, durable record could not be counted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The reason of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DeadReason {
    /// No registration of the meter precedes the reading.
    UnknownMeter = 1,
    /// A registration names an area that the geography does not have at its finest level.
    UnknownArea = 2,
    /// The reading covers time that a stored reading of another start covers.
    Overlap = 3,
    /// Not a record, or one that the door would have refused.
    Undecodable = 4,
    /// In a partition that is not its meter's.
    Misrouted = 5,
    /// Older than the retention when it was appended.
    BeyondRetention = 6,
}

impl DeadReason {
    /// All of them.
    pub const ALL: [DeadReason; 6] = [
        Self::UnknownMeter,
        Self::UnknownArea,
        Self::Overlap,
        Self::Undecodable,
        Self::Misrouted,
        Self::BeyondRetention,
    ];

    /// As it is written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownMeter => "unknown_meter",
            Self::UnknownArea => "unknown_area",
            Self::Overlap => "overlap",
            Self::Undecodable => "undecodable",
            Self::Misrouted => "misrouted",
            Self::BeyondRetention => "beyond_retention",
        }
    }

    /// From its number on the wire.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1..=6 => Some(Self::ALL[number as usize - 1]),
            _ => None,
        }
    }
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
