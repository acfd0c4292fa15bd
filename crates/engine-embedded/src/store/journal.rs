//! What makes documents durable at once. They are in the tree like everything else, but unlike
//! everything else they can't be had again from the log: so each write of documents goes into a small
//! journal first, which is done with when the tree has reached the disk.
//!
//! A journal is a row of files of frames as the log's, with one partition whose offset is the file's
//! number, and a *listing*: which files there have to be, and how long each is. A write counts when the
//! listing has it. So a file that is gone, or shorter than it was, is missed; and bytes behind what is
//! listed are those of a write that nobody was told of, and of nothing else.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::log::frame::{Chunk, FRAME_BYTES_MAX, Frame};
use crate::log::recovery::remove_unfinished_files;
use crate::log::segment::Frames;
use crate::{OpenError, files, private};

/// One change: a key, and its value unless it is removed.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// What the listing says that it is.
const KIND: &str = "documents";
/// What a frame has besides its changes, at most.
const FRAME_LEAD_MAX: usize = 1 << 10;

/// A file that has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    number: u64,
    /// It is at least so long; what follows was never acknowledged.
    bytes: u64,
}

struct Open {
    file: File,
    len: u64,
    frames: u64,
}

pub(crate) struct Journal {
    dir: PathBuf,
    salt: u32,
    /// Of the file that is open, or will be next.
    number: u64,
    open: Option<Open>,
    /// As it was written last, oldest file first.
    listed: Vec<Listed>,
    /// Writing the listing failed: on disk there may be the one before it, or the one that failed.
    in_doubt: bool,
    /// A write failed: there may be bytes that no listing has, and that take space.
    leftovers: bool,
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.documents"))
}

fn listing_path(dir: &Path) -> PathBuf {
    dir.join("listing")
}

fn write_listing(dir: &Path, listed: &[Listed]) -> io::Result<()> {
    files::write_sealed(&listing_path(dir), KIND, &serde_json::to_vec(listed)?)
}

fn read_listing(dir: &Path) -> Result<Vec<Listed>, OpenError> {
    let path = listing_path(dir);
    let body =
        files::read_sealed(&path, KIND)?.ok_or_else(|| OpenError::corrupt(&path, "the file is missing"))?;
    serde_json::from_slice(&body).map_err(|e| OpenError::corrupt(path, e.to_string()))
}

/// The numbers of the files that are there, the oldest first.
fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = fs::read_dir(dir)?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".documents")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

impl Journal {
    /// Makes one without documents.
    pub(crate) fn create(dir: &Path) -> Result<(), OpenError> {
        private::create_dir_all(dir)
            .and_then(|()| write_listing(dir, &[]))
            .map_err(OpenError::io("make it", dir))
    }

    /// Reads what an earlier process left, oldest first. Changes nothing where anything is damaged; else
    /// what was never acknowledged goes, and so do files that are done with.
    pub(crate) fn recover(dir: &Path, salt: u32) -> Result<(Journal, Vec<Change>), OpenError> {
        let listed = read_listing(dir)?;
        let mut changes = Vec::new();
        for file in &listed {
            read_file(&path(dir, file.number), salt, *file, &mut changes)?;
        }
        remove_unfinished_files(dir)?;
        remove_unlisted(dir, &listed).map_err(OpenError::io("remove what was never acknowledged", dir))?;
        let number = listed.last().map_or(1, |last| last.number + 1);
        let dir = dir.to_owned();
        let journal = Journal { dir, salt, number, open: None, listed, in_doubt: false, leftovers: false };
        Ok((journal, changes))
    }

    /// Makes changes durable. Whatever happens, they are all there or none is.
    pub(crate) fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        self.settle()?;
        let appended = self.try_append(changes);
        if appended.is_err() {
            // What the system holds of this file's end is not trusted any more, and need not be: it is
            // not listed. What follows goes into a new file.
            self.rotate();
            self.leftovers = true;
            // If that can't be done now, the next write does it first.
            let _ = self.settle();
        }
        appended
    }

    /// After a failure: brings the listing on disk in line with what was acknowledged, and then the files
    /// with the listing. A disk that is full gets back what the write had taken.
    fn settle(&mut self) -> io::Result<()> {
        if self.in_doubt {
            self.list(self.listed.clone())?;
        }
        if self.leftovers {
            remove_unlisted(&self.dir, &self.listed)?;
            self.leftovers = false;
        }
        Ok(())
    }

    fn try_append(&mut self, changes: &[Change]) -> io::Result<()> {
        let mut chunk = Chunk::new(1);
        for (key, value) in changes {
            let mut tagged = vec![u8::from(value.is_some())];
            tagged.extend_from_slice(value.as_deref().unwrap_or_default());
            chunk.push(0, key, &tagged);
        }
        if chunk.len() > FRAME_BYTES_MAX - FRAME_LEAD_MAX {
            return Err(io::Error::other(format!("{} bytes are more than one write may have", chunk.len())));
        }
        let (number, salt) = (self.number, self.salt);
        let open = self.open()?;
        let frame = Frame::build(salt, open.frames, 0, &[number as i64], std::iter::once(&chunk));
        open.file.write_all_at(&frame.bytes, open.len)?;
        open.file.sync_data()?;
        open.len += frame.bytes.len() as u64;
        open.frames += 1;
        let listed = Listed { number, bytes: open.len };
        let others = self.listed.iter().copied().filter(|file| file.number != number);
        self.list(others.chain([listed]).collect())
    }

    fn list(&mut self, listed: Vec<Listed>) -> io::Result<()> {
        if let Err(error) = write_listing(&self.dir, &listed) {
            // One that did not even take the name of the last one can't be what a crash leaves.
            let replaced = read_listing(&self.dir).ok().is_none_or(|found| found != self.listed);
            self.in_doubt |= replaced;
            return Err(error);
        }
        (self.listed, self.in_doubt) = (listed, false);
        Ok(())
    }

    fn open(&mut self) -> io::Result<&mut Open> {
        if let Some(ref mut open) = self.open {
            return Ok(open);
        }
        let path = path(&self.dir, self.number);
        let file = private::options().read(true).write(true).create(true).truncate(true).open(path)?;
        // Before it is listed: a file that is must be there.
        files::sync_dir(&self.dir)?;
        Ok(self.open.insert(Open { file, len: 0, frames: 0 }))
    }

    /// What follows goes into a new file. Returns the number of the last one before it.
    pub(crate) fn rotate(&mut self) -> u64 {
        if self.open.take().is_some() {
            self.number += 1;
        }
        self.number - 1
    }

    /// The tree has everything in the files up to this one.
    pub(crate) fn forget_through(&mut self, last: u64) -> io::Result<()> {
        let kept: Vec<Listed> = self.listed.iter().copied().filter(|file| file.number > last).collect();
        // The listing first: a file that it names, even one that is in doubt, must be there.
        if kept.len() < self.listed.len() || self.in_doubt {
            self.list(kept)?;
        }
        let done = numbers(&self.dir)?.into_iter().filter(|&number| number <= last);
        done.into_iter().try_for_each(|number| files::remove_if_there(&path(&self.dir, number)))
    }
}

/// Bytes that the listing does not have are those of a write that failed, or did not end before the
/// process did; files that it does not have are the same, or done with.
fn remove_unlisted(dir: &Path, listed: &[Listed]) -> io::Result<()> {
    for file in listed {
        let path = path(dir, file.number);
        let open = File::options().write(true).open(&path)?;
        let length = open.metadata()?.len();
        if length > file.bytes {
            tracing::warn!(file = %path.display(), at = file.bytes, bytes = length - file.bytes,
                "a write of documents did not end; its unacknowledged bytes are cut off");
            open.set_len(file.bytes)?;
            open.sync_all()?;
        }
    }
    let unlisted = |number: &u64| !listed.iter().any(|file| file.number == *number);
    let mut numbers = numbers(dir)?.into_iter().filter(unlisted);
    numbers.try_for_each(|number| files::remove_if_there(&path(dir, number)))
}

fn read_file(path: &Path, salt: u32, listed: Listed, changes: &mut Vec<Change>) -> Result<(), OpenError> {
    let io = || OpenError::io("read it", path);
    let corrupt = |problem: String| Err(OpenError::corrupt(path, problem));
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return corrupt("the file is missing, and the documents that it had".to_owned());
        }
        other => other.map_err(io())?,
    };
    let length = file.metadata().map_err(io())?.len();
    if length < listed.bytes {
        return corrupt(format!("it has {length} bytes of the {} that were written", listed.bytes));
    }
    let mut frames = Frames::new(file, salt, 1, 0, listed.bytes);
    let mut expected = 0;
    while let Some(frame) = frames.next().map_err(io())? {
        let frame = match frame {
            Ok(frame) if frame.sequence == expected && *frame.bases == [listed.number as i64] => frame,
            Ok(_) => return corrupt(format!("frame {expected} is missing")),
            Err(_) => return corrupt(format!("the frame at byte {} is damaged", frames.at)),
        };
        expected += 1;
        let mut records = Vec::new();
        frame.records(0, i64::MIN, usize::MAX, &mut records);
        for record in records {
            let change = record.value.split_first().map(|(&tag, value)| (tag == 1).then(|| value.to_vec()));
            let value = change.ok_or_else(|| OpenError::corrupt(path, "a change without a value"))?;
            changes.push((record.key.to_vec(), value));
        }
    }
    Ok(())
}
