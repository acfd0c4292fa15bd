//! Every kind of file of a data directory, damaged: the program does not start, names the file, and leaves
//! everything as it is. A write that a kill cut off is no damage.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::program::{Http, Program, output};
use crate::sender::{Sender, assert_exact};

/// Files below a directory, but for the lock, which holds a number that nobody relies on.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![dir.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock") {
                let content = std::fs::read(&path).unwrap();
                found.insert(path.strip_prefix(dir).unwrap().to_owned(), content);
            }
        }
    }
    found
}

fn write(dir: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (name, content) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// A directory of a program that was killed after a while, or that was stopped.
async fn directory(stopped: bool) -> (tempfile::TempDir, Http, Vec<Sender>) {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &[]).await;
    let http = program.http.clone();
    let mut sender = Sender::register("M", &http).await;
    for _ in 0..30 {
        assert_eq!(sender.send(&http).await.unwrap().status, 200);
    }
    http.settled().await;
    // The store has some of it on disk; the log keeps all.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(sender.send(&http).await.unwrap().status, 200);
    if stopped {
        assert_eq!(program.signal("-TERM").await.0.code(), Some(0));
    } else {
        program.kill();
    }
    (dir, http, vec![sender])
}

/// The files of one kind; there have to be some.
fn of_kind<'f>(files: &'f BTreeMap<PathBuf, Vec<u8>>, kind: &str) -> Vec<&'f PathBuf> {
    let fits = |name: &str| match kind {
        "segment" => name.ends_with(".segment"),
        "list of tables" => name.starts_with("store/tree/v"),
        "table" => name.starts_with("store/tree/tables/"),
        "key" => name.starts_with("keys/"),
        exact => name == exact,
    };
    let found: Vec<_> = files.keys().filter(|name| fits(name.to_str().unwrap())).collect();
    assert!(!found.is_empty(), "there is no file of the kind {kind}: {:?}", files.keys());
    found
}

/// Starts the program on a copy in which one file is damaged; it has to refuse, by name.
fn refused(files_before: &BTreeMap<PathBuf, Vec<u8>>, name: &Path, damaged: Option<Vec<u8>>) {
    let dir = tempfile::tempdir().unwrap();
    let mut all = files_before.clone();
    match damaged {
        Some(content) => all.insert(name.to_owned(), content),
        None => all.remove(name),
    };
    let data = dir.path().join("data");
    write(&data, &all);
    let ended = output(dir.path(), &["run", "--listen", "127.0.0.1:0", "--simulate", "0"]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{}: it started. {said}", name.display());
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains(name.to_str().unwrap()), "{} is not named: {said}", name.display());
    assert!(said.contains("can't be trusted"), "{said}");
    assert!(files(&data) == all, "{}: it was refused, and something was changed", name.display());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_stops_the_start_and_is_named() {
    for (stopped, kinds) in [
        (
            true,
            [
                "meta",
                "segment",
                "log/segments",
                "log/ending",
                "store/tree/current",
                "list of tables",
                "table",
            ],
        ),
        (false, ["meta", "segment", "log/segments", "key", "store/tree/current", "list of tables", "table"]),
    ] {
        let (dir, ..) = directory(stopped).await;
        let files = files(&dir.path().join("data"));
        for kind in kinds {
            let some = of_kind(&files, kind);
            // The oldest one: what stands at the end of the newest could be a write that was cut off.
            let name = some[0];
            let content = &files[name];
            let mut flipped = content.clone();
            flipped[content.len() / 2] ^= 4;
            refused(&files, name, Some(flipped));
            refused(&files, name, Some(content[..content.len() / 2].to_vec()));
            // Who removes a key's file has removed the key; without the note of how it ended, a log that
            // was closed is like one that was not.
            if kind != "key" && kind != "log/ending" {
                refused(&files, name, None);
            }
        }
        let last = *of_kind(&files, "segment").last().unwrap();
        assert_ne!(last, of_kind(&files, "segment")[0], "there is only one segment");
        // In the middle of the newest segment, too: whole writes follow.
        let mut flipped = files[last].clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 4;
        refused(&files, last, Some(flipped));
        if stopped {
            // It was closed: nothing at its end can be a write that was cut off.
            let cut = files[last][..files[last].len() - 1].to_vec();
            refused(&files, last, Some(cut));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_was_cut_off_is_no_damage() {
    let (dir, http, senders) = directory(false).await;
    let data = dir.path().join("data");
    let before = files(&data);
    let last = *of_kind(&before, "segment").last().unwrap();
    let content = &before[last];
    // What a write leaves that did not end: the beginning of a frame, or room that was not written yet.
    let header = content.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for tail in [&content[header..header + 40], &content[header..header + 3], &[0; 4096]] {
        let mut torn = content.clone();
        torn.extend_from_slice(tail);
        std::fs::remove_dir_all(&data).unwrap();
        write(&data, &before);
        std::fs::write(data.join(last), torn).unwrap();
        let program = Program::start_again(dir.path(), &[], &http).await;
        assert_exact(&program.http, &senders).await;
        program.kill();
    }
}
