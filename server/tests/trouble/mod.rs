//! Trouble, and the real program in it: a disk that is full, files that are damaged, a directory or a port
//! that somebody has, signals under load. Nothing that was acknowledged is lost, and each says what is wrong.

use crate::support::program::Settings;

mod damage;
mod disk;
mod killed;
mod sender;
mod signals;
mod taken;

/// Files of the log and tables of the store come often, so that there are several of every kind.
const OFTEN: Settings<'_> = &[
    ("WATTMAP_SEGMENT_KB", "32"),
    ("WATTMAP_FLUSH_MS", "40"),
    ("WATTMAP_MEMTABLE_KB", "256"),
    ("WATTMAP_CHECKPOINT_MS", "100"),
    ("WATTMAP_LOG", "error"),
];
