//! What a log must do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metering::wire::{self, Record, partition_of};

use super::{A_WHILE, Has, Reopen, soon};
use crate::{Envelope, LogError, LogRecord, ReadingLog};

type Log = dyn ReadingLog;

fn envelope(key: &str, value: impl Into<Vec<u8>>) -> Envelope {
    Envelope { key: Bytes::copy_from_slice(key.as_bytes()), value: Bytes::from(value.into()) }
}

/// All that a partition has.
async fn all(log: &Log, partition: u32) -> Vec<LogRecord> {
    let (mut next, head) = (log.first(partition).await.unwrap(), log.head(partition).await.unwrap());
    let mut records = Vec::new();
    while next < head {
        let some = soon(log.read(partition, next, 1000)).await.unwrap();
        assert!(!some.is_empty(), "a read returned nothing");
        for record in some {
            assert_eq!(record.offset, next, "a gap in partition {partition}");
            next += 1;
            records.push(record);
        }
    }
    records
}

/// All records but the markers, by key, in order.
async fn by_key(log: &Log) -> HashMap<Bytes, Vec<Bytes>> {
    let mut keys: HashMap<Bytes, Vec<Bytes>> = HashMap::new();
    for partition in 0..log.partitions() {
        for record in all(log, partition).await.into_iter().skip(1) {
            let right = partition_of(&record.key, log.partitions());
            assert_eq!(right, partition, "{:?} is in another's partition", record.key);
            keys.entry(record.key).or_default().push(record.value);
        }
    }
    keys
}

pub(super) async fn every_partition_begins_with_its_generation(engine: impl Has<Log>) {
    let log = engine.port();
    assert!(log.partitions() > 0 && log.generation() > 0);
    for partition in 0..log.partitions() {
        assert_eq!(log.first(partition).await.unwrap(), 0);
        assert_eq!(log.head(partition).await.unwrap(), 1);
        let records = soon(log.read(partition, 0, 10)).await.unwrap();
        let [marker] = &records[..] else { panic!("one record, not {}", records.len()) };
        let last = log.generations().pop().expect("a log has a generation");
        assert_eq!(wire::decode(&marker.key, &marker.value), Ok(Record::GenerationBegins(last)));
    }
}

pub(super) async fn what_is_appended_is_read_in_order(engine: impl Has<Log>) {
    let log = engine.port();
    let mut expected: HashMap<Bytes, Vec<Bytes>> = HashMap::new();
    for call in 0..20 {
        let records: Vec<_> =
            (0..100).map(|n| envelope(&format!("meter-{}", n % 37), format!("{call} {n}"))).collect();
        for record in &records {
            expected.entry(record.key.clone()).or_default().push(record.value.clone());
        }
        soon(log.append(records)).await.unwrap();
    }
    assert_eq!(by_key(&*log).await, expected);
}

pub(super) async fn nothing_to_append_is_no_error(engine: impl Has<Log>) {
    let log = engine.port();
    soon(log.append(vec![])).await.unwrap();
    assert_eq!(log.head(0).await.unwrap(), 1);
    assert_eq!(soon(log.refuses()).await, None);
}

pub(super) async fn any_bytes_are_kept(engine: impl Has<Log>) {
    let log = engine.port();
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = (0..300_000_u32).map(|n| n.wrapping_mul(n) as u8).collect();
    let contents = [Bytes::new(), Bytes::from(every_byte), Bytes::from(large)];
    let mut records = Vec::new();
    for key in &contents[..2] {
        records.extend(contents.iter().map(|value| Envelope { key: key.clone(), value: value.clone() }));
    }
    soon(log.append(records)).await.unwrap();
    let keys = by_key(&*log).await;
    assert_eq!(keys.len(), 2);
    assert!(keys.values().all(|values| *values == contents));
}

/// Many tasks append to keys of their own, a few records a call.
async fn append_from_many_tasks(log: &Arc<Log>, tasks: u32, calls: u32) -> HashMap<Bytes, Vec<Bytes>> {
    let mut running = Vec::new();
    for task in 0..tasks {
        let log = log.clone();
        running.push(tokio::spawn(async move {
            for call in 0..calls {
                let key = format!("task-{task}");
                let records = (0..1 + call % 5).map(|n| envelope(&key, format!("{call}.{n}"))).collect();
                soon(log.append(records)).await.unwrap();
            }
        }));
    }
    for task in running {
        task.await.unwrap();
    }
    let values =
        (0..calls).flat_map(|call| (0..1 + call % 5).map(move |n| Bytes::from(format!("{call}.{n}"))));
    (0..tasks).map(|task| (Bytes::from(format!("task-{task}")), values.clone().collect())).collect()
}

pub(super) async fn offsets_have_no_gap_however_many_append(engine: impl Has<Log>) {
    let log = engine.port();
    let expected = append_from_many_tasks(&log, 24, 40).await;
    assert_eq!(by_key(&*log).await, expected);
}

/// A key of each partition, found by trying.
fn key_of_each_partition(prefix: &str, partitions: u32) -> Vec<String> {
    let key_of = |partition| {
        let mut keys = (0..).map(|n| format!("{prefix}{n}"));
        keys.find(|key| partition_of(key.as_bytes(), partitions) == partition).unwrap()
    };
    (0..partitions).map(key_of).collect()
}

/// Reads a partition, a few records at a time, until one whose key begins so.
async fn follow(log: Arc<Log>, partition: u32, last: &str) -> HashMap<Bytes, Vec<Bytes>> {
    let mut seen: HashMap<Bytes, Vec<Bytes>> = HashMap::new();
    let mut next = 1;
    loop {
        for record in soon(log.read(partition, next, 7)).await.unwrap() {
            assert_eq!(record.offset, next, "a gap in partition {partition}");
            next += 1;
            if record.key.starts_with(last.as_bytes()) {
                return seen;
            }
            seen.entry(record.key).or_default().push(record.value);
        }
    }
}

pub(super) async fn a_reader_follows_while_others_append(engine: impl Has<Log>) {
    let log = engine.port();
    let follow_one = |partition| tokio::spawn(follow(log.clone(), partition, "end-"));
    let readers: Vec<_> = (0..log.partitions()).map(follow_one).collect();
    let expected = append_from_many_tasks(&log, 8, 30).await;
    let ends = key_of_each_partition("end-", log.partitions());
    soon(log.append(ends.iter().map(|key| envelope(key, "")).collect())).await.unwrap();
    let mut seen = HashMap::new();
    for reader in readers {
        seen.extend(soon(reader).await.unwrap());
    }
    assert_eq!(seen, expected);
}

pub(super) async fn reads_are_bounded_and_begin_anywhere(engine: impl Has<Log>) {
    let log = engine.port();
    for call in 0..30 {
        let records = (0..50).map(|n| envelope("one", format!("{call} {n} {}", "x".repeat(100)))).collect();
        soon(log.append(records)).await.unwrap();
    }
    let partition = partition_of(b"one", log.partitions());
    let everything = all(&*log, partition).await;
    assert_eq!(everything.len(), 1501);
    for from in [0, 1, 2, 49, 50, 51, 52, 777, 1499, 1500] {
        for max in [1, 2, 60, 10_000] {
            let some = soon(log.read(partition, from as i64, max)).await.unwrap();
            assert!(!some.is_empty() && some.len() <= max, "{} of {max} from {from}", some.len());
            assert_eq!(some, everything[from..from + some.len()], "from {from}");
        }
    }
}

pub(super) async fn a_read_at_the_head_waits(engine: impl Has<Log>) {
    let log = engine.port();
    let partition = partition_of(b"one", log.partitions());
    let waiting = {
        let log = log.clone();
        tokio::spawn(async move { log.read(partition, 1, 10).await })
    };
    tokio::time::sleep(A_WHILE).await;
    assert!(!waiting.is_finished(), "there was nothing to read");
    // A record of another partition does not end the wait.
    let others = key_of_each_partition("other-", log.partitions());
    if let Some(other) = others.iter().find(|key| partition_of(key.as_bytes(), log.partitions()) != partition)
    {
        soon(log.append(vec![envelope(other, "x")])).await.unwrap();
        tokio::time::sleep(A_WHILE).await;
        assert!(!waiting.is_finished(), "there was nothing to read in this partition");
    }
    soon(log.append(vec![envelope("one", "it")])).await.unwrap();
    let records = soon(waiting).await.unwrap().unwrap();
    assert_eq!((records.len(), records[0].offset, &records[0].value[..]), (1, 1, &b"it"[..]));
}

pub(super) async fn append_times_never_decrease(engine: impl Has<Log>) {
    let log = engine.port();
    for n in 0..30 {
        soon(log.append(vec![envelope("one", format!("{n}"))])).await.unwrap();
    }
    let records = all(&*log, partition_of(b"one", log.partitions())).await;
    assert!(records.iter().is_sorted_by_key(|record| record.appended_ms));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    assert!((now - records[30].appended_ms).abs() < 3_600_000, "by the log's clock, about now");
}

pub(super) async fn all_is_there_after_a_restart(mut engine: impl Has<Log> + Reopen) {
    let mut expected = HashMap::new();
    let mut before = Vec::new();
    let (generation, partitions) = (engine.port().generation(), engine.port().partitions());
    for round in 0..4 {
        for partition in 0..partitions {
            let records = all(&*engine.port(), partition).await;
            if round > 0 {
                assert_eq!(records, before[partition as usize], "after restart {round}");
            }
        }
        let log = engine.port();
        assert_eq!((log.generation(), log.partitions()), (generation, partitions));
        for n in 0..50 {
            let (key, value) = (format!("meter-{}", n % 11), format!("{round} {n}"));
            expected
                .entry(Bytes::from(key.clone()))
                .or_insert_with(Vec::new)
                .push(Bytes::from(value.clone()));
            soon(log.append(vec![envelope(&key, value)])).await.unwrap();
        }
        before.clear();
        for partition in 0..partitions {
            before.push(all(&*log, partition).await);
        }
        drop(log);
        engine.reopen().await;
    }
    assert_eq!(by_key(&*engine.port()).await, expected);
}

pub(super) async fn commits_cost_nothing_that_follows(mut engine: impl Has<Log> + Reopen) {
    let partition = partition_of(b"one", engine.port().partitions());
    for round in 0..3 {
        let log = engine.port();
        for n in 0..50 {
            soon(log.append(vec![envelope("one", format!("{round} {n}"))])).await.unwrap();
        }
        let head = log.head(partition).await.unwrap();
        log.commit(partition, head - 11).await.unwrap();
        // An older one changes nothing.
        log.commit(partition, 3).await.unwrap();
        let last: Vec<_> = soon(log.read(partition, head - 10, 100)).await.unwrap();
        assert_eq!(last.len(), 10);
        assert_eq!(last[9].value, format!("{round} 49"));
        drop(log);
        engine.reopen().await;
        assert_eq!(engine.port().head(partition).await.unwrap(), head);
        assert_eq!(soon(engine.port().read(partition, head - 10, 100)).await.unwrap(), last);
    }
}

pub(super) async fn there_are_no_other_partitions(engine: impl Has<Log>) {
    let log = engine.port();
    let none = log.partitions();
    assert!(log.head(none).await.is_err() && log.first(none).await.is_err());
    assert!(matches!(soon(log.read(none, 0, 1)).await, Err(LogError::Unavailable(_) | LogError::Corrupt(_))));
}

pub(super) async fn it_is_known_when_records_were_appended(engine: impl Has<Log>) {
    let log = engine.port();
    for round in 0..5 {
        let records = (0..300).map(|n| envelope(&format!("meter-{n}"), format!("{round} {n}"))).collect();
        soon(log.append(records)).await.unwrap();
        // So that times differ.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut expected: Vec<Vec<i64>> = Vec::new();
    for partition in 0..log.partitions() {
        expected.push(all(&*log, partition).await.iter().map(|record| record.appended_ms).collect());
    }
    let heads: Vec<i64> = expected.iter().map(|times| times.len() as i64).collect();
    // Of all partitions at once, wherever in a batch, with records after it.
    for from_head in [250, 120, 101, 1] {
        let places: Vec<(u32, i64)> = (0..).zip(heads.iter().map(|head| head - from_head)).collect();
        let times = places.iter().map(|&(partition, at)| Some(expected[partition as usize][at as usize]));
        let times: Vec<Option<i64>> = times.collect();
        assert_eq!(soon(log.appended_ms(&places)).await.unwrap(), times, "{places:?}");
        // And once more, the other way round.
        let (places, times): (Vec<_>, Vec<_>) = places.into_iter().zip(times).rev().unzip();
        assert_eq!(soon(log.appended_ms(&places)).await.unwrap(), times, "{places:?}");
    }
    // Where nothing stands yet nothing is told, and that of the others is.
    let places: Vec<(u32, i64)> =
        (0..).zip(heads.iter().enumerate().map(|(n, head)| head - n.min(1) as i64)).collect();
    let told = soon(log.appended_ms(&places)).await.unwrap();
    assert_eq!(told[0], None);
    assert!(told[1..].iter().all(Option::is_some), "{told:?}");
    assert_eq!(soon(log.appended_ms(&[])).await.unwrap(), []);
}
