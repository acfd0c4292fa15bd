//! What tests have in common.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use engine::{
    DeadLetterFilter, Document, DocumentStore, Envelope, FigureStore, LogRecord, PipelineStore, ReadingLog,
};
use metering::stored::{DeadLetter, FlushPlan, Hint, MeterState, PlacedRow, RawVersion};
use metering::wire::Record;
use metering::{
    AggregateRow, AreaCode, DeadReason, Dwelling, Energy, Interval, MeterId, Place, Position, Reading,
    UtcSecond,
};

use crate::{EmbeddedConfig, EmbeddedEngine, OpenError};

/// Small, so that everything happens soon.
pub(crate) fn config() -> EmbeddedConfig {
    EmbeddedConfig {
        disk_reserve_bytes: 0,
        segment_bytes: 64 << 10,
        memtable_bytes: 256 << 10,
        checkpoint_every: Duration::from_millis(300),
        pack_after_quiet: Duration::from_secs(5),
        ..EmbeddedConfig::default()
    }
}

pub(crate) fn reading(meter: &str, n: i64) -> Reading {
    Reading {
        meter: MeterId::parse(meter).unwrap(),
        interval: Interval::new(UtcSecond(1_795_341_600 + 1800 * n), 1800).unwrap(),
        energy: Energy::from_mwh(1000 + n),
    }
}

pub(crate) fn envelope(meter: &str, n: i64) -> Envelope {
    let value = Bytes::from(Record::Reading(reading(meter, n), None).encode());
    Envelope { key: Bytes::copy_from_slice(meter.as_bytes()), value }
}

/// One reading, decided at an offset, with something of everything that may go with it.
pub(crate) fn plan(partition: u32, meter: &str, offset: i64) -> FlushPlan {
    let reading = reading(meter, offset);
    let (at, area) = (Position::new(1, offset), AreaCode::parse("E01000001").unwrap());
    let (meter, key) = (reading.meter, Bytes::copy_from_slice(meter.as_bytes()));
    let hint = Hint { at, end: reading.interval.end() };
    let detail = "it was known by another name".to_owned();
    let dead = DeadLetter {
        partition,
        at,
        reason: DeadReason::UnknownMeter,
        detail,
        appended_ms: 1,
        key: key.clone(),
        value: key,
    };
    FlushPlan {
        partition,
        rows: vec![PlacedRow {
            place: Place { area: area.clone(), window: reading.interval.first_window() },
            row: AggregateRow { through: at, energy: reading.energy, meters: 1, meter_seconds: 1800 },
        }],
        registrations: vec![metering::stored::RegistrationVersion {
            meter: meter.clone(),
            at,
            area: area.clone(),
            dwelling: Dwelling::default(),
        }],
        hints: vec![(meter.clone(), hint)],
        raw: vec![RawVersion { meter, interval: reading.interval, at, energy: reading.energy, area }],
        dead: if offset % 10 == 0 { vec![dead] } else { vec![] },
        progress: at,
    }
}

pub(crate) async fn heads(log: &dyn ReadingLog) -> Vec<i64> {
    let mut heads = Vec::new();
    for partition in 0..log.partitions() {
        heads.push(log.head(partition).await.unwrap());
    }
    heads
}

/// Everything that a log has.
pub(crate) async fn records(log: &dyn ReadingLog) -> Vec<Vec<LogRecord>> {
    let mut partitions = Vec::new();
    for (partition, head) in heads(log).await.into_iter().enumerate() {
        let mut all: Vec<LogRecord> = Vec::new();
        let mut next = log.first(partition as u32).await.unwrap();
        while next < head {
            let some = log.read(partition as u32, next, 10_000).await.unwrap();
            for record in some {
                assert_eq!(record.offset, next, "no gap");
                next += 1;
                all.push(record);
            }
        }
        partitions.push(all);
    }
    partitions
}

/// Everything that a directory has, to be compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Everything {
    pub(crate) log: Vec<Vec<LogRecord>>,
    progress: Vec<Option<Position>>,
    rows: Vec<(u32, PlacedRow)>,
    raw: Vec<RawVersion>,
    meters: Vec<MeterState>,
    dead: Vec<DeadLetter>,
    documents: Vec<Document>,
    pub(crate) keys: Vec<Document>,
}

pub(crate) async fn everything(engine: &EmbeddedEngine) -> Everything {
    let (store, documents) = (engine.store(), engine.documents());
    let (mut rows, mut raw) = (Vec::new(), Vec::new());
    if let Some(span) = store.span().await.unwrap() {
        for day in span.first_day..=span.last_day {
            let (first, last) = (metering::Window::at(day, 0), metering::Window::at(day, 47));
            rows.extend(store.recent_rows(first, last).await.unwrap());
            raw.extend(store.readings_of_day(day, None, usize::MAX).await.unwrap());
        }
    }
    let meters: Vec<MeterId> =
        store.registrations().await.unwrap().into_iter().map(|one| one.meter).collect();
    let filter = DeadLetterFilter { limit: usize::MAX, ..DeadLetterFilter::default() };
    Everything {
        log: records(&*engine.log()).await,
        progress: store.progress(engine.log().partitions()).await.unwrap(),
        rows,
        raw,
        meters: store.meters(&meters).await.unwrap(),
        dead: store.dead_letters(&filter).await.unwrap(),
        documents: documents.documents("x").await.unwrap(),
        keys: documents.documents(crate::KEYS).await.unwrap(),
    }
}

/// All files below a directory, relative to it.
pub(crate) fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            match path.strip_prefix(dir) {
                Ok(_) if path.is_dir() => left.push(path),
                relative => found.push(relative.unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}

/// Opens a directory whose engine was dropped and not closed: a read that has answered may hold it for a moment more.
pub(crate) async fn open_when_free(dir: &Path) -> EmbeddedEngine {
    for _ in 0..200 {
        match EmbeddedEngine::open(dir, config()) {
            Err(OpenError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened.unwrap(),
        }
    }
    panic!("{} is held for two seconds", dir.display());
}

/// Copies all files of a directory into another one, as they are together at a moment: where the engine removes one
/// meanwhile, which no longer matters to it, the copy is begun again.
pub(crate) fn copy(from: &Path, to: &Path) {
    while let Err(error) = try_to_copy(from, to) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        std::fs::remove_dir_all(to).unwrap();
    }
}

fn try_to_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for dir in ["log", "store/tree/tables", "store/documents", "keys"] {
        std::fs::create_dir_all(to.join(dir))?;
    }
    files(from).iter().try_for_each(|file| std::fs::copy(from.join(file), to.join(file)).map(drop))
}
