//! How fast one key may send: a bucket of tokens each, one token a reading.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The buckets of all keys. Keys are made by operators, so there are few.
pub(super) struct Rates {
    /// Readings a second; None for no limit.
    rate: Option<f64>,
    /// What a key may send at once after a pause.
    burst: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    /// Negative after a request that took more than there was.
    tokens: f64,
    at: Instant,
}

impl Rates {
    /// `batch` is the largest request: it may always pass after a pause.
    pub(super) fn new(rate: Option<u32>, batch: usize) -> Self {
        let rate = rate.map(f64::from);
        Rates { rate, burst: rate.unwrap_or(0.0).max(batch as f64), buckets: Mutex::default() }
    }

    /// Whether the key may send now, or how long it has to wait.
    pub(super) fn ask(&self, key: &str, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let tokens = self.with(key, now, rate, |bucket| bucket.tokens);
        if tokens > 0.0 { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - tokens) / rate)) }
    }

    /// Takes what a request had.
    pub(super) fn spend(&self, key: &str, readings: usize, now: Instant) {
        if let Some(rate) = self.rate {
            self.with(key, now, rate, |bucket| bucket.tokens -= readings as f64);
        }
    }

    fn with<T>(&self, key: &str, now: Instant, rate: f64, then: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { tokens: self.burst, at: now });
        let refill = now.saturating_duration_since(bucket.at).as_secs_f64() * rate;
        bucket.tokens = (bucket.tokens + refill).min(self.burst);
        bucket.at = now;
        then(bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_for_what_it_took() {
        let rates = Rates::new(Some(100), 1000);
        let began = Instant::now();
        assert_eq!(rates.ask("a", began), Ok(()));
        rates.spend("a", 1500, began);
        let wait = rates.ask("a", began).unwrap_err();
        assert!((5.0..5.1).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!(rates.ask("b", began), Ok(()));
        assert_eq!(rates.ask("a", began + wait), Ok(()));
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let rates = Rates::new(None, 1000);
        let now = Instant::now();
        rates.spend("a", usize::MAX, now);
        assert_eq!(rates.ask("a", now), Ok(()));
    }
}
