//! What a data directory is: written once, when it is made.

use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use metering::Generation;
use serde::{Deserialize, Serialize};

use crate::{OpenError, files};

const KIND: &str = "directory";

/// The directory's own facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// Partitions of the log.
    pub(crate) partitions: u32,
    /// The log's generation.
    pub(crate) generation: u32,
    /// Goes into every checksum of the log, so that no record's content can pass for a frame and no
    /// other directory's segment for one of ours.
    pub(crate) salt: u32,
    /// How keys are laid out in the store.
    #[serde(default)]
    layout: u32,
}

/// Since aggregates have editions. What was laid out otherwise would not be found, and be missing in silence.
const LAYOUT: u32 = 1;

fn path(dir: &Path) -> PathBuf {
    dir.join("meta")
}

/// There while a directory is being made: what is in it then was never promised to anyone.
fn unfinished(dir: &Path) -> PathBuf {
    dir.join("unfinished")
}

impl Meta {
    /// The log's only one: it is never given more partitions. No one but its owner writes to it.
    pub(crate) fn generation(&self) -> Generation {
        Generation { generation: self.generation, partitions: self.partitions, token: 0 }
    }

    /// Whether a directory is one, whole or not.
    pub(crate) fn is_in(dir: &Path) -> bool {
        path(dir).exists() || unfinished(dir).exists() || dir.join("log").exists()
    }

    /// Reads it. None for a directory that has to be made first.
    pub(crate) fn read(dir: &Path) -> Result<Option<Meta>, OpenError> {
        let path = path(dir);
        if let Some(body) = files::read_sealed(&path, KIND)? {
            let meta: Meta =
                serde_json::from_slice(&body).map_err(|e| OpenError::corrupt(&path, e.to_string()))?;
            if meta.layout != LAYOUT {
                return Err(OpenError::Config(format!(
                    "{} was made by another version of wattmap (layout {}, this one has {LAYOUT}): export it with that one",
                    dir.display(),
                    meta.layout
                )));
            }
            return Ok(Some(meta));
        }
        if unfinished(dir).exists() {
            for part in ["log", "store"] {
                let part = dir.join(part);
                if part.exists() {
                    fs::remove_dir_all(&part).map_err(OpenError::io("clear it", &part))?;
                }
            }
            return Ok(None);
        }
        match ["log", "store"].into_iter().map(|part| dir.join(part)).find(|part| part.exists()) {
            Some(part) => Err(OpenError::corrupt(
                path,
                format!("the file is missing, though there is {}", part.display()),
            )),
            None => Ok(None),
        }
    }

    /// Makes the directory's parts with `make`; only when all is durable does the directory count as one.
    pub(crate) fn create(
        dir: &Path,
        partitions: u32,
        make: impl FnOnce(&Meta) -> Result<(), OpenError>,
    ) -> Result<Meta, OpenError> {
        let io = OpenError::io("make the data directory", dir);
        let salt = std::hash::RandomState::new().build_hasher().finish() as u32;
        let meta = Meta { partitions, generation: 1, salt, layout: LAYOUT };
        files::write_sealed(&unfinished(dir), KIND, b"").map_err(io)?;
        make(&meta)?;
        let body = serde_json::to_vec(&meta).map_err(|e| OpenError::Config(e.to_string()))?;
        files::write_sealed(&path(dir), KIND, &body)
            .and_then(|()| files::remove_if_there(&unfinished(dir)))
            .and_then(|()| files::sync_dir(dir))
            .map_err(OpenError::io("make the data directory", dir))?;
        Ok(meta)
    }
}
