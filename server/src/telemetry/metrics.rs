//! What `GET /metrics` tells Prometheus.

use std::fmt::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::Measured;
use metering::DeadReason;
use metering::door::Rejection;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::door::Kind;
use crate::telemetry::engine::Engines;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCode {
    kind: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPartition {
    partition: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

type Decimal = Gauge<f64, AtomicU64>;

/// All counters of a node.
pub struct Metrics {
    registry: Mutex<Registry>,
    accepted: Family<OfKind, Counter>,
    refused_by_log: Family<OfKind, Counter>,
    rejected: Family<OfCode, Counter>,
    append_seconds: Histogram,
    requests: Family<OfRequest, Counter>,
    lag_records: Family<OfPartition, Gauge>,
    lag_seconds: Family<OfPartition, Decimal>,
    decided: Family<OfPartition, Gauge>,
    dead_letters: Family<OfReason, Counter>,
    engines: Engines,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at nothing.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("wattmap");
        // Half a millisecond to ten seconds.
        let append_seconds =
            Histogram::new([0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 10.0]);
        let metrics = Metrics {
            registry: Mutex::default(),
            accepted: Family::default(),
            refused_by_log: Family::default(),
            rejected: Family::default(),
            append_seconds,
            requests: Family::default(),
            lag_records: Family::default(),
            lag_seconds: Family::default(),
            decided: Family::default(),
            dead_letters: Family::default(),
            engines: Engines::default(),
        };
        registry.register_collector(Box::new(metrics.engines.clone()));
        registry.register(
            "accepted",
            "Readings and registrations that are durable",
            metrics.accepted.clone(),
        );
        registry.register(
            "not_durable",
            "Readings and registrations that the log did not take",
            metrics.refused_by_log.clone(),
        );
        registry.register(
            "rejected",
            "Readings and registrations refused at the door",
            metrics.rejected.clone(),
        );
        registry.register_with_unit(
            "append",
            "From the door to durable",
            Unit::Seconds,
            metrics.append_seconds.clone(),
        );
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register(
            "lag_records",
            "Records between a partition's head and its progress",
            metrics.lag_records.clone(),
        );
        registry.register_with_unit(
            "lag",
            "Age of the oldest record beyond a partition's progress",
            Unit::Seconds,
            metrics.lag_seconds.clone(),
        );
        registry.register(
            "decided_offset",
            "The next record of a partition to be decided",
            metrics.decided.clone(),
        );
        registry.register(
            "dead_letters",
            "Dead letters that this process has stored; whatever it decides twice it stores twice",
            metrics.dead_letters.clone(),
        );
        Metrics { registry: Mutex::new(registry), ..metrics }
    }

    /// From now on tells what an engine says of itself, too.
    pub fn watch(&self, engine: Arc<dyn Measured>) {
        self.engines.add(engine);
    }

    /// Counts what the door refused.
    pub fn judged(&self, kind: Kind, rejected: &[Rejection]) {
        for rejection in rejected {
            let of = OfCode { kind: kind.name(), code: rejection.code.clone().into_owned() };
            self.rejected.get_or_create(&of).inc();
        }
    }

    /// Counts what went to the log, and how long it took.
    pub fn appended(&self, kind: Kind, count: usize, took: Duration, durable: bool) {
        let family = if durable { &self.accepted } else { &self.refused_by_log };
        family.get_or_create(&OfKind { kind: kind.name() }).inc_by(count as u64);
        if durable {
            self.append_seconds.observe(took.as_secs_f64());
        }
    }

    /// Counts an answer. `route` is the pattern, never the path: its values would be without end.
    pub fn answered(&self, route: &str, status: u16) {
        self.requests.get_or_create(&OfRequest { route: route.to_owned(), status }).inc();
    }

    /// Notes how far a partition is.
    pub fn partition(&self, partition: u32, lag_records: i64, lag_s: Option<f64>, decided: i64) {
        let of = OfPartition { partition };
        self.lag_records.get_or_create(&of).set(lag_records);
        match lag_s {
            Some(lag_s) => drop(self.lag_seconds.get_or_create(&of).set(lag_s)),
            None => drop(self.lag_seconds.remove(&of)),
        }
        self.decided.get_or_create(&of).set(decided);
    }

    /// Notes how many dead letters of a reason there have been.
    pub fn dead_letters(&self, reason: DeadReason, count: u64) {
        let of = OfReason { reason: reason.as_str() };
        self.dead_letters.get_or_create(&of).inner().store(count, Ordering::Relaxed);
    }

    /// In the OpenMetrics text format.
    pub fn encode(&self) -> Result<String, Error> {
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Kind {
    /// As labels and messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Readings => "reading",
            Kind::Meters => "registration",
        }
    }
}
