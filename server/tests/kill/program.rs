//! The program, set up so that kills meet everything that it does.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::oracle::{Readings, read_export};
use crate::support::program::{Settings, ended, said, wattmap};

/// Everything happens often: files of the log end after a second's load and are soon dropped, the store is
/// written to disk several times in a life, and what is quiet is packed at once.
pub(crate) const SETTINGS: Settings<'_> = &[
    ("WATTMAP_SEGMENT_KB", "64"),
    ("WATTMAP_LOG_LIMIT_KB", "256"),
    ("WATTMAP_FLUSH_MS", "40"),
    ("WATTMAP_MEMTABLE_KB", "128"),
    ("WATTMAP_CHECKPOINT_MS", "100"),
    ("WATTMAP_PACK_AFTER_S", "0"),
    // What it says on stderr is of interest where it does not start.
    ("WATTMAP_LOG", "error"),
];

/// The program with these settings.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = wattmap(dir, args);
    command.envs(SETTINGS.iter().copied());
    command
}

/// Runs a command that has to succeed; what it printed.
fn run(dir: &Path, args: &[&str]) -> String {
    let output = ended(command(dir, args)).unwrap_or_else(|| panic!("{args:?} goes on and on"));
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Has the program recompute every aggregate from the stored readings.
pub(crate) fn replay(dir: &Path) {
    let said = run(dir, &["replay"]);
    assert!(said.contains(" 0 differ"), "{said}");
}

/// All stored readings.
pub(crate) fn exported_readings(dir: &Path) -> Readings {
    let out = dir.join("exported");
    run(dir, &["export", "readings", "--out", out.to_str().unwrap()]);
    let mut readings = Readings::new();
    for file in std::fs::read_dir(&out).unwrap() {
        read_export(&std::fs::read_to_string(file.unwrap().path()).unwrap(), &mut readings);
    }
    readings
}

fn files(dir: PathBuf) -> Vec<String> {
    let entries = std::fs::read_dir(&dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Segments of the log were begun and dropped, and tables of the store written and merged: or kills in
/// the middle of that were not tried.
pub(crate) fn assert_it_rolled_and_wrote(dir: &Path) {
    let numbers = |dir: PathBuf| -> Vec<u64> {
        files(dir).iter().filter_map(|name| name.split('.').next()?.parse().ok()).collect()
    };
    let segments = numbers(dir.join("data/log"));
    assert!(segments.iter().all(|&number| number > 5), "the log was never cut off behind: {segments:?}");
    let tables = numbers(dir.join("data/store/tree/tables"));
    let newest = tables.iter().max().copied().unwrap_or(0);
    assert!(newest > 50 && tables.len() < 40, "the store was hardly written or merged: {tables:?}");
}
