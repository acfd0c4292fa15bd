//! What a stored half-hourly reading costs on disk, and how fast readings are stored.
//!
//! `cargo run --release -p engine-embedded --example bench_disk [meters] [days]`
//!
//! Readings come as they do live: half-hour by half-hour, all meters, four partitions. The second run
//! writes aggregates and hints as well, as the pipeline does.

use std::collections::BTreeMap;
use std::time::Instant;

use engine::{FigureStore, PipelineStore, RawQuery, ReadingLog};
use engine_embedded::{EmbeddedConfig, EmbeddedEngine, EmbeddedStore};
use metering::stored::{FlushPlan, Hint, PlacedRow, RawVersion};
use metering::wire::partition_of;
use metering::{AggregateRow, AreaCode, Energy, Interval, MeterId, Place, Position, UtcSecond};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const MIDNIGHT: i64 = 20_600 * 86_400;
const AREAS: usize = 4_835;

struct Home {
    meter: MeterId,
    area: AreaCode,
    partition: u32,
}

fn homes(meters: usize) -> Result<Vec<Home>, Failure> {
    let home = |n: usize| {
        let meter = MeterId::parse(&format!("SIM{n:08}"))?;
        let area = AreaCode::parse(&format!("E01{:06}", n % AREAS))?;
        Ok(Home { partition: partition_of(meter.as_str().as_bytes(), 4), meter, area })
    };
    (0..meters).map(home).collect()
}

/// Energies that look like a home's: a few hundred watt-hours, to the watt-hour, never twice the same.
fn energy(n: i64) -> Energy {
    let mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    Energy::from_mwh((40 + mixed as i64 % 900) * 1000 + mixed as i64 % 1000)
}

fn print(figure: &str, value: f64, unit: &str, against: &str, run: &str) {
    println!(
        r#"{{"bench":"disk","figure":"{figure}","value":{value:.2},"unit":"{unit}","against":{against},"run":"{run}"}}"#
    );
}

/// What the slow path of the pipeline asks for: a meter's day, for many meters at once.
async fn look_up(store: &EmbeddedStore, homes: &[Home], run: &str) -> Result<(), Failure> {
    let since = Instant::now();
    let query = |home: &Home| RawQuery {
        meter: home.meter.clone(),
        from: UtcSecond(MIDNIGHT + 86_400 - 3600),
        to: UtcSecond(MIDNIGHT + 2 * 86_400 + 3600),
    };
    let queries: Vec<RawQuery> = homes.iter().map(query).collect();
    for some in queries.chunks(1000) {
        store.raw(some).await?;
    }
    print(
        "meter_days_looked_up_per_s",
        homes.len() as f64 / since.elapsed().as_secs_f64(),
        "1/s",
        "null",
        run,
    );
    Ok(())
}

async fn run(name: &str, homes: &[Home], days: i64, everything: bool) -> Result<(), Failure> {
    let base = std::env::var("WATTMAP_BENCH_DIR").unwrap_or_else(|_| ".".to_owned());
    let dir = tempfile::tempdir_in(base)?;
    let config = EmbeddedConfig { raw_retention_days: None, ..EmbeddedConfig::default() };
    let engine = EmbeddedEngine::open(dir.path(), config.clone())?;
    let store = engine.store();
    let since = Instant::now();
    let mut offsets = [0_i64; 4];
    let mut rows: BTreeMap<(u32, Place), AggregateRow> = BTreeMap::new();
    for slot in 0..48 * days {
        let interval = Interval::new(UtcSecond(MIDNIGHT + 1800 * slot), 1800)?;
        let mut plans: Vec<FlushPlan> = (0..4)
            .map(|partition| FlushPlan {
                partition,
                rows: vec![],
                raw: vec![],
                registrations: vec![],
                hints: vec![],
                dead: vec![],
                progress: Position::default(),
            })
            .collect();
        rows.clear();
        for (n, home) in homes.iter().enumerate() {
            let plan = &mut plans[home.partition as usize];
            let offset = &mut offsets[home.partition as usize];
            *offset += 1;
            let at = Position::new(1, *offset);
            let energy = energy(slot * 1_000_003 + n as i64);
            let (meter, area) = (home.meter.clone(), home.area.clone());
            if everything {
                let place = Place { area: area.clone(), window: interval.first_window() };
                let row = rows.entry((home.partition, place)).or_default();
                *row = AggregateRow {
                    through: at,
                    energy: row.energy + energy,
                    meters: row.meters + 1,
                    meter_seconds: row.meter_seconds + 1800,
                };
                if slot % 48 == 0 {
                    let end = UtcSecond(interval.start().0 + 86_400);
                    plan.hints.push((meter.clone(), Hint { at, end }));
                }
            }
            plan.raw.push(RawVersion { meter, interval, at, energy, area });
            plan.progress = at;
        }
        for ((partition, place), row) in std::mem::take(&mut rows) {
            plans[partition as usize].rows.push(PlacedRow { place, row });
        }
        for plan in plans {
            store.flush(&plan).await?;
        }
    }
    let readings = (homes.len() as i64 * 48 * days) as f64;
    print("stored_per_s", readings / since.elapsed().as_secs_f64(), "1/s", "100000", name);
    store.write_out().await?;
    look_up(&store, homes, &format!("{name}, not packed")).await?;
    let written = engine.disk_usage().store_bytes as f64;
    let since = Instant::now();
    store.compact().await?;
    print("compaction_s", since.elapsed().as_secs_f64(), "s", "null", name);
    let usage = engine.disk_usage();
    print("bytes_per_reading_before", written / readings, "B", "null", name);
    print("bytes_per_reading", usage.store_bytes as f64 / readings, "B", "16", name);
    look_up(&store, homes, &format!("{name}, packed")).await?;
    let since = Instant::now();
    let day = store.readings_of_day(20_600, None, usize::MAX).await?;
    print("readings_of_day_per_s", day.len() as f64 / since.elapsed().as_secs_f64(), "1/s", "null", name);
    if everything {
        let since = Instant::now();
        let areas = store.day(20_601).await?.len();
        print(
            "day_of_all_areas_ms",
            since.elapsed().as_secs_f64() * 1000.0,
            "ms",
            "null",
            &format!("{name}, {areas} areas"),
        );
    }
    // The log has none of these records, so the engine would rightly refuse to start on this store:
    // what is measured is the check of its files and of the log's, up to that refusal.
    assert!(engine.log().head(0).await? == 1);
    engine.close().await?;
    drop((engine, store));
    let since = Instant::now();
    let refused = EmbeddedEngine::open(dir.path(), config).is_err();
    assert!(refused, "a store ahead of its log");
    let megabytes = usage.store_bytes as f64 / 1e6;
    print(
        "check_s_per_300_MB",
        since.elapsed().as_secs_f64() / megabytes * 300.0,
        "s",
        "3",
        &format!("{name}, {megabytes:.0} MB"),
    );
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let meters = arguments.next().map_or(Ok(5_000), |text| text.parse())?;
    let days = arguments.next().map_or(Ok(14), |text| text.parse())?;
    let homes = homes(meters)?;
    run("readings alone", &homes, days, false).await?;
    run("with aggregates and hints", &homes, days, true).await
}
