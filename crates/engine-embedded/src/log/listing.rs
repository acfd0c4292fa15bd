//! Which segments there are, and how the log ended when it was closed: two small sealed files.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{OpenError, files};

/// The segments `first..=last` and no others belong to the log. Kept apart from the directory's own
/// listing, so that a file that went missing is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Where the log ended when it was closed. With it, nothing at the end passes for a torn write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ending {
    pub(crate) segment: u64,
    pub(crate) bytes: u64,
    pub(crate) next_sequence: u64,
}

fn read<T: for<'de> Deserialize<'de>>(dir: &Path, name: &str, kind: &str) -> Result<Option<T>, OpenError> {
    let path = dir.join(name);
    files::read_sealed(&path, kind)?
        .map(|body| serde_json::from_slice(&body).map_err(|e| OpenError::corrupt(path, e.to_string())))
        .transpose()
}

impl Listing {
    pub(crate) fn read(dir: &Path) -> Result<Self, OpenError> {
        read(dir, "segments", "segments")?
            .ok_or_else(|| OpenError::corrupt(dir.join("segments"), "the file is missing"))
    }

    pub(crate) fn write(self, dir: &Path) -> io::Result<()> {
        files::write_sealed(&dir.join("segments"), "segments", &serde_json::to_vec(&self)?)
    }
}

impl Ending {
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, OpenError> {
        read(dir, "ending", "ending")
    }

    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        files::write_sealed(&dir.join("ending"), "ending", &serde_json::to_vec(self)?)
    }

    /// Before anything is appended.
    pub(crate) fn remove(dir: &Path) -> io::Result<()> {
        files::remove_if_there(&dir.join("ending"))?;
        files::sync_dir(dir)
    }
}
