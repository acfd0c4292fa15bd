//! A record on its way in.

use bytes::Bytes;
use metering::wire::{RecordRef, WireError, decode_ref};

/// A record as the log has it.
#[derive(Debug, Clone, Copy)]
pub struct LogRecordRef<'a> {
    /// Its offset in its partition.
    pub offset: i64,
    /// When the log took it, milliseconds since 1970, by the log's clock.
    pub appended_ms: i64,
    /// As appended.
    pub key: &'a Bytes,
    /// As appended.
    pub value: &'a Bytes,
}

/// A record as the log has it, and what it says.
#[derive(Debug, Clone)]
pub struct Decoded<'a> {
    pub(crate) record: LogRecordRef<'a>,
    pub(crate) body: Result<RecordRef<'a>, WireError>,
}

impl<'a> Decoded<'a> {
    /// Decodes and checks. What is wrong with a record is its owner's to report, in order.
    pub fn new(record: LogRecordRef<'a>) -> Self {
        Decoded { record, body: decode_ref(record.key, record.value) }
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A reading that was not known before is counted.
    Counted,
    /// A reading with another value than before: the difference is counted.
    Corrected,
    /// The same as what is known already: nothing changes.
    Duplicate,
    /// A redriven reading that a newer one has replaced: nothing changes.
    Superseded,
    /// A registration.
    Registered,
    /// A generation of the log begins.
    GenerationBegins,
    /// It can't be counted.
    Dead(metering::DeadReason),
}
