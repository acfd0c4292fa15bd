//! Every file of a directory, damaged in every way: the start is refused with a sentence that names the
//! file, or nothing at all is different.

use std::path::Path;
use std::time::Duration;

use engine::{Document, DocumentStore, PipelineStore, ReadingLog};
use tempfile::TempDir;

use super::support::{Everything, config, copy, envelope, everything, files, plan};
use crate::{EmbeddedConfig, EmbeddedEngine, KEYS, OpenError};

/// Small enough to be opened a thousand times, with several of every kind of file.
fn small() -> EmbeddedConfig {
    EmbeddedConfig { segment_bytes: 8 << 10, ..config() }
}

async fn fill(dir: &Path, config: EmbeddedConfig) -> EmbeddedEngine {
    let engine = EmbeddedEngine::open(dir, config).unwrap();
    for round in 0..4_i64 {
        for n in 0..40 {
            engine.log().append((0..6).map(|m| envelope(&format!("meter-{m}"), n)).collect()).await.unwrap();
        }
        for partition in 0..4 {
            let head = engine.log().head(partition).await.unwrap();
            for offset in (head - 40).max(1)..head {
                engine.store().flush(&plan(partition, &format!("meter-{partition}"), offset)).await.unwrap();
            }
        }
        for kind in ["x", KEYS] {
            let document = Document { id: format!("{round}"), body: vec![7; 30] };
            engine.documents().put_documents(kind, vec![document]).await.unwrap();
        }
        engine.store().write_out().await.unwrap();
    }
    engine
}

/// Ways to damage a file's content. None: it is removed.
fn damages(content: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut damaged = vec![None, Some(Vec::new()), Some(content[..content.len() / 2].to_vec())];
    damaged.push(Some(content[..content.len().saturating_sub(1)].to_vec()));
    damaged.push(Some([content, b"\0"].concat()));
    damaged.push(Some([content, &content[..content.len() / 3]].concat()));
    // Every byte of a small file, some of a large one: its ends, and here and there.
    let step = (content.len() / 24).max(1);
    let ends = (0..content.len().min(16)).chain(content.len().saturating_sub(16)..content.len());
    for at in (0..content.len()).step_by(step).chain(ends) {
        let mut bytes = content.to_vec();
        bytes[at] ^= 1 << (at % 8);
        damaged.push(Some(bytes));
    }
    damaged
}

/// Opens a copy in which one file is damaged.
async fn open_damaged(dir: &Path, file: &Path, damaged: Option<&[u8]>) -> Result<Everything, OpenError> {
    // In memory, where there is such a place: thousands of directories are made.
    let memory = Path::new("/dev/shm");
    let scratch = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    copy(dir, scratch.path());
    match damaged {
        Some(bytes) => std::fs::write(scratch.path().join(file), bytes).unwrap(),
        None => std::fs::remove_file(scratch.path().join(file)).unwrap(),
    }
    let engine = EmbeddedEngine::open(scratch.path(), small())?;
    Ok(everything(&engine).await)
}

/// Damages every file in every way, and has `harmless` judge what opened all the same.
async fn check(dir: &TempDir, harmless: impl Fn(&Path, bool, &Everything) -> bool) -> (usize, usize) {
    let (mut refused, mut opened) = (0, 0);
    for file in files(dir.path()) {
        let content = std::fs::read(dir.path().join(&file)).unwrap();
        for damaged in damages(&content) {
            if damaged.as_ref() == Some(&content) {
                continue;
            }
            match open_damaged(dir.path(), &file, damaged.as_deref()).await {
                Ok(found) => {
                    opened += 1;
                    assert!(
                        harmless(&file, damaged.is_none(), &found),
                        "{} was damaged, and something else was served",
                        file.display()
                    );
                }
                Err(error) => {
                    refused += 1;
                    let name = file.file_name().unwrap().to_string_lossy();
                    let says = error.to_string();
                    assert!(says.contains(&*name) || damaged.is_none(), "{says}: it was {}", file.display());
                }
            }
        }
    }
    (refused, opened)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_clean_stop_no_damage_passes() {
    let dir = tempfile::tempdir().unwrap();
    let engine = fill(dir.path(), small()).await;
    let before = everything(&engine).await;
    engine.close().await.unwrap();
    drop(engine);
    let (refused, opened) = check(&dir, |file, removed, found| match file.to_str() {
        // Who removes a key's file has revoked the key: it opens nothing any more.
        Some(name) if name.starts_with("keys/") && removed => found.keys.len() + 1 == before.keys.len(),
        _ => *found == before,
    })
    .await;
    assert!(refused > 500, "{refused} refused, {opened} harmless");
}

/// After a crash the end of the log may be that of a write that never ended: then, and only there, the
/// last frame counts as never written. It can't be told from an acknowledged one that rotted since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_only_the_last_write_can_pass_for_torn() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    // Nothing is written out by itself: some documents are in their journal only.
    let patient = EmbeddedConfig { checkpoint_every: Duration::from_secs(3600), ..small() };
    let engine = fill(dir.path(), patient).await;
    for name in ["new", "newer", "0"] {
        let document = Document { id: name.to_owned(), body: vec![8; 50] };
        engine.documents().put_documents("x", vec![document]).await.unwrap();
    }
    let before = everything(&engine).await;
    engine.log().append(vec![envelope("meter-1", 999)]).await.unwrap();
    copy(dir.path(), crashed.path());
    let whole = everything(&engine).await;
    drop(engine);
    let segments: Vec<_> = files(crashed.path())
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "segment"))
        .collect();
    let last = segments.last().unwrap();
    let (refused, opened) = check(&crashed, |file, removed, found| match file.to_str() {
        Some(name) if name.starts_with("keys/") && removed => found.keys.len() + 1 == whole.keys.len(),
        // What the listing does not have is what a write that did not end has left.
        _ => *found == whole || (file == last && *found == before),
    })
    .await;
    assert!(files(crashed.path()).iter().any(|file| file.extension().is_some_and(|e| e == "documents")));
    assert!(refused > 500, "{refused} refused, {opened} harmless");
}

#[tokio::test]
async fn a_store_ahead_of_the_log_and_a_log_that_lacks_what_the_store_needs() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), small()).unwrap();
    engine.store().flush(&plan(2, "m", 5)).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    let Err(error) = EmbeddedEngine::open(dir.path(), small()) else { panic!("it opened") };
    let says = error.to_string();
    assert!(says.contains("segment") && says.contains("partition 2") && says.contains("offset 5"), "{says}");

    // The log of a directory with the store of one that has seen less.
    let (full, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let few = EmbeddedConfig { log_bytes_max: 16 << 10, ..small() };
    let engine = EmbeddedEngine::open(full.path(), few.clone()).unwrap();
    engine.close().await.unwrap();
    copy(full.path(), empty.path());
    drop(engine);
    let engine = EmbeddedEngine::open(full.path(), few.clone()).unwrap();
    for n in 0..400 {
        engine.log().append((0..6).map(|m| envelope(&format!("meter-{m}"), n)).collect()).await.unwrap();
        for partition in 0..4 {
            let head = engine.log().head(partition).await.unwrap();
            engine.log().commit(partition, head - 1).await.unwrap();
            if n % 100 == 99 {
                engine.store().flush(&plan(partition, "m", head - 1)).await.unwrap();
                engine.store().write_out().await.unwrap();
            }
        }
    }
    assert!(engine.log().first(0).await.unwrap() > 0, "old segments went");
    engine.close().await.unwrap();
    drop(engine);
    for file in files(full.path()).into_iter().filter(|file| file.starts_with("log")) {
        std::fs::copy(full.path().join(&file), empty.path().join(&file)).unwrap();
    }
    let Err(error) = EmbeddedEngine::open(empty.path(), few) else { panic!("it opened") };
    assert!(error.to_string().contains("begins at offset"), "{error}");
}

/// What is refused is left as it was found, and is named as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_shorter_than_the_store_has_seen_is_not_cut_further() {
    let dir = tempfile::tempdir().unwrap();
    let engine = fill(dir.path(), small()).await;
    engine.close().await.unwrap();
    drop(engine);
    std::fs::remove_file(dir.path().join("log/ending")).unwrap();
    let segments = files(&dir.path().join("log"));
    let last = segments.iter().rfind(|file| file.extension().is_some_and(|end| end == "segment")).unwrap();
    let last = dir.path().join("log").join(last);
    let length = last.metadata().unwrap().len() - 7;
    std::fs::File::options().write(true).open(&last).unwrap().set_len(length).unwrap();
    let error = EmbeddedEngine::open(dir.path(), small()).err().expect("it is refused").to_string();
    assert!(error.contains(&*last.canonicalize().unwrap().to_string_lossy()), "{error}");
    assert!(error.contains("the store has seen"), "{error}");
    assert_eq!(last.metadata().unwrap().len(), length);
}
