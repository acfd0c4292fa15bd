//! Every kind of file of a data directory, damaged: the program does not start, names the file, and leaves
//! everything as it is. A write that a kill cut off is no damage.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::OFTEN;
use super::sender::{Sender, assert_exact};
use crate::support::program::{ended, wattmap};
use crate::support::{Http, Program};

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

/// Copies a directory whole, empty directories included.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// A directory of a program that was killed after a while, or that was stopped.
async fn directory(stopped: bool) -> (tempfile::TempDir, Http, Vec<Sender>) {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), OFTEN).await;
    let http = program.http.clone();
    let mut sender = Sender::register("M", &http).await;
    for _ in 0..30 {
        assert_eq!(sender.send(&http).await.unwrap().status, 200);
    }
    http.settled().await;
    // The store has some of it on disk; the log keeps all.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(sender.send(&http).await.unwrap().status, 200);
    // Two small writes more, so that the newest file of the log has two at least.
    for _ in 0..2 {
        Sender::register("N", &http).await;
    }
    if stopped {
        assert_eq!(program.signal("-TERM").await.0.code(), Some(0));
    } else {
        program.kill();
    }
    (dir, http, vec![sender])
}

/// A file of one kind that counts. Of several the oldest: what stands at the end of the newest could be a
/// write that was cut off.
fn of_kind(files: &BTreeMap<PathBuf, Vec<u8>>, kind: &str) -> PathBuf {
    let fits = |name: &str| match kind {
        "segment" => name.ends_with(".segment"),
        // Older ones may be left over.
        "list of tables" => {
            let number = files[Path::new("store/tree/current")].first_chunk().unwrap();
            name == format!("store/tree/v{}", u64::from_le_bytes(*number))
        }
        "table" => name.starts_with("store/tree/tables/"),
        "key" => name.starts_with("keys/"),
        exact => name == exact,
    };
    let found = files.keys().find(|name| fits(name.to_str().unwrap()));
    found.unwrap_or_else(|| panic!("there is no file of the kind {kind}: {:?}", files.keys())).clone()
}

fn newest_segment(files: &BTreeMap<PathBuf, Vec<u8>>) -> PathBuf {
    files.keys().rfind(|name| name.extension().is_some_and(|end| end == "segment")).unwrap().clone()
}

/// Starts the program on a copy in which one file is damaged; it has to refuse, by name.
fn refused(original: &Path, name: &Path, damaged: Option<&[u8]>) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    copy(original, &data);
    match damaged {
        Some(content) => std::fs::write(data.join(name), content).unwrap(),
        None => std::fs::remove_file(data.join(name)).unwrap(),
    }
    let all = files(&data);
    let mut command = wattmap(dir.path(), &["run", "--listen", "127.0.0.1:0", "--simulate", "0"]);
    command.envs(OFTEN.iter().copied());
    let ended = ended(command);
    let ended = ended.unwrap_or_else(|| panic!("{} is damaged, and it started", name.display()));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{}: it started. {said}", name.display());
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains(name.to_str().unwrap()), "{} is not named: {said}", name.display());
    assert!(said.contains("can't be trusted"), "{said}");
    let after = files(&data);
    let names = all.keys().chain(after.keys());
    let changed: Vec<_> = names.filter(|name| all.get(*name) != after.get(*name)).collect();
    assert!(changed.is_empty(), "{}: it was refused, and changed are {changed:?}", name.display());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_stops_the_start_and_is_named() {
    let always = ["meta", "segment", "log/segments", "key", "store/tree/current", "list of tables"];
    for (stopped, more) in [(true, &["log/ending", "table"][..]), (false, &[])] {
        let (dir, ..) = directory(stopped).await;
        let data = dir.path().join("data");
        let files = files(&data);
        for kind in always.iter().chain(more).copied() {
            let name = of_kind(&files, kind);
            let content = &files[&name];
            let mut flipped = content.clone();
            flipped[content.len() / 2] ^= 4;
            refused(&data, &name, Some(&flipped));
            refused(&data, &name, Some(&content[..content.len() / 2]));
            // Who removes a key's file has removed the key; without the note of how it ended, a log that
            // was closed is like one that was not.
            if kind != "key" && kind != "log/ending" {
                refused(&data, &name, None);
            }
        }
        let newest = newest_segment(&files);
        assert_ne!(newest, of_kind(&files, "segment"), "there is only one segment");
        // In the first write of the newest segment, too: a whole one follows.
        let mut flipped = files[&newest].clone();
        let header = flipped.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        flipped[header + 20] ^= 4;
        refused(&data, &newest, Some(&flipped));
        if stopped {
            // It was closed: nothing at its end can be a write that was cut off.
            refused(&data, &newest, Some(&files[&newest][..files[&newest].len() - 1]));
        }
    }
}

/// Statistics are not in the log, and for some seconds only in their journal: what that has to hold is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_are_gone_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &[]).await;
    let http = program.http.clone();
    let bearer = format!("Bearer {}", http.keys.operator);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for (year, mean) in [(2018, 3500), (2019, 4000)] {
        let statistics = serde_json::json!({ "figures": [
            { "area": "E01000001", "year": year, "meters": 10, "total_kwh": 10 * mean, "mean_kwh": mean }
        ] });
        let path = format!("/api/v1/ops/statistics/{year}");
        let answer =
            http.send(axum::http::Method::PUT, &path, &headers, statistics.to_string()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    program.kill();
    let data = dir.path().join("data");
    let files = files(&data);
    let listing = Path::new("store/documents/listing");
    let journal = files.keys().find(|name| name.extension().is_some_and(|end| end == "documents")).unwrap();
    for name in [journal.as_path(), listing] {
        let content = &files[name];
        refused(&data, name, None);
        for damaged in [&[][..], &content[..content.len() / 2], &content[..content.len() - 1]] {
            refused(&data, name, Some(damaged));
        }
        refused(&data, name, Some(&vec![0; content.len()]));
    }
    // The beginning of a write that did not end is none that was acknowledged.
    let mut torn = files[journal].clone();
    torn.extend_from_within(..40);
    std::fs::write(data.join(journal), torn).unwrap();
    let program = Program::start_with(dir.path(), &[], &http.keys).await;
    let map = program.http.get("/api/v1/map?level=lsoa").await.json();
    let area = map["areas"].as_array().unwrap().iter().find(|area| area["code"] == "E01000001").unwrap();
    assert_eq!((area["status"].as_str(), area["value"].as_f64()), (Some("modelled"), Some(4000.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_was_cut_off_is_no_damage() {
    let (dir, http, senders) = directory(false).await;
    let data = dir.path().join("data");
    let original = dir.path().join("original");
    copy(&data, &original);
    let before = files(&data);
    let newest = newest_segment(&before);
    let content = &before[&newest];
    // What a write leaves that did not end: the beginning of a frame, or room that was not written yet.
    let header = content.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for tail in [&content[header..header + 40], &content[header..header + 3], &[0; 4096]] {
        let mut torn = content.clone();
        torn.extend_from_slice(tail);
        std::fs::remove_dir_all(&data).unwrap();
        copy(&original, &data);
        std::fs::write(data.join(&newest), torn).unwrap();
        let program = Program::start_with(dir.path(), OFTEN, &http.keys).await;
        assert_exact(&program.http, &senders).await;
        program.kill();
    }
}
