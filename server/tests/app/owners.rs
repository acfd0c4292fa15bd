//! The owners of partitions, on an engine that does not always do what it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::{PipelineStore, RawQuery, StoreError};
use geography::Geography;
use metering::stored::{FlushPlan, MeterState, RawVersion};
use metering::wire::Record;
use metering::{
    AggregateRow, AreaCode, Energy, Interval, MeterId, Place, Position, Reading, Registration, UtcSecond,
};
use server::config::{Config, DoorLimits};
use server::door::envelope;
use server::engines::{Opened, open};
use server::ingestion::Ingestion;
use server::roles::aggregate::{Aggregation, FlushPace, drain, own};
use tokio_util::sync::CancellationToken;

use crate::support::OneEdition;

/// A store of which every third call fails, and all while it is away.
struct Flaky {
    inner: Arc<dyn PipelineStore>,
    calls: AtomicU64,
    away: AtomicBool,
    corrupt: AtomicBool,
    /// It is read, and takes nothing.
    full: AtomicBool,
}

impl Flaky {
    fn call(&self) -> Result<(), StoreError> {
        if self.corrupt.load(Ordering::SeqCst) {
            return Err(StoreError::Corrupt("the file x is damaged".into()));
        }
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) || call % 3 == 1 {
            return Err(StoreError::Unavailable("it is away".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl PipelineStore for Flaky {
    async fn progress(&self, partitions: u32) -> Result<Vec<Option<Position>>, StoreError> {
        self.call()?;
        self.inner.progress(partitions).await
    }
    async fn meters(&self, meters: &[MeterId]) -> Result<Vec<MeterState>, StoreError> {
        self.call()?;
        self.inner.meters(meters).await
    }
    async fn raw(&self, queries: &[RawQuery]) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        self.call()?;
        self.inner.raw(queries).await
    }
    async fn rows(&self, partition: u32, places: &[Place]) -> Result<Vec<Option<AggregateRow>>, StoreError> {
        self.call()?;
        self.inner.rows(partition, places).await
    }
    async fn flush(&self, plan: &FlushPlan) -> Result<(), StoreError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it takes nothing".into()));
        }
        // Written, and the answer lost: the worst that can happen to a flush.
        self.inner.flush(plan).await?;
        self.call()
    }
}

struct World {
    _dir: tempfile::TempDir,
    opened: Opened,
    store: Arc<Flaky>,
    aggregation: Aggregation,
}

async fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let config = Config::with(&[("data", data.to_str().unwrap()), ("disk-reserve-mb", "1")]).unwrap();
    let opened = open(&config).await.unwrap();
    let store = Arc::new(Flaky {
        inner: opened.ports.pipeline.clone(),
        calls: AtomicU64::new(0),
        away: AtomicBool::new(false),
        corrupt: AtomicBool::new(false),
        full: AtomicBool::new(false),
    });
    let mut ports = opened.ports.clone();
    ports.pipeline = store.clone();
    ports.editions = Arc::new(OneEdition { pipeline: store.clone(), figures: ports.figures.clone() });
    let aggregation = Aggregation {
        ingestion: Arc::new(Ingestion::of_own(ports.log.partitions())),
        ports,
        geography: Geography::london(),
        limits: DoorLimits { retention_s: 36_525 * 86_400, ..config.door },
        pace: FlushPace::of(&config.engine),
        silence: config.engine.pace.owner_silence,
    };
    World { _dir: dir, opened, store, aggregation }
}

fn meter(number: u32) -> MeterId {
    MeterId::parse(&format!("M{number}")).unwrap()
}

/// Fifty meters' registrations, or one reading each of a half-hour.
async fn append(world: &World, half_hour: Option<i64>) {
    let record = |number| match half_hour {
        None => {
            let (area, dwelling) = (AreaCode::parse("E01000001").unwrap(), metering::Dwelling::default());
            Record::Registration(Registration { meter: meter(number), area, dwelling }, None)
        }
        Some(half_hour) => {
            let start = UtcSecond(1_700_000_000 - 1_700_000_000 % 1800 + half_hour * 1800);
            let interval = Interval::new(start, 1800).unwrap();
            Record::Reading(Reading { meter: meter(number), interval, energy: Energy::from_mwh(1000) }, None)
        }
    };
    world.opened.ports.log.append((0..50).map(|number| envelope(&record(number))).collect()).await.unwrap();
}

async fn energy(world: &World) -> i64 {
    let Some(span) = world.opened.ports.figures.span().await.unwrap() else { return 0 };
    let mut sum = Energy::ZERO;
    for day in span.first_day..=span.last_day {
        for area_day in world.opened.ports.figures.day(day).await.unwrap() {
            sum += area_day.windows.iter().map(|window| window.energy).sum();
        }
    }
    sum.mwh()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_now_and_then_costs_time_and_nothing_else() {
    let world = world().await;
    append(&world, None).await;
    // Forward, backward (looked up), and again (duplicates).
    for half_hour in [0, 1, 5, 3, 2, 4, 0, 5] {
        append(&world, Some(half_hour)).await;
    }
    drain(world.aggregation.clone(), world.opened.ownership().unwrap(), |_| ()).await.unwrap();
    assert_eq!(energy(&world).await, 6 * 50 * 1000);
    assert!(world.store.calls.load(Ordering::SeqCst) > 8);
    world.opened.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_is_waited_for_and_said_so() {
    let world = world().await;
    append(&world, None).await;
    drain(world.aggregation.clone(), world.opened.ownership().unwrap(), |_| ()).await.unwrap();
    world.store.away.store(true, Ordering::SeqCst);
    append(&world, Some(0)).await;
    let stop = CancellationToken::new();
    let owners =
        tokio::spawn(own(world.aggregation.clone(), world.opened.ownership().unwrap(), stop.clone()));
    let ingestion = world.aggregation.ingestion.clone();
    until(|| ingestion.missing().iter().any(|why| why.contains("it is away"))).await;
    world.store.away.store(false, Ordering::SeqCst);
    until(|| ingestion.missing().is_empty()).await;
    stop.cancel();
    owners.await.unwrap().unwrap();
    drain(world.aggregation.clone(), world.opened.ownership().unwrap(), |_| ()).await.unwrap();
    assert_eq!(energy(&world).await, 50 * 1000);
    world.opened.close().await.unwrap();
}

/// Records of a partition that are read together.
const BATCH: i64 = 2000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_decided_than_may_wait_for_a_store_that_takes_nothing() {
    let mut world = world().await;
    world.aggregation.pace.records_max = 400;
    append(&world, None).await;
    drain(world.aggregation.clone(), world.opened.ownership().unwrap(), |_| ()).await.unwrap();
    world.store.full.store(true, Ordering::SeqCst);
    let half_hours = 800;
    for half_hour in 0..half_hours {
        append(&world, Some(half_hour)).await;
    }
    let stop = CancellationToken::new();
    let owners =
        tokio::spawn(own(world.aggregation.clone(), world.opened.ownership().unwrap(), stop.clone()));
    let (ports, ingestion) = (world.aggregation.ports.clone(), world.aggregation.ingestion.clone());
    until(|| ingestion.missing().iter().any(|why| why.contains("it takes nothing"))).await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for one in ingestion.positions(&ports).await.unwrap() {
            let waits = one.decided - one.progress;
            assert!(waits <= 400 / 4 + BATCH && one.lag_records > 2 * BATCH, "{one:?}");
        }
    }
    world.store.full.store(false, Ordering::SeqCst);
    until(|| ingestion.missing().is_empty()).await;
    stop.cancel();
    owners.await.unwrap().unwrap();
    drain(world.aggregation.clone(), world.opened.ownership().unwrap(), |_| ()).await.unwrap();
    assert_eq!(energy(&world).await, 50 * half_hours * 1000);
    world.opened.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_damaged_stops_everything_with_its_sentence() {
    let world = world().await;
    world.store.corrupt.store(true, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let error =
        own(world.aggregation.clone(), world.opened.ownership().unwrap(), stop.clone()).await.unwrap_err();
    assert!(error.to_string().contains("the file x is damaged"), "{error}");
    assert!(stop.is_cancelled());
    assert!(world.aggregation.ingestion.missing()[0].contains("has stopped"));
    world.opened.close().await.unwrap();
}

async fn until(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
