//! What makes documents durable at once. They are in the tree like everything else, but unlike
//! everything else they can't be had again from the log: so each write of documents goes into a small
//! journal first, which is done with when the tree has reached the disk.
//!
//! A journal is a row of files of frames as the log's, with one partition whose offset is the file's
//! number. As with the log: after a failure the file is cut back to what was durable, or left.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::log::frame::{Chunk, Frame};
use crate::log::segment::Frames;
use crate::{OpenError, files, private};

/// One change: a key, and its value unless it is removed.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

struct Open {
    file: File,
    len: u64,
    frames: u64,
    /// What was written last may be there in part.
    torn: bool,
}

pub(crate) struct Journal {
    dir: PathBuf,
    salt: u32,
    number: u64,
    open: Option<Open>,
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.documents"))
}

impl Journal {
    /// Reads what an earlier process left, oldest first, and begins a new file after it.
    pub(crate) fn recover(dir: &Path, salt: u32) -> Result<(Journal, Vec<Change>), OpenError> {
        let mut numbers: Vec<u64> = fs::read_dir(dir)
            .map_err(OpenError::io("list it", dir))?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".documents")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let mut changes = Vec::new();
        for (n, &number) in numbers.iter().enumerate() {
            let path = path(dir, number);
            if n > 0 && numbers[n - 1] + 1 != number {
                return Err(OpenError::corrupt(path, "the file before it is missing"));
            }
            read_file(&path, salt, number, n + 1 == numbers.len(), &mut changes)?;
        }
        let number = numbers.last().map_or(1, |last| last + 1);
        Ok((Journal { dir: dir.to_owned(), salt, number, open: None }, changes))
    }

    /// Makes changes durable. Whatever happens, they are all there or none is.
    pub(crate) fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        self.mend()?;
        let mut chunk = Chunk::new(1);
        for (key, value) in changes {
            let mut tagged = vec![u8::from(value.is_some())];
            tagged.extend_from_slice(value.as_deref().unwrap_or_default());
            chunk.push(0, key, &tagged);
        }
        let (number, salt) = (self.number as i64, self.salt);
        let open = self.open()?;
        let frame = Frame::build(salt, open.frames, 0, &[number], std::iter::once(&chunk));
        open.torn = true;
        open.file.write_all_at(&frame.bytes, open.len)?;
        open.file.sync_data()?;
        open.torn = false;
        open.len += frame.bytes.len() as u64;
        open.frames += 1;
        Ok(())
    }

    /// Cuts off what a failed write left, and goes on in a new file: what the system holds of the old
    /// one's end is not trusted any more.
    fn mend(&mut self) -> io::Result<()> {
        if let Some(open) = self.open.as_ref().filter(|open| open.torn) {
            open.file.set_len(open.len)?;
            open.file.sync_all()?;
            self.open = None;
            self.number += 1;
        }
        Ok(())
    }

    fn open(&mut self) -> io::Result<&mut Open> {
        if let Some(ref mut open) = self.open {
            return Ok(open);
        }
        let path = path(&self.dir, self.number);
        let file = private::options().read(true).write(true).create(true).truncate(true).open(path)?;
        files::sync_dir(&self.dir)?;
        Ok(self.open.insert(Open { file, len: 0, frames: 0, torn: false }))
    }

    /// What follows goes into a new file. Returns the number of the last one before it. A file whose
    /// end is torn is gone on with until that is mended, for only the last one may have a torn end.
    pub(crate) fn rotate(&mut self) -> u64 {
        match &self.open {
            Some(open) if !open.torn => {
                self.open = None;
                self.number += 1;
            }
            _ => {}
        }
        self.number - 1
    }

    /// The tree has everything in the files up to this one.
    pub(crate) fn remove_through(dir: &Path, last: u64) -> io::Result<()> {
        let mut numbers: Vec<u64> = fs::read_dir(dir)?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".documents")?.parse().ok())
            .filter(|&number| number <= last)
            .collect();
        // The oldest first: what is left, if this ends early, has no gap.
        numbers.sort_unstable();
        numbers.into_iter().try_for_each(|number| files::remove_if_there(&path(dir, number)))
    }
}

fn read_file(
    path: &Path,
    salt: u32,
    number: u64,
    last: bool,
    changes: &mut Vec<Change>,
) -> Result<(), OpenError> {
    let io = || OpenError::io("read it", path);
    let file = File::options().read(true).write(true).open(path).map_err(io())?;
    let length = file.metadata().map_err(io())?.len();
    let mut frames = Frames::new(file.try_clone().map_err(io())?, salt, 1, 0, length);
    let mut expected = 0;
    while let Some(frame) = frames.next().map_err(io())? {
        let frame = match frame {
            Ok(frame) if frame.sequence == expected && *frame.bases == [number as i64] => frame,
            Ok(_) => return Err(OpenError::corrupt(path, format!("frame {expected} is missing"))),
            Err(bad) => {
                let after = frames.any_after_bad().map_err(io())?;
                if !last || after.is_some() {
                    return Err(OpenError::corrupt(
                        path,
                        format!("the frame at byte {} is damaged", frames.at),
                    ));
                }
                tracing::warn!(file = %path.display(), at = frames.at, bytes = length - frames.at, ?bad,
                    "the last write of documents did not end before the process did; it is cut off");
                file.set_len(frames.at).and_then(|()| file.sync_all()).map_err(io())?;
                break;
            }
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
