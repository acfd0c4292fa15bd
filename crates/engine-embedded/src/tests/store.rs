//! The store's own: packing, the end of retention, crashes between checkpoints.

use std::time::Duration;

use engine::{FigureStore, PipelineStore, RawQuery, ReadingLog};
use metering::UtcSecond;

use super::support::{config, copy, envelope, everything, files, plan};
use crate::{EmbeddedConfig, EmbeddedEngine};

/// A store whose memory is written out only when asked to.
fn patient() -> EmbeddedConfig {
    EmbeddedConfig { checkpoint_every: Duration::from_secs(3600), memtable_bytes: 64 << 20, ..config() }
}

async fn log_with(engine: &EmbeddedEngine, records: i64) {
    engine
        .log()
        .append((0..records).flat_map(|n| (0..8).map(move |m| envelope(&format!("m{m}"), n))).collect())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_crash_takes_it_back_to_a_checkpoint_whole() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), patient()).unwrap();
    log_with(&engine, 100).await;
    for offset in 1..30 {
        engine.store().flush(&plan(0, "a", offset)).await.unwrap();
    }
    engine.store().write_out().await.unwrap();
    let checkpoint = everything(&engine).await;
    for offset in 30..60 {
        engine.store().flush(&plan(0, "a", offset)).await.unwrap();
        engine.store().flush(&plan(1, "b", offset)).await.unwrap();
    }
    assert_ne!(everything(&engine).await, checkpoint);
    drop(engine);
    let engine = EmbeddedEngine::open(dir.path(), patient()).unwrap();
    assert_eq!(everything(&engine).await, checkpoint);
    // What is decided again is as if nothing had been.
    for offset in 30..60 {
        engine.store().flush(&plan(0, "a", offset)).await.unwrap();
    }
    assert_eq!(engine.store().progress(2).await.unwrap()[0].unwrap().offset, 59);
}

#[tokio::test]
async fn packing_changes_nothing_but_the_size() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), patient()).unwrap();
    log_with(&engine, 1000).await;
    for offset in 1..600 {
        engine.store().flush(&plan(0, "a", offset)).await.unwrap();
    }
    engine.store().write_out().await.unwrap();
    let (before, large) = (everything(&engine).await, engine.disk_usage().store_bytes);
    engine.store().compact().await.unwrap();
    assert_eq!(everything(&engine).await, before);
    let small = engine.disk_usage().store_bytes;
    assert!(small < large, "{small} of {large} bytes");
    // And once more, with some that came later.
    for offset in 600..700 {
        engine.store().flush(&plan(0, "a", offset)).await.unwrap();
    }
    let before = everything(&engine).await;
    engine.store().compact().await.unwrap();
    assert_eq!(everything(&engine).await, before);
    engine.close().await.unwrap();
    drop(engine);
    assert_eq!(everything(&EmbeddedEngine::open(dir.path(), patient()).unwrap()).await, before);
}

#[tokio::test]
async fn readings_past_their_retention_go() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), patient()).unwrap();
    let store = engine.store();
    for offset in 1..400 {
        store.flush(&plan(0, "a", offset)).await.unwrap();
    }
    let query = RawQuery { meter: "a".parse().unwrap(), from: UtcSecond(0), to: UtcSecond(1 << 33) };
    let all = store.raw(std::slice::from_ref(&query)).await.unwrap().remove(0);
    let middle = all[200].interval.start().window().day();
    let span = store.span().await.unwrap();
    store.remove_raw_before(middle).await.unwrap();
    let left = store.raw(&[query]).await.unwrap().remove(0);
    let expected: Vec<_> =
        all.into_iter().filter(|one| one.interval.start().window().day() >= middle).collect();
    assert_eq!(left, expected);
    assert_eq!(store.span().await.unwrap(), span, "aggregates stay");
}

/// A write that failed is not there, the next one is, and the files fit the listing, wherever it ends.
#[tokio::test]
async fn a_write_of_documents_that_failed_leaves_nothing_behind() {
    use engine::{Document, DocumentStore, StoreError};
    let dir = tempfile::tempdir().unwrap();
    let document = |id: &str| vec![Document { id: id.to_owned(), body: vec![1; 100] }];
    let engine = EmbeddedEngine::open(dir.path(), patient()).unwrap();
    let documents = engine.documents();
    let listing = dir.path().join("store/documents/listing");
    let aside = dir.path().join("store/documents/aside");
    // Crashes are copies of what is there at the moment.
    let after_a_crash = async || {
        let crashed = tempfile::tempdir().unwrap();
        copy(dir.path(), crashed.path());
        let engine = EmbeddedEngine::open(crashed.path(), patient()).unwrap();
        let found = engine.documents().documents("x").await.unwrap();
        found.into_iter().map(|document| document.id).collect::<Vec<_>>().join(" ")
    };
    documents.put_documents("x", document("a")).await.unwrap();
    assert_eq!(after_a_crash().await, "a");
    let first = dir.path().join("store/documents/0000000001.documents");
    let length = first.metadata().unwrap().len();
    for (failing, next, all) in [("b", "c", "a c"), ("d", "e", "a c e")] {
        // Nothing can take the place of a directory.
        std::fs::rename(&listing, &aside).unwrap();
        std::fs::create_dir(&listing).unwrap();
        let failed = documents.put_documents("x", document(failing)).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
        assert_eq!(documents.document("x", failing).await.unwrap(), None);
        std::fs::remove_dir(&listing).unwrap();
        std::fs::rename(&aside, &listing).unwrap();
        assert!(!after_a_crash().await.contains(failing));
        documents.put_documents("x", document(next)).await.unwrap();
        assert_eq!(after_a_crash().await, all);
        // What the write that failed had taken is free again.
        assert_eq!(first.metadata().unwrap().len(), length);
    }
    engine.store().write_out().await.unwrap();
    assert_eq!(after_a_crash().await, "a c e");
    let left = files(&dir.path().join("store/documents"));
    assert_eq!(left, [std::path::PathBuf::from("listing")]);
    documents.put_documents("x", document("f")).await.unwrap();
    assert_eq!(after_a_crash().await, "a c e f");
}

/// What nobody changes is not written again, whatever is in it.
#[tokio::test]
async fn an_idle_engine_writes_nothing() {
    use engine::{Document, DocumentStore};
    let dir = tempfile::tempdir().unwrap();
    let often = EmbeddedConfig { checkpoint_every: Duration::from_millis(50), ..config() };
    let often = EmbeddedConfig { pack_after_quiet: Duration::from_millis(100), ..often };
    let engine = EmbeddedEngine::open(dir.path(), often).unwrap();
    log_with(&engine, 100).await;
    for offset in 1..30 {
        engine.store().flush(&plan(0, "a", offset)).await.unwrap();
    }
    let document = Document { id: "a".to_owned(), body: vec![1; 100] };
    engine.documents().put_documents("x", vec![document]).await.unwrap();
    let all = || -> Vec<_> {
        let written = |file: std::path::PathBuf| {
            let about = dir.path().join(&file).metadata().unwrap();
            (file, about.len(), about.modified().unwrap())
        };
        files(dir.path()).into_iter().map(written).collect()
    };
    // What there was to write out, to pack and to merge is done within some looks.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = all();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(all(), before);
}

#[tokio::test]
async fn documents_are_durable_before_any_checkpoint() {
    use engine::{Document, DocumentStore};
    let dir = tempfile::tempdir().unwrap();
    for round in 0..6_u8 {
        let engine = EmbeddedEngine::open(dir.path(), patient()).unwrap();
        let documents = engine.documents();
        for earlier in 0..round {
            let stored = documents.document("x", &earlier.to_string()).await.unwrap();
            assert_eq!(
                stored,
                (earlier != 2 || round < 3).then(|| vec![earlier]),
                "{earlier} in round {round}"
            );
        }
        documents
            .put_documents("x", vec![Document { id: round.to_string(), body: vec![round] }])
            .await
            .unwrap();
        if round == 2 {
            documents.remove_document("x", "2").await.unwrap();
        }
        if round == 3 {
            engine.store().write_out().await.unwrap();
        }
        drop((engine, documents));
    }
}
