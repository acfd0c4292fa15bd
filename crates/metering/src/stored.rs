//! What the store keeps, in the words of the protocol. The pipeline decides it, an engine writes it.
//!
//! Everything here is a version or carries its stamp: a write is the truth *as of its position*, so
//! the last write by position wins and no writer has to be fenced.

use bytes::Bytes;

use crate::{
    AggregateRow, AreaCode, DeadReason, Dwelling, Energy, Interval, MeterId, Place, Position, UtcSecond,
    Window,
};

/// One accepted value of one reading. Immutable: a correction is a further version with a later
/// position. Key: (meter, start, position).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawVersion {
    /// Whose.
    pub meter: MeterId,
    /// When.
    pub interval: Interval,
    /// The record that said so.
    pub at: Position,
    /// How much.
    pub energy: Energy,
    /// The area it was counted in.
    pub area: AreaCode,
}

/// One registration of a meter. Key: (meter, position).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationVersion {
    /// Whose.
    pub meter: MeterId,
    /// The record that said so.
    pub at: Position,
    /// Where.
    pub area: AreaCode,
    /// What home.
    pub dwelling: Dwelling,
}

/// What makes the fast path possible; the truth as of `at`, and until it is advanced. Key: meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hint {
    /// The last record that advanced it.
    pub at: Position,
    /// No accepted reading of the meter ends later. Between two windows (but in older stores), and never shrinks.
    pub end: UtcSecond,
}

/// An accepted record that could not be counted. Key: (partition, position).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The log's partition.
    pub partition: u32,
    /// Where in it.
    pub at: Position,
    /// Why.
    pub reason: DeadReason,
    /// What exactly was wrong, for a person.
    pub detail: String,
    /// The log's append time, milliseconds since 1970.
    pub appended_ms: i64,
    /// The record's key: of one that is longer, the first [`RECORD_BYTES_MAX`](crate::wire::RECORD_BYTES_MAX) bytes.
    pub key: Bytes,
    /// The record's value, likewise.
    pub value: Bytes,
}

/// What one meter's decisions need to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeterState {
    /// The hint, if there is one.
    pub hint: Option<Hint>,
    /// All registrations, in order of position.
    pub registrations: Vec<RegistrationVersion>,
}

/// One partition's row of one place, with its place: also what the live topic carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedRow {
    /// Where.
    pub place: Place,
    /// The row as of its `through`.
    pub row: AggregateRow,
}

/// A home that changed one of some rows in part: by less than a half-hour, or by a correction. A home that covers a whole
/// half-hour more or less shows in what is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HomeChange {
    /// Which of the rows.
    pub row: u32,
    /// The home: [`MeterId::number`].
    pub home: u32,
    /// The last position at which it did.
    pub at: Position,
}

/// Keeps, of versions in order of (meter, start, position), the last one of each meter and start.
pub fn keep_last(versions: &mut Vec<RawVersion>) {
    versions.reverse();
    versions.dedup_by(|before, after| {
        (&before.meter, before.interval.start()) == (&after.meter, after.interval.start())
    });
    versions.reverse();
}

/// A stretch of windows: where a partition has aggregate rows, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// The first.
    pub first: Window,
    /// The last. Before the first where there are none.
    pub last: Window,
}

impl Windows {
    /// None.
    pub const NONE: Windows = Windows { first: Window(i32::MAX), last: Window(i32::MIN) };
    /// All of time: what is said where nothing is known.
    pub const ALL: Windows = Windows { first: Window(i32::MIN), last: Window(i32::MAX) };

    /// Whether one is among them.
    pub fn contain(self, window: Window) -> bool {
        (self.first..=self.last).contains(&window)
    }

    /// The shortest stretch with one more.
    #[must_use]
    pub fn with(self, window: Window) -> Self {
        Windows { first: self.first.min(window), last: self.last.max(window) }
    }
}

/// What one partition writes together. Everything but `progress` in any order; `progress` only when
/// all else is acknowledged. An engine with atomic batches writes it as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlushPlan {
    /// Whose.
    pub partition: u32,
    /// Aggregate rows, absolute. Key: (area, window, partition), stamp: `through`.
    pub rows: Vec<PlacedRow>,
    /// Accepted values.
    pub raw: Vec<RawVersion>,
    /// Registrations.
    pub registrations: Vec<RegistrationVersion>,
    /// Hints, stamp: `at`.
    pub hints: Vec<(MeterId, Hint)>,
    /// Dead letters.
    pub dead: Vec<DeadLetter>,
    /// The last position that all of this covers.
    pub progress: Position,
}

impl FlushPlan {
    /// One that writes nothing but progress.
    pub fn of_nothing(partition: u32, progress: Position) -> Self {
        FlushPlan {
            partition,
            rows: Vec::new(),
            raw: Vec::new(),
            registrations: Vec::new(),
            hints: Vec::new(),
            dead: Vec::new(),
            progress,
        }
    }
}
