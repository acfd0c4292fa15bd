//! A frame: what one write of the log holds, for all partitions together.
//!
//! ```text
//! magic u32 | length u32 | crc32c u32 | sequence u64 | appended_ms i64 | records u32 | base i64 a partition
//! then a record: partition u8 | key length varint | value length varint | key | value
//! ```
//! Little-endian. `length` counts from `sequence` on; the checksum covers all of it and the length,
//! and begins with the directory's salt. Sequences are contiguous across segments, a record's offset
//! is its partition's base plus the number of that partition's records before it.

use bytes::Bytes;
use engine::LogRecord;

use crate::varint;

const MAGIC: u32 = 0x6d61_7277;
/// Magic, length and checksum.
pub(crate) const LEAD: usize = 12;
/// Sequence, time and number of records.
const FIXED: usize = 20;

/// No frame is longer: what says so is no frame. A group and one call's records fit several times.
pub(crate) const FRAME_BYTES_MAX: usize = 256 << 20;

/// What does not hold together about bytes that should be a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    /// The bytes end before the frame does.
    Short,
    /// Not a frame, or not the one that was written.
    Wrong,
}

/// Records on their way into a frame: one call's, encoded by the caller so that the writer only copies.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    counts: Vec<u32>,
}

impl Chunk {
    pub(crate) fn new(partitions: u32) -> Chunk {
        Chunk { bytes: Vec::new(), counts: vec![0; partitions as usize] }
    }

    pub(crate) fn push(&mut self, partition: u32, key: &[u8], value: &[u8]) {
        self.counts[partition as usize] += 1;
        self.bytes.push(partition as u8);
        varint::put(&mut self.bytes, key.len() as u64);
        varint::put(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// A whole frame, checked.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// All of it, as in the file.
    pub(crate) bytes: Bytes,
    pub(crate) sequence: u64,
    pub(crate) appended_ms: i64,
    /// A partition's first offset in it...
    pub(crate) bases: Box<[i64]>,
    /// ...and the one after its last.
    pub(crate) ends: Box<[i64]>,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

fn checksum(salt: u32, length: u32, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(salt, &length.to_le_bytes()), body)
}

impl Frame {
    /// Puts chunks together. `bases` are the partitions' next offsets.
    pub(crate) fn build<'a>(
        salt: u32,
        sequence: u64,
        appended_ms: i64,
        bases: &[i64],
        chunks: impl Iterator<Item = &'a Chunk> + Clone,
    ) -> Frame {
        let body: usize = chunks.clone().map(Chunk::len).sum();
        let mut bytes = Vec::with_capacity(LEAD + FIXED + 8 * bases.len() + body);
        let mut ends: Box<[i64]> = bases.into();
        for chunk in chunks.clone() {
            for (end, &count) in ends.iter_mut().zip(&chunk.counts) {
                *end += i64::from(count);
            }
        }
        let records: i64 = ends.iter().zip(bases).map(|(end, base)| end - base).sum();
        bytes.extend_from_slice(&MAGIC.to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&sequence.to_le_bytes());
        bytes.extend_from_slice(&appended_ms.to_le_bytes());
        bytes.extend_from_slice(&(records as u32).to_le_bytes());
        for base in bases {
            bytes.extend_from_slice(&base.to_le_bytes());
        }
        for chunk in chunks {
            bytes.extend_from_slice(&chunk.bytes);
        }
        let length = (bytes.len() - LEAD) as u32;
        let sum = checksum(salt, length, &bytes[LEAD..]);
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes[8..LEAD].copy_from_slice(&sum.to_le_bytes());
        Frame { bytes: bytes.into(), sequence, appended_ms, bases: bases.into(), ends }
    }

    /// How long the frame is whose first bytes these are, if they are a frame's.
    pub(crate) fn length(lead: &[u8], partitions: u32) -> Result<usize, Bad> {
        if lead.len() < LEAD {
            return Err(if MAGIC.to_le_bytes().starts_with(&lead[..lead.len().min(4)]) {
                Bad::Short
            } else {
                Bad::Wrong
            });
        }
        let length = u32_at(lead, 4) as usize;
        let least = FIXED + 8 * partitions as usize;
        if u32_at(lead, 0) != MAGIC || length < least || length > FRAME_BYTES_MAX {
            return Err(Bad::Wrong);
        }
        Ok(LEAD + length)
    }

    /// Reads and checks the frame that `bytes` begin with.
    pub(crate) fn read(bytes: &Bytes, salt: u32, partitions: u32) -> Result<Frame, Bad> {
        let length = Self::length(bytes, partitions)?;
        if bytes.len() < length {
            return Err(Bad::Short);
        }
        let bytes = bytes.slice(..length);
        if checksum(salt, (length - LEAD) as u32, &bytes[LEAD..]) != u32_at(&bytes, 8) {
            return Err(Bad::Wrong);
        }
        let bases: Box<[i64]> =
            (0..partitions as usize).map(|p| u64_at(&bytes, LEAD + FIXED + 8 * p) as i64).collect();
        let mut ends = bases.clone();
        let mut records = 0;
        for record in (Records { rest: &bytes[LEAD + FIXED + 8 * bases.len()..] }) {
            let (partition, ..) = record.ok_or(Bad::Wrong)?;
            *ends.get_mut(partition as usize).ok_or(Bad::Wrong)? += 1;
            records += 1;
        }
        if records != u32_at(&bytes, LEAD + 16) {
            return Err(Bad::Wrong);
        }
        let (sequence, appended_ms) = (u64_at(&bytes, LEAD), u64_at(&bytes, LEAD + 8) as i64);
        Ok(Frame { bytes, sequence, appended_ms, bases, ends })
    }

    /// Adds a partition's records from an offset on to `out`, until that holds `max`.
    pub(crate) fn records(&self, partition: u32, from: i64, max: usize, out: &mut Vec<LogRecord>) {
        let mut offset = self.bases[partition as usize];
        let records = Records { rest: &self.bytes[LEAD + FIXED + 8 * self.bases.len()..] };
        for (of, key, value) in records.flatten() {
            if u32::from(of) != partition {
                continue;
            }
            if offset >= from {
                if out.len() >= max {
                    return;
                }
                let (key, value) = (self.bytes.slice_ref(key), self.bytes.slice_ref(value));
                out.push(LogRecord { offset, passed_over: 0, appended_ms: self.appended_ms, key, value });
            }
            offset += 1;
        }
    }
}

/// The records of a frame's body. None within it: the bytes are no records.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Option<(u8, &'a [u8], &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.record();
        if record.is_none() {
            self.rest = &[];
        }
        Some(record)
    }
}

impl<'a> Records<'a> {
    fn record(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (&partition, rest) = self.rest.split_first()?;
        let mut rest = rest;
        let key = usize::try_from(varint::take(&mut rest)?).ok()?;
        let value = usize::try_from(varint::take(&mut rest)?).ok()?;
        let (key, rest) = rest.split_at_checked(key)?;
        let (value, rest) = rest.split_at_checked(value)?;
        self.rest = rest;
        Some((partition, key, value))
    }
}
