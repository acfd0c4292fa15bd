//! What the driver counts.

use std::time::Duration;

use engine::{Measured, Measurement};

use crate::CassandraStore;

/// What is known of Cassandra.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CassandraMetrics {
    /// Requests since this process began.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Those that were sent again.
    pub retries: u64,
    /// Those that nobody answered in time.
    pub timeouts: u64,
    /// Requests under way now.
    pub under_way: usize,
    /// Requests that may be under way at a time.
    pub under_way_max: usize,
    /// Connections to nodes.
    pub connections: u64,
    /// From a request to its answer, since this process began; none before the first.
    pub latency: Option<Latency>,
}

/// From a request to its answer, in the driver's whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// The mean.
    pub mean: Duration,
    /// What half of them stay below.
    pub p50: Duration,
    /// What 99 of 100 stay below.
    pub p99: Duration,
}

impl CassandraStore {
    /// What the driver counts.
    pub fn metrics(&self) -> CassandraMetrics {
        let counted = self.session.get_metrics();
        let millis = Duration::from_millis;
        let latency = counted.get_snapshot().ok().map(|snapshot| Latency {
            mean: millis(snapshot.mean),
            p50: millis(snapshot.median),
            p99: millis(snapshot.percentile_99),
        });
        CassandraMetrics {
            requests: counted.get_requests_unpaged_num()
                + counted.get_requests_manually_paged_num()
                + counted.get_requests_automatically_paged_num(),
            errors: counted.get_errors_unpaged_num()
                + counted.get_errors_manually_paged_num()
                + counted.get_errors_automatically_paged_num(),
            retries: counted.get_retries_num(),
            timeouts: counted.get_request_timeouts(),
            under_way: self.under_way(),
            under_way_max: self.requests_max,
            connections: counted.get_total_connections(),
            latency,
        }
    }
}

impl CassandraMetrics {
    /// As Prometheus wants them.
    pub fn measurements(&self) -> Vec<Measurement> {
        let mut all = vec![
            Measurement::counter("cassandra_requests", "Requests to nodes", self.requests as f64),
            Measurement::counter("cassandra_errors", "Requests that failed", self.errors as f64),
            Measurement::counter("cassandra_retries", "Requests sent again", self.retries as f64),
            Measurement::counter(
                "cassandra_timeouts",
                "Requests that nodes did not answer in time",
                self.timeouts as f64,
            ),
            Measurement::gauge(
                "cassandra_requests_under_way",
                "Requests that are not answered yet",
                self.under_way as f64,
            ),
            Measurement::gauge(
                "cassandra_requests_under_way_max",
                "Requests that may be under way at a time; more wait",
                self.under_way_max as f64,
            ),
            Measurement::gauge("cassandra_connections", "Connections to nodes", self.connections as f64),
        ];
        if let Some(Latency { mean, p50, p99 }) = self.latency {
            for (name, help, latency) in [
                ("cassandra_latency_mean_seconds", "From a request to its answer, the mean", mean),
                ("cassandra_latency_p50_seconds", "From a request to its answer, the median", p50),
                (
                    "cassandra_latency_p99_seconds",
                    "From a request to its answer, what 99 of 100 stay below",
                    p99,
                ),
            ] {
                all.push(Measurement::gauge(name, help, latency.as_secs_f64()));
            }
        }
        all
    }
}

impl Measured for CassandraStore {
    fn measurements(&self) -> Vec<Measurement> {
        self.metrics().measurements()
    }
}
