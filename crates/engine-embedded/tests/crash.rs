//! A process that is killed, again and again, while it appends and flushes: what it acknowledged is
//! there, and the store is what the log up to its progress makes it.
//!
//! The child is this test itself, started with a directory in its environment. It says on its output
//! what it was told: `A key n` when a record is durable, `D id n` when a document is.
#![expect(clippy::unwrap_used, reason = "a test, all of it")]

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::{
    Document, DocumentStore, Envelope, FigureStore, LogRecord, PipelineStore, RawQuery, ReadingLog,
};
use engine_embedded::{EmbeddedConfig, EmbeddedEngine};
use metering::stored::{FlushPlan, PlacedRow, RawVersion};
use metering::{AggregateRow, AreaCode, Energy, Interval, MeterId, Place, Position, UtcSecond, Window};

const DIRECTORY: &str = "WATTMAP_TEST_CRASH_DIRECTORY";
const KEYS: u32 = 12;
const MIDNIGHT: i64 = 20_779 * 86_400;

fn config() -> EmbeddedConfig {
    EmbeddedConfig {
        segment_bytes: 256 << 10,
        memtable_bytes: 256 << 10,
        checkpoint_every: Duration::from_millis(150),
        pack_after_quiet: Duration::from_millis(10),
        disk_reserve_bytes: 0,
        ..EmbeddedConfig::default()
    }
}

/// Another number each time: when a process is killed should not be the same every time.
fn random(below: u64) -> u64 {
    std::hash::RandomState::new().build_hasher().finish() % below
}

/// What a record decides: a version and a row, by nothing but the record and what precedes it.
fn decide(plan: &mut FlushPlan, rows: &mut BTreeMap<Place, AggregateRow>, record: &LogRecord) {
    let at = Position::new(1, record.offset);
    plan.progress = at;
    let Ok(n) = String::from_utf8_lossy(&record.value).parse::<i64>() else { return };
    let interval = Interval::new(UtcSecond(MIDNIGHT + 300 * (n % 1000)), 300).unwrap();
    let meter = MeterId::parse(std::str::from_utf8(&record.key).unwrap()).unwrap();
    let area = AreaCode::parse(&format!("E0{}", n % 7)).unwrap();
    let energy = Energy::from_mwh(n);
    let place = Place { area: area.clone(), window: interval.first_window() };
    let row = rows.entry(place).or_default();
    *row = AggregateRow {
        through: at,
        energy: row.energy + energy,
        meters: row.meters + 1,
        meter_seconds: row.meter_seconds + 300,
    };
    plan.raw.push(RawVersion { meter, interval, at, energy, area });
}

fn empty_plan(partition: u32, progress: Position) -> FlushPlan {
    FlushPlan {
        partition,
        rows: vec![],
        raw: vec![],
        registrations: vec![],
        hints: vec![],
        dead: vec![],
        progress,
    }
}

/// The owner of a partition: as the real one, but with simpler decisions.
async fn own(engine: Arc<EmbeddedEngine>, partition: u32) {
    let (log, store) = (engine.log(), engine.store());
    let progress = store.progress(partition + 1).await.unwrap()[partition as usize];
    let mut next = progress.map_or(0, |at| at.offset + 1);
    let mut rows = BTreeMap::new();
    for day in 20_779..20_783 {
        for (of, placed) in store.recent_rows(Window::at(day, 0), Window::at(day, 47)).await.unwrap() {
            if of == partition {
                rows.insert(placed.place, placed.row);
            }
        }
    }
    loop {
        let max = 1 + random(400) as usize;
        let records = log.read(partition, next, max).await.unwrap();
        let mut plan = empty_plan(partition, Position::default());
        for record in &records {
            assert_eq!(record.offset, next);
            next += 1;
            decide(&mut plan, &mut rows, record);
        }
        let first = Position::new(1, next - records.len() as i64);
        let changed = rows.iter().filter(|(_, row)| row.through >= first);
        plan.rows = changed.map(|(place, &row)| PlacedRow { place: place.clone(), row }).collect();
        store.flush(&plan).await.unwrap();
        log.commit(partition, next - 1).await.unwrap();
    }
}

async fn append(engine: Arc<EmbeddedEngine>, keys: std::ops::Range<u32>, mut n: i64) {
    loop {
        // Not as fast as can be: everything is read and compared after each kill.
        tokio::time::sleep(Duration::from_millis(random(4))).await;
        n += 1;
        let count = 1 + random(20) as i64;
        let of_call: Vec<String> = keys.clone().map(|key| format!("m{key}")).collect();
        let records = of_call.iter().flat_map(|key| {
            (0..count).map(move |more| Envelope {
                key: Bytes::from(key.clone()),
                value: Bytes::from(format!("{}", n + more)),
            })
        });
        engine.log().append(records.collect()).await.unwrap();
        n += count - 1;
        let mut said = std::io::stdout().lock();
        for key in &of_call {
            writeln!(said, "A {key} {n}").unwrap();
        }
        said.flush().unwrap();
    }
}

async fn document(engine: Arc<EmbeddedEngine>, id: u32) {
    let id = format!("d{id}");
    let stored = engine.documents().document("x", &id).await.unwrap();
    let mut n: i64 = stored.map_or(0, |body| String::from_utf8(body).unwrap().parse().unwrap());
    loop {
        n += 1;
        let document = Document { id: id.clone(), body: n.to_string().into_bytes() };
        engine.documents().put_documents("x", vec![document]).await.unwrap();
        let mut said = std::io::stdout().lock();
        writeln!(said, "D {id} {n}").unwrap();
        said.flush().unwrap();
    }
}

/// The child's life. Not a test of its own: without a directory it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(dir) = std::env::var(DIRECTORY) else { return };
    let engine = Arc::new(EmbeddedEngine::open(&dir, config()).unwrap());
    println!("\nopen");
    let mut tasks = Vec::new();
    let last = last_of_each_key(&engine).await;
    for first in (0..KEYS).step_by(3) {
        let keys = first..first + 3;
        let n = keys.clone().filter_map(|key| last.get(&format!("m{key}")).copied()).max().unwrap_or(0);
        tasks.push(tokio::spawn(append(engine.clone(), keys, n)));
    }
    for partition in 0..4 {
        tasks.push(tokio::spawn(own(engine.clone(), partition)));
    }
    for id in 0..2 {
        tasks.push(tokio::spawn(document(engine.clone(), id)));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn all_records(engine: &EmbeddedEngine) -> Vec<Vec<LogRecord>> {
    let log = engine.log();
    let mut partitions = Vec::new();
    for partition in 0..log.partitions() {
        let (mut next, head) = (log.first(partition).await.unwrap(), log.head(partition).await.unwrap());
        let mut all = Vec::new();
        while next < head {
            for record in log.read(partition, next, 10_000).await.unwrap() {
                assert_eq!(record.offset, next, "a gap");
                next += 1;
                all.push(record);
            }
        }
        partitions.push(all);
    }
    partitions
}

async fn last_of_each_key(engine: &EmbeddedEngine) -> HashMap<String, i64> {
    let mut last = HashMap::new();
    for record in all_records(engine).await.into_iter().flatten() {
        if let Ok(n) = String::from_utf8_lossy(&record.value).parse() {
            last.insert(String::from_utf8_lossy(&record.key).into_owned(), n);
        }
    }
    last
}

/// Runs the child, lets it work for a while, kills it. What it said is added to `said`.
fn run_and_kill(dir: &Path, said: &mut HashMap<String, i64>, work: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let opened = Arc::new(Mutex::new(false));
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = {
        let opened = opened.clone();
        std::thread::spawn(move || {
            let mut said = Vec::new();
            for line in output.lines().map_while(Result::ok) {
                if line == "open" {
                    *opened.lock().unwrap() = true;
                }
                // The last line may be cut short by the kill: only whole ones count, and a line is
                // whole when the number's end is known. The child writes lines in one piece.
                if let [kind @ ("A" | "D"), name, n] = line.split(' ').collect::<Vec<_>>()[..] {
                    said.push((format!("{kind} {name}"), n.parse::<i64>().unwrap()));
                }
            }
            said
        })
    };
    let since = Instant::now();
    while !*opened.lock().unwrap() {
        assert!(since.elapsed() < Duration::from_secs(60), "the child did not open its directory");
        assert!(child.try_wait().unwrap().is_none(), "the child could not open its directory");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(work);
    assert!(child.try_wait().unwrap().is_none(), "the child failed by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    for (what, n) in reader.join().unwrap() {
        let last = said.entry(what).or_default();
        *last = n.max(*last);
    }
}

/// What was said is there, and the store is what the log makes it.
async fn check(engine: &EmbeddedEngine, said: &HashMap<String, i64>) -> u64 {
    let partitions = all_records(engine).await;
    let mut values: HashMap<String, Vec<i64>> = HashMap::new();
    for record in partitions.iter().flatten() {
        if let Ok(n) = String::from_utf8_lossy(&record.value).parse() {
            values.entry(String::from_utf8_lossy(&record.key).into_owned()).or_default().push(n);
        }
    }
    for (key, values) in &values {
        assert!(values.is_sorted(), "{key} is out of order");
        assert!(values.windows(2).all(|pair| pair[1] > pair[0]), "{key} has one twice");
    }
    for (what, &n) in said.iter().filter(|(what, _)| what.starts_with('A')) {
        // Numbers are appended in order without a gap, so all up to an acknowledged one are there.
        let values = values.get(&what[2..]).map_or(&[][..], Vec::as_slice);
        let missing = (1..=n).zip(values).find(|(expected, found)| expected != *found);
        assert!(missing.is_none() && values.len() as i64 >= n, "{what} {n}: {missing:?}");
    }
    for (what, &n) in said.iter().filter(|(what, _)| what.starts_with('D')) {
        let body = engine.documents().document("x", &what[2..]).await.unwrap();
        let stored: i64 = String::from_utf8(body.expect("it was acknowledged")).unwrap().parse().unwrap();
        assert!(stored >= n, "{what}: {stored} is stored, {n} was acknowledged");
    }
    check_store(engine, &partitions).await;
    partitions.iter().map(|partition| partition.len() as u64).sum()
}

async fn check_store(engine: &EmbeddedEngine, partitions: &[Vec<LogRecord>]) {
    let store = engine.store();
    let progress = store.progress(4).await.unwrap();
    let (mut expected_rows, mut raw) = (BTreeMap::new(), Vec::new());
    for (partition, records) in partitions.iter().enumerate() {
        let seen = progress[partition].map_or(0, |at| at.offset + 1) as usize;
        assert!(seen <= records.len(), "the store is ahead of the log");
        let mut plan = empty_plan(partition as u32, Position::default());
        let mut rows = BTreeMap::new();
        for record in &records[..seen] {
            decide(&mut plan, &mut rows, record);
        }
        expected_rows.extend(rows.into_iter().map(|(place, row)| ((partition as u32, place), row)));
        raw.extend(plan.raw);
    }
    let mut found = BTreeMap::new();
    for day in 20_779..20_783 {
        for (partition, placed) in store.recent_rows(Window::at(day, 0), Window::at(day, 47)).await.unwrap() {
            found.insert((partition, placed.place), placed.row);
        }
    }
    assert!(found == expected_rows, "aggregates are not what the log makes them");
    for key in 0..KEYS {
        let meter = MeterId::parse(&format!("m{key}")).unwrap();
        let mut of_meter: Vec<_> = raw.iter().filter(|one| one.meter == meter).cloned().collect();
        of_meter.sort_by_key(|one| (one.interval.start(), one.at));
        let query = RawQuery { meter, from: UtcSecond(0), to: UtcSecond(MIDNIGHT + 10 * 86_400) };
        assert!(store.raw(&[query]).await.unwrap() == [of_meter], "readings are not what the log makes them");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again() {
    let directories = std::env::var("WATTMAP_CRASH_DIRECTORIES").map_or(4, |text| text.parse().unwrap());
    let (mut kills, mut records) = (0, 0);
    for _ in 0..directories {
        // A new directory now and then: its making is a time to be killed at as well.
        let dir = tempfile::tempdir().unwrap();
        let mut said = HashMap::new();
        for round in 0..8 {
            run_and_kill(dir.path(), &mut said, Duration::from_millis(random(400)));
            kills += 1;
            let engine = EmbeddedEngine::open(dir.path(), config()).unwrap();
            records = records.max(check(&engine, &said).await);
            // A clean stop, or one more crash, before the child has it again.
            if round % 3 == 0 {
                engine.close().await.unwrap();
            }
        }
    }
    println!("{kills} kills; the largest log had {records} records");
    assert!(records > 1000, "{records} records are no load");
}
