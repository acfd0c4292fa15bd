//! Logs and counters.

mod engine;
mod metrics;

use std::io::IsTerminal;

pub use metrics::Metrics;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Telemetry;

/// Logs to stderr from here on; stdout is for what was asked for. The first call decides, so that tests may repeat it.
pub fn init(config: &Telemetry) {
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    let first = if config.json {
        registry.with(lines.json()).try_init()
    } else {
        registry.with(lines.with_target(false)).try_init()
    };
    if first.is_err() {
        tracing::debug!("logging was set up before");
    }
}
