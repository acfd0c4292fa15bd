//! Batches of readings, made beforehand.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::try_join_all;
use geography::Geography;
use metering::door::{Format, Rules};
use metering::{AreaCode, Energy, UtcSecond};
use tokio::task::JoinSet;

use crate::client::Client;

/// Readings of a batch.
pub(crate) const BATCH: usize = 1000;

/// Batches that are under way at once.
const CONNECTIONS: usize = 8;

/// The first half-hour of the readings.
const FROM: i64 = 1_767_225_600;

/// Batches, half-hour after half-hour of all meters.
pub(crate) struct Load {
    batches: Vec<Bytes>,
}

/// Registers so many meters, spread over all areas.
pub(crate) async fn register(client: &Client, meters: usize) -> anyhow::Result<()> {
    for first in (0..meters).step_by(BATCH) {
        let one = |number| format!(r#"{{"meter_id":"{}","area":"{}"}}"#, meter(number), area(number));
        let meters: Vec<String> = (first..first + BATCH).map(one).collect();
        let body = gzip(&format!("{{\"meters\":[{}]}}", meters.join(",")))?;
        client.post("/meters", body, BATCH as u64).await?;
    }
    Ok(())
}

/// The name of a meter.
pub(crate) fn meter(number: usize) -> String {
    format!("B{number:06}")
}

/// Where it is.
pub(crate) fn area(number: usize) -> AreaCode {
    static AREAS: LazyLock<Vec<AreaCode>> = LazyLock::new(|| {
        let geography = Geography::london();
        geography.areas_of(geography.finest()).iter().map(|area| area.code.clone()).collect()
    });
    AREAS[number % AREAS.len()].clone()
}

/// What it used in a half-hour. Not all the same, so that compression is not flattered.
pub(crate) fn energy(meter: usize, half_hour: usize) -> Energy {
    let tenths = (meter * 7919 + half_hour * 104_729) % 9000;
    Energy::from_mwh(tenths as i64 * 100)
}

/// When a half-hour begins.
pub(crate) fn start(half_hour: usize) -> UtcSecond {
    UtcSecond(FROM + half_hour as i64 * 1800)
}

impl Load {
    /// Makes batches of so many meters, which have to be whole thousands.
    pub(crate) fn prepare(meters: usize, batches: usize) -> anyhow::Result<Load> {
        let batches =
            (0..batches).map(|number| gzip(&text(meters, number))).collect::<anyhow::Result<_>>()?;
        Ok(Load { batches })
    }

    /// Sends the batches from `first` on at a steady pace, for so long; gives what was accepted.
    pub(crate) async fn send_steadily(
        &self,
        client: &Client,
        first: usize,
        readings_per_s: usize,
        time: Duration,
    ) -> anyhow::Result<u64> {
        let mut tick = tokio::time::interval(Duration::from_secs(1) * BATCH as u32 / readings_per_s as u32);
        let (began, mut under_way, mut sent) = (Instant::now(), JoinSet::new(), 0);
        for batch in &self.batches[first.min(self.batches.len())..] {
            if began.elapsed() >= time {
                break;
            }
            tick.tick().await;
            while under_way.len() >= CONNECTIONS {
                under_way.join_next().await.context("one is under way")???;
            }
            let (client, batch) = (client.clone(), batch.clone());
            under_way.spawn(async move { client.post("/readings", batch, BATCH as u64).await });
            sent += BATCH as u64;
        }
        while let Some(ended) = under_way.join_next().await {
            ended??;
        }
        Ok(sent)
    }

    /// Sends as fast as answers come, for so long or until there are no more; gives what was accepted.
    pub(crate) async fn send_all(&self, client: &Client, time: Duration) -> anyhow::Result<u64> {
        let (next, began) = (AtomicUsize::new(0), Instant::now());
        let send = async || -> anyhow::Result<u64> {
            let mut sent = 0;
            while began.elapsed() < time {
                let Some(batch) = self.batches.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                client.post("/readings", batch.clone(), BATCH as u64).await?;
                sent += BATCH as u64;
            }
            Ok(sent)
        };
        Ok(try_join_all((0..CONNECTIONS).map(|_| send())).await?.into_iter().sum())
    }
}

/// How long the door's parser takes for a batch.
pub(crate) fn parse_ms() -> f64 {
    const TIMES: u32 = 500;
    let body = text(BATCH, 0);
    let rules =
        Rules { now: UtcSecond(FROM + 86_400), future_tolerance_s: 0, retention_s: i64::MAX, batch: BATCH };
    let began = Instant::now();
    for _ in 0..TIMES {
        let batch = metering::door::readings(std::hint::black_box(body.as_bytes()), Format::Json, &rules);
        assert!(batch.is_ok_and(|batch| batch.accepted.len() == BATCH), "a batch is sound");
    }
    began.elapsed().as_secs_f64() * 1000.0 / f64::from(TIMES)
}

/// Batch `number`: a thousand meters in one half-hour.
fn text(meters: usize, number: usize) -> String {
    let (half_hour, first) = (number / (meters / BATCH), number % (meters / BATCH) * BATCH);
    let start = start(half_hour);
    let reading = |number: usize| {
        let mwh = energy(number, half_hour).mwh();
        format!(
            r#"{{"meter_id":"{}","start":"{start}","duration_s":1800,"energy_wh":{}.{}}}"#,
            meter(number),
            mwh / 1000,
            mwh % 1000 / 100
        )
    };
    let all: Vec<String> = (first..first + BATCH).map(reading).collect();
    format!("{{\"readings\":[{}]}}", all.join(","))
}

pub(crate) fn gzip(text: &str) -> anyhow::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    Ok(encoder.finish()?.into())
}
