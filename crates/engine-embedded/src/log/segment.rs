//! A segment: one file of the log, a header and frames.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::frame::{Bad, Frame, LEAD};

/// A place is remembered this often, so that a reader reads little that it does not want.
const INDEX_EVERY_BYTES: u64 = 64 << 10;
/// Read at once: many small frames, or a part of a large one.
const READ_BYTES: usize = 256 << 10;

/// What stands before the frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The segment's number; its name in the directory follows from it.
    pub(crate) number: u64,
    /// The log's generation.
    pub(crate) generation: u32,
    /// The sequence of its first frame.
    pub(crate) sequence: u64,
    /// The partitions' first offsets in it.
    pub(crate) bases: Vec<i64>,
}

/// Where a segment's file is.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.segment"))
}

impl Header {
    /// One line of JSON with its checksum before it: `crc32c length json\n`.
    pub(crate) fn encode(&self, salt: u32) -> io::Result<Vec<u8>> {
        let json = serde_json::to_string(self)?;
        let sum = crc32c::crc32c_append(salt, json.as_bytes());
        Ok(format!("wattmap segment 1 {sum:08x} {json}\n").into_bytes())
    }

    /// The header that a file begins with, and its length.
    pub(crate) fn read(file: &File, salt: u32) -> io::Result<Option<(Header, u64)>> {
        let mut bytes = vec![0; 16 << 10];
        let read = read_up_to(file, 0, &mut bytes)?;
        bytes.truncate(read);
        let Some(line) = bytes.iter().position(|&b| b == b'\n') else { return Ok(None) };
        bytes.truncate(line + 1);
        let json = bytes.splitn(5, |&b| b == b' ').last().unwrap_or_default();
        let Ok(header) = serde_json::from_slice::<Header>(json) else { return Ok(None) };
        // As with sealed files: what it should be is made anew, so any changed byte shows.
        Ok((header.encode(salt)? == bytes).then_some((header, line as u64 + 1)))
    }
}

/// Reads until the buffer is full or the file ends.
fn read_up_to(file: &File, mut at: u64, mut buffer: &mut [u8]) -> io::Result<usize> {
    let mut total = 0;
    while !buffer.is_empty() {
        match file.read_at(buffer, at) {
            Ok(0) => break,
            Ok(read) => {
                total += read;
                at += read as u64;
                buffer = &mut buffer[read..];
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(total)
}

#[derive(Debug, Clone)]
struct Place {
    at: u64,
    appended_ms: i64,
    bases: Box<[i64]>,
}

/// A segment as readers see it: only what is durable.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    /// Where the frames begin.
    pub(crate) start: u64,
    /// Where the durable ones end.
    len: AtomicU64,
    index: Mutex<Vec<Place>>,
}

impl Segment {
    pub(crate) fn new(path: PathBuf, header: Header, start: u64) -> Segment {
        Segment { path, header, start, len: AtomicU64::new(start), index: Mutex::default() }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    /// A frame that begins at the segment's end is durable.
    pub(crate) fn extend(&self, frame: &Frame) {
        let at = self.len();
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.last().is_none_or(|last| at - last.at >= INDEX_EVERY_BYTES) {
            index.push(Place { at, appended_ms: frame.appended_ms, bases: frame.bases.clone() });
        }
        drop(index);
        self.len.store(at + frame.bytes.len() as u64, Ordering::Release);
    }

    /// Where to begin to read for an offset.
    pub(crate) fn place_of(&self, partition: u32, offset: i64) -> u64 {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let after = index.partition_point(|place| place.bases[partition as usize] <= offset);
        index[..after].last().map_or(self.start, |place| place.at)
    }

    /// No record of the partition from `offset` on in this segment was appended earlier.
    pub(crate) fn appended_at_or_after(&self, partition: u32, offset: i64) -> Option<i64> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let after = index.partition_point(|place| place.bases[partition as usize] <= offset);
        index[..after].last().or(index.first()).map(|place| place.appended_ms)
    }
}

/// Frames of a file, one after the other.
pub(crate) struct Frames {
    file: File,
    salt: u32,
    partitions: u32,
    /// Where the next one begins.
    pub(crate) at: u64,
    end: u64,
    buffer: Bytes,
}

impl Frames {
    /// From a place on, up to a length.
    pub(crate) fn new(file: File, salt: u32, partitions: u32, at: u64, end: u64) -> Frames {
        Frames { file, salt, partitions, at, end, buffer: Bytes::new() }
    }

    /// The next frame; None at the end. After something bad, `at` is where that begins.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<Frame, Bad>>> {
        if self.at >= self.end {
            return Ok(None);
        }
        self.fill(LEAD)?;
        let frame = match Frame::length(&self.buffer, self.partitions) {
            Ok(length) => {
                self.fill(length)?;
                Frame::read(&self.buffer, self.salt, self.partitions)
            }
            Err(bad) => Err(bad),
        };
        if let Ok(frame) = &frame {
            self.at += frame.bytes.len() as u64;
            self.buffer = self.buffer.slice(frame.bytes.len()..);
        }
        Ok(Some(frame))
    }

    /// Has `wanted` bytes in the buffer, or all that there are.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.buffer.len() >= wanted {
            return Ok(());
        }
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let mut bytes = vec![0; wanted.max(READ_BYTES).min(left)];
        let read = read_up_to(&self.file, self.at, &mut bytes)?;
        bytes.truncate(read);
        self.buffer = bytes.into();
        Ok(())
    }

    /// Whether a whole frame stands anywhere after a bad one: then that one is no torn tail.
    pub(crate) fn any_after_bad(&self) -> io::Result<Option<u64>> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left];
        let read = read_up_to(&self.file, self.at, &mut bytes)?;
        bytes.truncate(read);
        let bytes = Bytes::from(bytes);
        Ok((1..bytes.len())
            .find(|&at| Frame::read(&bytes.slice(at..), self.salt, self.partitions).is_ok())
            .map(|at| self.at + at as u64))
    }
}
