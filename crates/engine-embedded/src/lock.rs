//! One process at a time.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::OpenError;

/// Held while a process works in a directory. The system takes it back when the process ends, however
/// it ends, so there is never a stale one; the number in the file only tells who to look for.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    pub(crate) fn take(dir: &Path) -> Result<DirectoryLock, OpenError> {
        let path = dir.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(OpenError::io("open it", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(OpenError::InUse { dir: dir.to_owned(), pid });
            }
            Err(std::fs::TryLockError::Error(e)) => return Err(OpenError::io("lock it", &path)(e)),
        }
        // A full disk must not keep anyone from starting to make room: the number is a courtesy.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
        Ok(DirectoryLock { file })
    }

    /// Gives it back before the last handle is gone.
    pub(crate) fn release(&self) {
        let _ = self.file.unlock();
    }
}
