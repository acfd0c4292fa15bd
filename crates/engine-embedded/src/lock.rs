//! One process at a time.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::{OpenError, private};

/// Held while a process works in a directory. The system takes it back when the process ends, however
/// it ends, so there is never a stale one. The file says who to look for: the process's number in its first
/// line, and in the second one, if the process serves, where.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    pub(crate) fn take(dir: &Path) -> Result<DirectoryLock, OpenError> {
        let path = dir.join("lock");
        let mut file = private::options()
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
                let _ = file.read_to_string(&mut text);
                let mut lines = text.lines();
                let pid = lines.next().and_then(|line| line.trim().parse().ok());
                let serves = lines.next().and_then(|line| line.trim().parse().ok());
                return Err(OpenError::InUse { dir: dir.to_owned(), pid, serves });
            }
            Err(std::fs::TryLockError::Error(e)) => return Err(OpenError::io("lock it", &path)(e)),
        }
        let lock = DirectoryLock { file };
        lock.say(&format!("{}\n", std::process::id()));
        Ok(lock)
    }

    /// Says to who finds the directory in use that this process serves, and where.
    pub(crate) fn serves(&self, address: SocketAddr) {
        self.say(&format!("{}\n{address}\n", std::process::id()));
    }

    fn say(&self, text: &str) {
        // A full disk must not keep anyone from starting to make room: what it says is a courtesy.
        let _ =
            self.file.write_all_at(text.as_bytes(), 0).and_then(|()| self.file.set_len(text.len() as u64));
    }

    /// Gives it back before the last handle is gone.
    pub(crate) fn release(&self) {
        let _ = self.file.unlock();
    }
}
