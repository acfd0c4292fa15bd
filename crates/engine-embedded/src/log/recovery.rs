//! Making a log, and finding it again: every frame is read and checked before anything is served.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use metering::wire::Record;

use super::frame::{Bad, Chunk, Frame};
use super::listing::{Ending, Listing};
use super::segment::{self, Frames, Header, Segment};
use super::writer;
use crate::meta::Meta;
use crate::{OpenError, files, private};

/// A log as it was found.
pub(crate) struct Found {
    pub(crate) segments: VecDeque<Arc<Segment>>,
    pub(crate) next_sequence: u64,
    pub(crate) heads: Vec<i64>,
    pub(crate) newest_ms: i64,
    /// A write at the end that did not end before the process did. It is there until the store has been asked.
    torn: Option<TornTail>,
}

/// What stands behind the last whole frame.
struct TornTail {
    path: PathBuf,
    file: File,
    whole: u64,
    length: u64,
    bad: Bad,
}

/// Makes a log whose first frame holds every partition's generation marker, at offset 0.
pub(crate) fn create(dir: &Path, meta: &Meta, now_ms: i64) -> Result<(), OpenError> {
    let io = || OpenError::io("make the log", dir);
    private::create_dir_all(dir).map_err(io())?;
    let bases = vec![0; meta.partitions as usize];
    let header = Header { number: 1, generation: meta.generation, sequence: 0, bases: bases.clone() };
    let marker = Record::GenerationBegins(meta.generation()).encode();
    let mut chunk = Chunk::new(meta.partitions);
    for partition in 0..meta.partitions {
        chunk.push(partition, b"", &marker);
    }
    let frame = Frame::build(meta.salt, 0, now_ms, &bases, std::iter::once(&chunk));
    let (file, start) = writer::create_segment(dir, &header, meta.salt).map_err(io())?;
    writer::write_durably(&file, start, &frame.bytes).map_err(io())?;
    Listing { first: 1, last: 1 }.write(dir).map_err(io())
}

/// Finds a log. Takes note of a torn tail; refuses everything else that is not as it was written. Removes leftovers, and changes nothing else.
pub(crate) fn recover(dir: &Path, meta: &Meta) -> Result<Found, OpenError> {
    let listing = Listing::read(dir)?;
    let ending = Ending::read(dir)?;
    remove_leftovers(dir, listing)?;
    let mut found = Found {
        segments: VecDeque::new(),
        next_sequence: 0,
        heads: vec![0; meta.partitions as usize],
        newest_ms: i64::MIN,
        torn: None,
    };
    for number in listing.first..=listing.last {
        let last = number == listing.last;
        recover_segment(dir, meta, number, last.then_some(ending.as_ref()), &mut found)?;
    }
    if let Some(ending) = ending {
        let path = segment::path(dir, listing.last);
        let bytes = found.segments.back().map_or(0, |segment| segment.len());
        if (ending.segment, ending.bytes, ending.next_sequence) != (listing.last, bytes, found.next_sequence)
        {
            return Err(OpenError::corrupt(
                path,
                format!(
                    "it ends at byte {bytes} before frame {}, but the log was closed in segment {} at byte {} before frame {}",
                    found.next_sequence, ending.segment, ending.bytes, ending.next_sequence
                ),
            ));
        }
    }
    Ok(found)
}

/// A segment that was made but not yet listed holds nothing; one that is no longer listed is done with.
fn remove_leftovers(dir: &Path, listing: Listing) -> Result<(), OpenError> {
    for entry in fs::read_dir(dir).map_err(OpenError::io("list it", dir))?.flatten() {
        let path = entry.path();
        let number =
            path.file_name().and_then(|name| name.to_str()?.strip_suffix(".segment")?.parse::<u64>().ok());
        if number.is_some_and(|number| !(listing.first..=listing.last).contains(&number)) {
            fs::remove_file(&path).map_err(OpenError::io("remove it", &path))?;
        }
    }
    Ok(())
}

fn recover_segment(
    dir: &Path,
    meta: &Meta,
    number: u64,
    last: Option<Option<&Ending>>,
    found: &mut Found,
) -> Result<(), OpenError> {
    let path = segment::path(dir, number);
    let corrupt = |problem: String| OpenError::corrupt(&path, problem);
    let file = match File::options().read(true).write(true).open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(corrupt("the file is missing: the log has a gap".to_owned()));
        }
        Err(e) => return Err(OpenError::io("open it", &path)(e)),
    };
    let io = || OpenError::io("read it", &path);
    let length = file.metadata().map_err(io())?.len();
    let (header, start) = Header::read(&file, meta.salt)
        .map_err(io())?
        .ok_or_else(|| corrupt("its first line is not that of a segment of this log".to_owned()))?;
    let first = found.segments.is_empty();
    if first && header.bases.len() == found.heads.len() {
        found.heads.clone_from(&header.bases);
        found.next_sequence = header.sequence;
    }
    if (header.number, header.generation) != (number, meta.generation)
        || header.bases != found.heads
        || header.sequence != found.next_sequence
    {
        return Err(corrupt("it does not continue the segment before it: the log has a gap".to_owned()));
    }
    let segment = Segment::new(path.clone(), header, start);
    let mut frames = Frames::new(file.try_clone().map_err(io())?, meta.salt, meta.partitions, start, length);
    while let Some(frame) = frames.next().map_err(io())? {
        match frame {
            Ok(frame) if frame.sequence == found.next_sequence && *frame.bases == *found.heads => {
                found.next_sequence += 1;
                found.heads.copy_from_slice(&frame.ends);
                found.newest_ms = found.newest_ms.max(frame.appended_ms);
                segment.extend(&frame);
            }
            Ok(frame) => {
                return Err(corrupt(format!(
                    "at byte {} stands frame {} where frame {} has to follow",
                    segment.len(),
                    frame.sequence,
                    found.next_sequence
                )));
            }
            Err(bad) => {
                if last != Some(None) {
                    return Err(corrupt(format!("the frame at byte {} is damaged", frames.at)));
                }
                found.torn = Some(torn_tail(file, &path, &frames, bad, length)?);
                break;
            }
        }
    }
    found.segments.push_back(Arc::new(segment));
    Ok(())
}

/// A write that did not end before the process or the machine did was never acknowledged. But it is
/// one only if nothing whole stands behind it: a group is written after the one before it is durable.
fn torn_tail(file: File, path: &Path, frames: &Frames, bad: Bad, length: u64) -> Result<TornTail, OpenError> {
    if let Some(next) = frames.any_after_bad().map_err(OpenError::io("read it", path))? {
        return Err(OpenError::corrupt(
            path,
            format!("the frame at byte {} is damaged, and a whole one follows it at byte {next}", frames.at),
        ));
    }
    Ok(TornTail { path: path.to_owned(), file, whole: frames.at, length, bad })
}

impl Found {
    /// Cuts a torn tail off, loudly: once [`check_progress`] has found that the store has seen nothing of it.
    pub(crate) fn cut_torn_tail(&mut self) -> Result<(), OpenError> {
        let Some(TornTail { path, file, whole, length, bad }) = self.torn.take() else { return Ok(()) };
        tracing::warn!(
            file = %path.display(), at = whole, bytes = length - whole, ?bad,
            "the log ends with an incomplete write, which is cut off. If the process was killed it was never acknowledged; \
             if the file was damaged since, the last readings are lost"
        );
        file.set_len(whole)
            .and_then(|()| file.sync_all())
            .map_err(OpenError::io("cut its torn end off", &path))
    }
}

/// The store must not be ahead of the log, and the log must still have what the store lacks.
pub(crate) fn check_progress(
    dir: &Path,
    meta: &Meta,
    found: &Found,
    progress: &[Option<metering::Position>],
) -> Result<(), OpenError> {
    let Some(first) = found.segments.front() else { return Ok(()) };
    for (partition, (&head, &base)) in found.heads.iter().zip(&first.header.bases).enumerate() {
        let next = match progress.get(partition).copied().flatten() {
            Some(at) if at.generation != meta.generation => {
                return Err(OpenError::corrupt(
                    dir,
                    format!(
                        "the store is at generation {} of a log of generation {}",
                        at.generation, meta.generation
                    ),
                ));
            }
            Some(at) => at.offset + 1,
            None => 0,
        };
        if next > head {
            return Err(OpenError::corrupt(
                found.segments.back().map_or(dir, |last| &last.path),
                format!(
                    "partition {partition} ends before offset {head}, but the store has seen offset {}",
                    next - 1
                ),
            ));
        }
        if next < base {
            return Err(OpenError::corrupt(
                &first.path,
                format!(
                    "partition {partition} begins at offset {base}, but the store has seen only what is before offset {next}"
                ),
            ));
        }
    }
    Ok(())
}

/// Removes what an earlier process left of writes that did not end.
pub(crate) fn remove_unfinished_files(dir: &Path) -> Result<(), OpenError> {
    for entry in fs::read_dir(dir).map_err(OpenError::io("list it", dir))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(".new-") {
            files::remove_if_there(&entry.path()).map_err(OpenError::io("remove it", entry.path()))?;
        }
    }
    Ok(())
}
