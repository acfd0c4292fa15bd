//! Tests of the whole engine.

mod support;

use engine::{Document, DocumentStore, PipelineStore, ReadingLog};
use metering::Position;

use crate::{EmbeddedEngine, OpenError};
use support::{config, envelope, plan};

#[tokio::test]
async fn what_was_written_is_there_after_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    let log = engine.log();
    log.append((0..100).map(|n| envelope(&format!("m{n}"), n)).collect()).await.unwrap();
    let heads: Vec<i64> = futures(&*log).await;
    assert_eq!(heads.iter().sum::<i64>(), 104, "100 records and 4 markers");
    engine.store().flush(&plan(0, "m1", 1)).await.unwrap();
    engine
        .documents()
        .put_documents("x", vec![Document { id: "a".into(), body: b"1".to_vec() }])
        .await
        .unwrap();
    engine.close().await.unwrap();
    drop((engine, log));

    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    assert_eq!(futures(&*engine.log()).await, heads);
    assert_eq!(engine.store().progress(1).await.unwrap(), [Some(Position::new(1, 1))]);
    assert_eq!(engine.documents().document("x", "a").await.unwrap(), Some(b"1".to_vec()));
    let first = engine.log().read(0, 0, 10).await.unwrap();
    assert_eq!(first[0].offset, 0);
    assert!(first[0].key.is_empty());
}

async fn futures(log: &dyn ReadingLog) -> Vec<i64> {
    let mut heads = Vec::new();
    for partition in 0..log.partitions() {
        heads.push(log.head(partition).await.unwrap());
    }
    heads
}

#[tokio::test]
async fn a_second_one_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let _engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    let Err(error) = EmbeddedEngine::open(dir.path(), config()) else { panic!("it opened") };
    assert!(matches!(error, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
}
