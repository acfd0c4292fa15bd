//! Files and directories that their owner alone may read: readings tell when somebody is at home.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

const FILE: u32 = 0o600;
const DIRECTORY: u32 = 0o700;

/// What a data directory holds.
const OURS: [&str; 6] = ["lock", "meta", "unfinished", "log", "store", "keys"];

/// From now on, whatever this process makes is its owner's alone, whichever library makes it: the tree's
/// tables, exported readings. For the whole process, so it is for `main` to call.
pub fn keep_new_files_private() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Options whose new files are private from their first moment.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE);
    options
}

/// Makes a directory, and those above it that are not there.
pub(crate) fn create_dir_all(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIRECTORY).create(dir)
}

/// Takes from everybody else what older versions, other masks or copies gave them: all of what a data
/// directory is known to hold, and the directory itself, which is nothing else.
pub(crate) fn tighten(dir: &Path) {
    for name in OURS {
        tighten_all(&dir.join(name));
    }
    // One that holds other things than ours, too, is left to its owner.
    let ours = |entry: fs::DirEntry| entry.file_name().to_str().is_some_and(|name| OURS.contains(&name));
    if fs::read_dir(dir).is_ok_and(|entries| entries.flatten().all(ours)) {
        tighten_one(dir);
    }
}

fn tighten_all(path: &Path) {
    let Ok(metadata) = path.symlink_metadata() else { return };
    if metadata.is_dir() {
        // From above: what is within is out of reach at once.
        tighten_one(path);
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            tighten_all(&entry.path());
        }
    } else if metadata.is_file() {
        tighten_one(path);
    }
}

fn tighten_one(path: &Path) {
    let tightened = fs::metadata(path).and_then(|metadata| {
        let allowed = if metadata.is_dir() { DIRECTORY } else { FILE };
        match metadata.mode() & 0o777 & !allowed {
            0 => Ok(()),
            _ => fs::set_permissions(path, Permissions::from_mode(metadata.mode() & allowed)),
        }
    });
    if let Err(error) = tightened {
        tracing::warn!(path = %path.display(), %error, "others may read this, and it can't be changed");
    }
}
