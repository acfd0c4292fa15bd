//! How long it takes from durable to live, as this process hears of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::{LiveFeed, LiveNews};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// Latencies of that long are told; a slot is half of it.
const SLOT: Duration = Duration::from_secs(60);

/// Percentiles of the time from a record's being durable to this process's hearing of what it changed, of the last one to two
/// minutes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LatencyStatus {
    /// Publications that were measured, each by its oldest record.
    pub count: u64,
    /// Milliseconds.
    pub p50_ms: u64,
    /// Milliseconds.
    pub p95_ms: u64,
    /// Milliseconds.
    pub p99_ms: u64,
    /// Milliseconds.
    pub max_ms: u64,
}

/// Measured from what owners publish, so that whoever serves knows it, too, and what is under way to it counts.
#[derive(Debug)]
pub struct Latency(Mutex<Slots>);

#[derive(Debug)]
struct Slots {
    now: Option<Histogram<u64>>,
    before: Option<Histogram<u64>>,
    turned: Instant,
}

impl Default for Latency {
    fn default() -> Self {
        Latency(Mutex::new(Slots { now: None, before: None, turned: Instant::now() }))
    }
}

impl Latency {
    /// Listens until it is told to stop.
    pub async fn follow(&self, feed: &dyn LiveFeed, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let mut receiver = feed.subscribe();
        loop {
            let news = tokio::select! {
                () = stop.cancelled() => return,
                news = receiver.recv() => news,
            };
            match news.as_deref() {
                Ok(LiveNews::Rows(batch)) => {
                    if let Some(since_ms) = batch.oldest_ms {
                        self.heard(clock.now_ms().saturating_sub(since_ms).max(0) as u64);
                    }
                }
                // What was missed is not measured.
                Ok(LiveNews::Gap) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Notes how long a publication's oldest record was under way.
    pub(super) fn heard(&self, took_ms: u64) {
        let mut slots = self.slots();
        // Three digits are plenty; a histogram that can't be made is one that isn't shown.
        let Slots { now, .. } = &mut *slots;
        if now.is_none() {
            *now = Histogram::new(3).ok();
        }
        if let Some(histogram) = now {
            histogram.saturating_record(took_ms);
        }
    }

    /// None if nothing was heard.
    pub fn status(&self) -> Option<LatencyStatus> {
        let slots = self.slots();
        let mut all = slots.before.clone()?;
        if let Some(now) = &slots.now {
            all.add(now).ok()?;
        }
        (!all.is_empty()).then(|| LatencyStatus {
            count: all.len(),
            p50_ms: all.value_at_quantile(0.5),
            p95_ms: all.value_at_quantile(0.95),
            p99_ms: all.value_at_quantile(0.99),
            max_ms: all.max(),
        })
    }

    /// As of now.
    fn slots(&self) -> std::sync::MutexGuard<'_, Slots> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.turn();
        slots
    }
}

impl Slots {
    fn turn(&mut self) {
        let age = self.turned.elapsed();
        if age >= SLOT {
            // After a long silence both are old.
            self.before = self.now.take().filter(|_| age < 2 * SLOT);
            self.turned = Instant::now();
        }
        if self.before.is_none() {
            self.before = Histogram::new(3).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_heard() {
        let latency = Latency::default();
        assert_eq!(latency.status(), None);
        (1..=100).for_each(|ms| latency.heard(ms));
        let status = latency.status().unwrap();
        assert_eq!((status.count, status.p50_ms, status.p99_ms, status.max_ms), (100, 50, 99, 100));
    }
}
