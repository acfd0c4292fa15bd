//! Batches of readings, made beforehand.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::try_join_all;
use geography::Geography;
use metering::UtcSecond;
use metering::door::{Format, Rules};

use crate::node::Node;

/// Meters that send, spread over all areas.
pub(crate) const METERS: usize = 100_000;

/// Readings of a batch.
const BATCH: usize = 1000;

/// Batches that are under way at once.
const CONNECTIONS: usize = 8;

/// More than that a second would need more batches than fit into memory.
const READINGS_PER_S_MAX: u64 = 200_000;

/// The first half-hour of the readings.
const FROM: i64 = 1_767_225_600;

pub(crate) struct Load {
    batches: Vec<Bytes>,
}

impl Load {
    /// Registers the meters and makes batches: half-hour after half-hour of all meters.
    pub(crate) async fn prepare(node: &Node, time: Duration) -> anyhow::Result<Load> {
        let geography = Geography::london();
        let areas = geography.areas_of(geography.finest());
        for first in (0..METERS).step_by(BATCH) {
            let meter = |number: usize| {
                let code = &areas[number % areas.len()].code;
                format!(r#"{{"meter_id":"B{number:06}","area":"{code}"}}"#)
            };
            let meters: Vec<String> = (first..first + BATCH).map(meter).collect();
            let body = gzip(&format!("{{\"meters\":[{}]}}", meters.join(",")))?;
            node.post("/meters", body, BATCH as u64).await?;
        }
        let count = READINGS_PER_S_MAX * time.as_secs() / BATCH as u64;
        let batches = (0..count as usize).map(readings).collect::<anyhow::Result<_>>()?;
        Ok(Load { batches })
    }

    /// Sends as fast as answers come, for so long or until there are no more; gives what was accepted.
    pub(crate) async fn send_all(&self, node: &Node, time: Duration) -> anyhow::Result<u64> {
        let (next, began) = (AtomicUsize::new(0), Instant::now());
        let send = async || -> anyhow::Result<u64> {
            let mut sent = 0;
            while began.elapsed() < time {
                let Some(batch) = self.batches.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                node.post("/readings", batch.clone(), BATCH as u64).await?;
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
    let body = text(0);
    let rules =
        Rules { now: UtcSecond(FROM + 86_400), future_tolerance_s: 0, retention_s: i64::MAX, batch: BATCH };
    let began = Instant::now();
    for _ in 0..TIMES {
        let batch = metering::door::readings(std::hint::black_box(body.as_bytes()), Format::Json, &rules);
        assert!(batch.is_ok_and(|batch| batch.accepted.len() == BATCH), "a batch is sound");
    }
    began.elapsed().as_secs_f64() * 1000.0 / f64::from(TIMES)
}

/// Batch `number`, compressed.
fn readings(number: usize) -> anyhow::Result<Bytes> {
    gzip(&text(number))
}

/// Batch `number`: a thousand meters in one half-hour.
fn text(number: usize) -> String {
    let (half_hour, first) = (number / (METERS / BATCH), number % (METERS / BATCH) * BATCH);
    let start = UtcSecond(FROM + half_hour as i64 * 1800);
    let reading = |meter: usize| {
        // Not all the same, so that compression is not flattered.
        let tenths = (meter * 7919 + half_hour * 104_729) % 9000;
        format!(
            r#"{{"meter_id":"B{meter:06}","start":"{start}","duration_s":1800,"energy_wh":{}.{}}}"#,
            tenths / 10,
            tenths % 10
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
