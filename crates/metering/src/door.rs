//! The door's own parser: what a request says, item by item, and what is wrong with it.
//!
//! A body that is not of the documented shape (bad JSON, a missing, unknown or mistyped field) is
//! malformed as a whole: [`DoorError::Malformed`] says at which line and column. A body of the right
//! shape is judged item by item: a wrong value costs the one reading, and [`Rejection`] says which
//! and why. Unknown fields are malformed rather than ignored: a misspelt one would be lost in silence.
//!
//! Pure: the clock and the limits come with [`Rules`].

mod code;
mod json;
mod meters;
mod readings;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use code::Code;
pub use json::place_behind;
pub use meters::ROOMS_MAX;

use crate::{AreaCode, Dwelling, MeterId, Reading, UtcSecond};

/// What a request's values are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What time it is.
    pub now: UtcSecond,
    /// How far beyond that a reading may end, seconds: senders' clocks differ.
    pub future_tolerance_s: i64,
    /// How long ago it may have begun, seconds.
    pub retention_s: i64,
    /// Items of one request at most.
    pub batch: usize,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One object with one list: `application/json`.
    Json,
    /// One item a line: `application/x-ndjson`. Blank lines are passed over and not counted.
    Lines,
}

/// What a body holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<T> {
    /// What may pass, in order, each with its index in the request.
    pub accepted: Vec<(u32, T)>,
    /// What may not, in order.
    pub rejected: Vec<Rejection>,
}

/// One item that may not pass, as the answer says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Which, from 0.
    pub index: u32,
    /// Why, for a program: a [`Code`].
    pub code: Cow<'static, str>,
    /// The field that is wrong.
    pub field: Cow<'static, str>,
    /// Why, for a person: the value and the rule.
    pub message: String,
}

/// The answer to a request that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// How many items are durable.
    pub accepted: u32,
    /// The others.
    pub rejected: Vec<Rejection>,
}

/// Why a body could not be understood at all. Nothing of it counts then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// Not of the documented shape.
    #[error("line {line}, column {column}: {message}")]
    Malformed {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// More items than one request may have.
    #[error("the request has more than {limit} {what}; send them in several requests")]
    TooMany {
        /// How many it may have.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
}

/// A registration whose place is yet to be found on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MeterDraft {
    /// Whose.
    pub meter: MeterId,
    /// Where.
    pub place: DraftPlace,
    /// What home.
    pub dwelling: Dwelling,
}

/// Where a registration says that its meter is.
#[derive(Debug, Clone, PartialEq)]
pub enum DraftPlace {
    /// In that area. Whether there is one is decided when the log is read, so that a replay decides the same.
    Area(AreaCode),
    /// At that point, in degrees of WGS84.
    Point {
        /// North.
        lat: f64,
        /// East.
        lon: f64,
    },
}

/// Parses and judges readings: `{"readings":[...]}` or one a line.
pub fn readings(body: &[u8], format: Format, rules: &Rules) -> Result<Batch<Reading>, DoorError> {
    json::batch::<readings::ReadingDraft<'_>>(body, format, rules)
}

/// Parses and judges registrations: `{"meters":[...]}` or one a line.
pub fn meters(body: &[u8], format: Format, rules: &Rules) -> Result<Batch<MeterDraft>, DoorError> {
    json::batch::<meters::RegistrationDraft<'_>>(body, format, rules)
}

/// Judges readings that are of the right shape already, as those that came in text: for whoever sends
/// without a request.
pub fn judge(readings: Vec<Reading>, rules: &Rules) -> Batch<Reading> {
    let mut batch = Batch { accepted: Vec::with_capacity(readings.len()), rejected: Vec::new() };
    for (index, reading) in (0_u32..).zip(readings) {
        match readings::check(&reading, rules) {
            Ok(()) => batch.accepted.push((index, reading)),
            Err(fault) => batch.rejected.push(fault.at(index)),
        }
    }
    batch
}

/// What is wrong with one item, before it has an index.
#[derive(Debug)]
struct Fault {
    code: Code,
    field: &'static str,
    message: String,
}

impl Fault {
    fn new(code: Code, field: &'static str, message: impl fmt::Display) -> Self {
        Fault { code, field, message: format!("{field} {message}") }
    }

    fn at(self, index: u32) -> Rejection {
        let Fault { code, field, message } = self;
        Rejection { index, code: code.into(), field: Cow::Borrowed(field), message }
    }
}

/// A value as a message quotes it: shortened, so that a long one does not come back in full.
fn quoted(value: &str) -> String {
    const LONGEST: usize = 40;
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", &value[..end]),
        None => format!("{value:?}"),
    }
}

/// A number as a message quotes it.
fn shortened(number: &str) -> &str {
    // Numbers are ASCII.
    &number[..number.len().min(40)]
}

#[cfg(test)]
mod tests;
