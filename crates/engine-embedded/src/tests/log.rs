//! The log under failures of the disk, and what it forgets.

use std::io::Write;

use engine::{AppendError, LogError, PipelineStore, ReadingLog};
use metering::wire::partition_of;

use super::support::{config, envelope, files, heads, open_when_free, plan, records};
use crate::{EmbeddedConfig, EmbeddedEngine};

fn unavailable(answer: Result<(), AppendError>) {
    assert!(matches!(answer, Err(AppendError::Unavailable { .. })), "{answer:?}");
}

/// A failed write, a failed sync: refused, and what follows is as if it had not been tried.
#[tokio::test]
async fn what_the_disk_refuses_is_refused_and_what_follows_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    let log = engine.log();
    let mut kept = 0;
    for round in 0..20 {
        log.append(vec![envelope("m", round)]).await.unwrap();
        kept += 1;
        // The first operation of a group is its write, the second one its sync.
        log.fail_at(1 + round % 2);
        unavailable(log.append(vec![envelope("m", 1000 + round)]).await);
        assert_eq!(heads(&*log).await.iter().sum::<i64>(), 4 + kept, "nothing of it shows");
    }
    let segments =
        files(dir.path()).iter().filter(|file| file.extension().is_some_and(|e| e == "segment")).count();
    assert_eq!(
        segments, 10,
        "ten failed to sync: what follows each is in a new one, the last has nothing yet"
    );
    let before = records(&*log).await;
    engine.close().await.unwrap();
    drop((engine, log));
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    assert_eq!(records(&*engine.log()).await, before);
}

/// The same, and then the process dies before anything else is written.
#[tokio::test]
async fn a_crash_after_a_failed_write() {
    for operation in [1, 2] {
        let dir = tempfile::tempdir().unwrap();
        let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
        engine.log().append(vec![envelope("m", 1)]).await.unwrap();
        engine.log().fail_at(operation);
        unavailable(engine.log().append(vec![envelope("m", 2)]).await);
        let crashed = tempfile::tempdir().unwrap();
        super::support::copy(dir.path(), crashed.path());
        let engine = EmbeddedEngine::open(crashed.path(), config()).unwrap();
        let found: usize = records(&*engine.log()).await.iter().map(Vec::len).sum();
        // What failed to sync may be there: it was not acknowledged, and not denied either.
        assert!((5..=4 + operation as usize).contains(&found), "{found}");
        engine.log().append(vec![envelope("m", 3)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_torn_end_is_cut_off_and_gone_on_from() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..8_usize {
        let engine = open_when_free(dir.path()).await;
        for n in 0..10 {
            engine.log().append(vec![envelope("m", n)]).await.unwrap();
        }
        let before = records(&*engine.log()).await;
        drop(engine);
        let segment =
            files(dir.path()).into_iter().rfind(|file| file.extension().is_some_and(|e| e == "segment"));
        let path = dir.path().join(segment.unwrap());
        // Half of a frame, or bytes that are none.
        let content = std::fs::read(&path).unwrap();
        let torn = [
            &content[content.len() - 40..],
            &content[content.len() - 90..content.len() - 30],
            b"\0\0\0",
            b"rwam",
        ];
        std::fs::File::options().append(true).open(&path).unwrap().write_all(torn[round % 4]).unwrap();
        let engine = open_when_free(dir.path()).await;
        assert_eq!(records(&*engine.log()).await, before, "round {round}");
    }
}

#[tokio::test]
async fn old_segments_go_when_the_store_has_them_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let few =
        EmbeddedConfig { segment_bytes: 8 << 10, log_bytes_max: 32 << 10, tail_bytes_max: 0, ..config() };
    let engine = EmbeddedEngine::open(dir.path(), few.clone()).unwrap();
    let log = engine.log();
    let fill = async || {
        for n in 0..400 {
            log.append((0..6).map(|m| envelope(&format!("meter-{m}"), n)).collect()).await.unwrap();
        }
    };
    fill().await;
    assert!(engine.disk_usage().log_bytes > 2 * few.log_bytes_max, "nobody has committed");
    for (partition, head) in heads(&*log).await.into_iter().enumerate() {
        log.commit(partition as u32, head - 1).await.unwrap();
    }
    fill().await;
    assert_eq!(log.first(0).await.unwrap(), 0, "the store does not have them");
    for (partition, head) in heads(&*log).await.into_iter().enumerate() {
        engine.store().flush(&plan(partition as u32, "m", head - 1)).await.unwrap();
        log.commit(partition as u32, head - 1).await.unwrap();
    }
    engine.store().write_out().await.unwrap();
    fill().await;
    let first = log.first(0).await.unwrap();
    assert!(first > 0);
    assert!(matches!(log.read(0, 0, 1).await, Err(LogError::Gone { wanted: 0, first: f, .. }) if f == first));
    assert_eq!(log.read(0, first, 1).await.unwrap()[0].offset, first);
    let before = records(&*log).await;
    engine.close().await.unwrap();
    drop((engine, log));
    let engine = EmbeddedEngine::open(dir.path(), few).unwrap();
    assert_eq!(records(&*engine.log()).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_when_to_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let small = EmbeddedConfig { queue_bytes_max: 1000, ..config() };
    let engine = EmbeddedEngine::open(dir.path(), small).unwrap();
    let mut calls = Vec::new();
    for n in 0..200 {
        let log = engine.log();
        calls.push(tokio::spawn(async move { log.append(vec![envelope("m", n); 20]).await }));
    }
    let (mut taken, mut busy) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(()) => taken += 1,
            Err(AppendError::Busy { retry_after }) => {
                assert!(!retry_after.is_zero());
                busy += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(taken > 0 && busy > 0, "{taken} taken, {busy} busy");
    let partition = partition_of(b"m", 4);
    assert_eq!(engine.log().head(partition).await.unwrap(), 1 + 20 * taken, "what was refused is not there");
}

#[tokio::test]
async fn one_call_has_a_bound() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
    let mut record = envelope("m", 1);
    record.value = vec![0; 33 << 20].into();
    unavailable(engine.log().append(vec![record]).await);
    assert_eq!(heads(&*engine.log()).await, [1; 4]);
}
