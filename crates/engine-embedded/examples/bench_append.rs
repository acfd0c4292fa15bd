//! Records a second through group commit, with some number of callers at once.
//!
//! `cargo run --release -p engine-embedded --example bench_append [seconds]`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::{Envelope, ReadingLog};
use engine_embedded::{EmbeddedConfig, EmbeddedEngine};
use metering::wire::Record;
use metering::{Energy, Interval, MeterId, Reading, UtcSecond};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn envelope(n: u64) -> Result<Envelope, Failure> {
    let meter = MeterId::parse(&format!("SIM{:08}", n % 50_000))?;
    let interval = Interval::new(UtcSecond(1_795_341_600 + 300 * (n / 50_000) as i64), 300)?;
    let reading =
        Reading { meter: meter.clone(), interval, energy: Energy::from_mwh(20_000 + n as i64 % 999) };
    let key = Bytes::copy_from_slice(meter.as_str().as_bytes());
    Ok(Envelope { key, value: Record::Reading(reading, None).encode().into() })
}

async fn run(callers: usize, batch: u64, seconds: u64) -> Result<(), Failure> {
    let dir = tempfile::tempdir_in(std::env::var("WATTMAP_BENCH_DIR").unwrap_or_else(|_| ".".to_owned()))?;
    let engine = Arc::new(EmbeddedEngine::open(dir.path(), EmbeddedConfig::default())?);
    let (records, calls, waited_us) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let counts = Arc::new((records, calls, waited_us));
    let since = Instant::now();
    let until = since + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for caller in 0..callers as u64 {
        let (log, counts) = (engine.log(), counts.clone());
        tasks.push(tokio::spawn(async move {
            let mut n = caller * 1_000_003;
            while Instant::now() < until {
                let records = (n..n + batch).map(envelope).collect::<Result<_, _>>()?;
                n += batch;
                let called = Instant::now();
                log.append(records).await?;
                counts.0.fetch_add(batch, Ordering::Relaxed);
                counts.1.fetch_add(1, Ordering::Relaxed);
                counts.2.fetch_add(called.elapsed().as_micros() as u64, Ordering::Relaxed);
            }
            Ok::<(), Failure>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let (records, calls) = (counts.0.load(Ordering::Relaxed), counts.1.load(Ordering::Relaxed));
    let rate = records as f64 / since.elapsed().as_secs_f64();
    let latency_ms = counts.2.load(Ordering::Relaxed) as f64 / calls as f64 / 1000.0;
    println!(
        r#"{{"bench":"append","figure":"records_per_s","value":{rate:.0},"unit":"1/s","against":20600,"callers":{callers},"batch":{batch},"mean_ms":{latency_ms:.2}}}"#
    );
    engine.close().await?;
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let seconds = std::env::args().nth(1).map_or(Ok(4), |text| text.parse())?;
    for (callers, batch) in [(1, 1), (64, 1), (1, 1000), (8, 1000), (64, 1000)] {
        run(callers, batch, seconds).await?;
    }
    Ok(())
}
