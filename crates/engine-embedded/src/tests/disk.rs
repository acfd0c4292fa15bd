//! A disk that is really full: a small file system in memory, mounted for the test. That takes the
//! rights of root; without them the test fails, for it has not shown anything.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use engine::{AppendError, Document, DocumentStore, PipelineStore, ReadingLog};
use tempfile::TempDir;

use super::support::{config, envelope, everything, heads, plan};
use crate::{EmbeddedConfig, EmbeddedEngine};

struct SmallDisk {
    dir: TempDir,
}

impl SmallDisk {
    fn new(megabytes: u32) -> SmallDisk {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).status();
        assert!(mounted.is_ok_and(|status| status.success()), "this test mounts a tmpfs, as root");
        SmallDisk { dir }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn filler(&self) -> PathBuf {
        self.dir.path().join("filler")
    }

    /// Takes all the space that is left.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.filler()).unwrap();
        let error = std::io::copy(&mut std::io::repeat(1), &mut file).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).status();
    }
}

fn is_full(answer: Result<(), AppendError>) -> bool {
    match answer {
        Ok(()) => false,
        Err(AppendError::Unavailable { retry_after, .. }) if !retry_after.is_zero() => true,
        Err(other) => panic!("{other}"),
    }
}

/// Appends until the disk is full; returns how many calls were taken.
async fn append_until_full(engine: &EmbeddedEngine) -> i64 {
    for call in 0..1_000_000 {
        let records = (0..200).map(|n| envelope(&format!("meter-{}", n % 10), n)).collect();
        if is_full(engine.log().append(records).await) {
            return call;
        }
    }
    panic!("the disk never was full");
}

async fn nothing_acknowledged_is_lost(dir: &Path, config: &EmbeddedConfig, taken: i64) {
    let engine = EmbeddedEngine::open(dir, config.clone()).unwrap();
    assert_eq!(heads(&*engine.log()).await.iter().sum::<i64>(), 4 + 200 * taken);
    let everything = everything(&engine).await;
    assert_eq!(everything.log.iter().map(|partition| partition.len() as i64).sum::<i64>(), 4 + 200 * taken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_refuses_appends_and_goes_on_when_there_is_some() {
    let disk = SmallDisk::new(24);
    let config = EmbeddedConfig { segment_bytes: 2 << 20, ..config() };
    let engine = EmbeddedEngine::open(disk.data(), config.clone()).unwrap();
    let mut taken = append_until_full(&engine).await;
    assert!(taken > 100, "{taken}");
    assert_eq!(heads(&*engine.log()).await.iter().sum::<i64>(), 4 + 200 * taken);
    // It stays so, without harm, until something makes room.
    for _ in 0..20 {
        assert!(is_full(engine.log().append(vec![envelope("m", 1); 2000]).await));
    }
    let engine = reopen_larger(engine, &disk, &config).await;
    for n in 0..50 {
        let records = vec![envelope("m", n); 200];
        engine.log().append(records).await.unwrap();
        taken += 1;
    }
    engine.close().await.unwrap();
    drop(engine);
    nothing_acknowledged_is_lost(&disk.data(), &config, taken).await;
}

/// Makes room under a running engine.
async fn reopen_larger(engine: EmbeddedEngine, disk: &SmallDisk, _: &EmbeddedConfig) -> EmbeddedEngine {
    let grown = Command::new("mount").args(["-o", "remount,size=64m"]).arg(disk.dir.path()).status();
    assert!(grown.is_ok_and(|status| status.success()));
    engine
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reserve_is_left_to_the_store() {
    let disk = SmallDisk::new(48);
    let config = EmbeddedConfig { segment_bytes: 2 << 20, disk_reserve_bytes: 16 << 20, ..config() };
    let engine = EmbeddedEngine::open(disk.data(), config.clone()).unwrap();
    assert_eq!(engine.log().refuses().await, None);
    let taken = append_until_full(&engine).await;
    // It is known without another try.
    let why = engine.log().refuses().await.expect("it refuses");
    assert!(why.contains("the disk is nearly full"), "{why}");
    let usage = engine.disk_usage();
    assert!(usage.free_bytes > 10 << 20, "{usage:?}");
    // The store can still be written, in full.
    let head = engine.log().head(0).await.unwrap();
    for offset in 1..300.min(head) {
        engine.store().flush(&plan(0, "m", offset)).await.unwrap();
    }
    engine.store().write_out().await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    nothing_acknowledged_is_lost(&disk.data(), &config, taken).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_can_not_be_written_says_so_and_goes_on_when_it_can() {
    let disk = SmallDisk::new(48);
    let config = EmbeddedConfig { memtable_bytes: 64 << 10, ..config() };
    let engine = EmbeddedEngine::open(disk.data(), config.clone()).unwrap();
    engine.log().append((0..20_000).map(|n| envelope("meter-1", n)).collect()).await.unwrap();
    let partition = metering::wire::partition_of(b"meter-1", 4);
    let document = |id: &str| vec![Document { id: id.to_owned(), body: vec![1; 100] }];
    engine.documents().put_documents("x", document("before")).await.unwrap();
    disk.fill();
    let store = engine.store();
    let mut offset = 1;
    // Memory takes some; then it is full as well, and says so.
    let refused = loop {
        match store.flush(&plan(partition, "meter-1", offset)).await {
            Ok(()) => offset += 1,
            Err(error) => break error,
        }
        assert!(offset < 20_000, "it was never refused");
    };
    assert!(matches!(&refused, engine::StoreError::Unavailable(why) if why.contains("tree")), "{refused}");
    let not_now = engine.documents().put_documents("x", document("not")).await;
    assert!(matches!(not_now, Err(engine::StoreError::Unavailable(_))), "{not_now:?}");
    assert!(is_full(engine.log().append(vec![envelope("m", 1); 5000]).await));
    let before = everything(&engine).await;

    disk.free();
    let last = offset + 500;
    while offset < last {
        match store.flush(&plan(partition, "meter-1", offset)).await {
            Ok(()) => offset += 1,
            Err(engine::StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(other) => panic!("{other}"),
        }
    }
    engine.documents().put_documents("x", document("after")).await.unwrap();
    engine.log().append(vec![envelope("m", 1)]).await.unwrap();
    engine.store().compact().await.unwrap();
    let after = everything(&engine).await;
    assert_ne!(before, after);
    engine.close().await.unwrap();
    drop((engine, store));
    let engine = EmbeddedEngine::open(disk.data(), config).unwrap();
    assert_eq!(everything(&engine).await, after);
    assert_eq!(engine.documents().document("x", "not").await.unwrap(), None);
    assert!(engine.documents().document("x", "before").await.unwrap().is_some());
    // Nothing that failed is left lying about.
    let tables = std::fs::read_dir(disk.data().join("store/tree/tables")).unwrap().count() as u64;
    assert!(tables < 20, "{tables} tables");
}
