//! Tests of the whole engine.

mod contract;
mod corruption;
mod disk;
mod log;
mod store;
mod support;

use engine::{Document, DocumentStore, PipelineStore, ReadingLog};
use metering::Position;

use crate::{EmbeddedConfig, EmbeddedDocuments, EmbeddedEngine, KEYS, OpenError};
use support::{config, envelope, heads, plan};

#[tokio::test]
async fn what_was_written_is_there_after_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    engine.log().append((0..100).map(|n| envelope(&format!("m{n}"), n)).collect()).await.unwrap();
    let before = heads(&*engine.log()).await;
    assert_eq!(before.iter().sum::<i64>(), 104, "100 records and 4 markers");
    engine.store().flush(&plan(0, "m1", 1)).await.unwrap();
    let document = Document { id: "a".into(), body: b"1".to_vec() };
    engine.documents().put_documents("x", vec![document]).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);

    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    assert_eq!(heads(&*engine.log()).await, before);
    assert_eq!(engine.store().progress(1).await.unwrap(), [Some(Position::new(1, 1))]);
    assert_eq!(engine.documents().document("x", "a").await.unwrap(), Some(b"1".to_vec()));
    let usage = engine.disk_usage();
    assert!(usage.log_bytes > 0 && usage.store_bytes > 0 && usage.free_bytes > 0);
    assert!(usage.total_bytes > usage.log_bytes + usage.store_bytes);
}

#[tokio::test]
async fn a_second_one_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    let Err(error) = EmbeddedEngine::open(dir.path(), config()) else { panic!("it opened") };
    assert!(
        matches!(error, OpenError::InUse { pid: Some(pid), serves: None, .. } if pid == std::process::id())
    );
    // One that serves says where, for who wants to ask it instead.
    for address in ["127.0.0.1:12345", "[::]:80"] {
        engine.serves(address.parse().unwrap());
        let Err(error) = EmbeddedEngine::open(dir.path(), config()) else { panic!("it opened") };
        let said = match error {
            OpenError::InUse { serves: Some(said), .. } => said.to_string(),
            other => panic!("{other}"),
        };
        assert_eq!(said, address);
    }
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    // A stop gives the directory back, even while someone still holds a part.
    let log = engine.log();
    engine.close().await.unwrap();
    EmbeddedEngine::open(dir.path(), config()).unwrap();
    assert!(log.append(vec![envelope("m", 1)]).await.is_err(), "it is closed");
}

#[tokio::test]
async fn what_others_could_read_is_closed_and_what_is_not_ours_is_left() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let dir = home.path().join("data");
    drop(EmbeddedEngine::open(&dir, config()).unwrap());
    let segment = dir.join("log/0000000001.segment");
    assert!(segment.exists(), "{:?}", std::fs::read_dir(dir.join("log")).unwrap().collect::<Vec<_>>());
    assert_eq!((mode(&dir), mode(&dir.join("log")), mode(&segment)), (0o700, 0o700, 0o600));
    for (path, open) in [(&dir, 0o755), (&dir.join("store"), 0o770), (&segment, 0o664)] {
        set(path, open);
    }
    drop(EmbeddedEngine::open(&dir, config()).unwrap());
    assert_eq!((mode(&dir), mode(&dir.join("store")), mode(&segment)), (0o700, 0o700, 0o600));
    // In a directory with other things, those and the directory stay as they are.
    let other = dir.join("letter");
    std::fs::write(&other, "not ours").unwrap();
    for (path, open) in [(&dir, 0o755), (&other, 0o644), (&segment, 0o644)] {
        set(path, open);
    }
    drop(EmbeddedEngine::open(&dir, config()).unwrap());
    assert_eq!((mode(&dir), mode(&other), mode(&segment)), (0o755, 0o644, 0o600));
}

#[tokio::test]
async fn settings_that_make_no_sense_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let open = |partitions| EmbeddedEngine::open(dir.path(), EmbeddedConfig { partitions, ..config() });
    for (partitions, says) in [(0, "allowed are 1 to 64"), (65, "allowed are 1 to 64")] {
        let Err(error) = open(partitions) else { panic!("it opened") };
        assert!(error.to_string().contains(says), "{error}");
    }
    drop(open(2).unwrap());
    let Err(error) = open(3) else { panic!("it opened") };
    assert!(error.to_string().contains("was made with 2 partitions, 3 are asked for"), "{error}");
}

#[tokio::test]
async fn keys_are_shared_with_a_process_that_has_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    let key = |id: &str, body: &str| Document { id: id.to_owned(), body: body.as_bytes().to_vec() };
    // Before there is a server at all.
    let apart = EmbeddedDocuments::keys_only(dir.path()).unwrap();
    apart.put_documents(KEYS, vec![key("a", "1")]).await.unwrap();
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    let server = engine.documents();
    assert_eq!(server.documents(KEYS).await.unwrap(), [key("a", "1")]);
    // While it runs.
    apart.put_documents(KEYS, vec![key("b", "2"), key("a", "3")]).await.unwrap();
    assert_eq!(server.documents(KEYS).await.unwrap(), [key("a", "3"), key("b", "2")]);
    apart.remove_document(KEYS, "a").await.unwrap();
    assert_eq!(server.document(KEYS, "a").await.unwrap(), None);
    server.put_documents(KEYS, vec![key("c", "4")]).await.unwrap();
    assert_eq!(apart.document(KEYS, "c").await.unwrap(), Some(b"4".to_vec()));
    assert!(apart.documents("other").await.is_err(), "only keys");
}

#[tokio::test]
async fn a_directory_whose_making_was_interrupted_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(EmbeddedEngine::open(dir.path(), config()).unwrap());
    // As if the process had died before the directory was declared to be one.
    crate::files::write_sealed(&dir.path().join("unfinished"), "directory", b"").unwrap();
    std::fs::remove_file(dir.path().join("meta")).unwrap();
    std::fs::remove_file(dir.path().join("log/segments")).unwrap();
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    engine.log().append(vec![envelope("m", 1)]).await.unwrap();
    assert!(!dir.path().join("unfinished").exists());
}
