//! The whole way, measured from outside, at the real program: `WATTMAP_BINARY` names it.
//!
//! ```text
//! bench_server ingest [SECONDS]               HTTP to durable to aggregated to live, on one machine's disk
//! bench_server distributed [SECONDS] [PART]   the same on Kafka and Cassandra, and what each part of it costs;
//!                                             only one part, if it is named: steady, backlog or meters
//! ```
//! Prints a JSON object a line. Whoever sends shares the machine with the program, so batches are made and compressed
//! beforehand.

mod client;
mod distributed;
mod feed;
mod ingest;
mod load;
mod node;

use std::time::Duration;

use anyhow::{Context, bail};

fn print(bench: &str, figure: &str, value: f64, unit: &str, against: Option<f64>) {
    let line = serde_json::json!({
        "bench": bench, "figure": figure, "value": (value * 1000.0).round() / 1000.0, "unit": unit, "against": against,
    });
    println!("{line}");
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let binary = std::env::var("WATTMAP_BINARY").context("WATTMAP_BINARY names the program to measure")?;
    let number = |text: &String| text.parse().map(Duration::from_secs).ok();
    let seconds = |or| arguments.get(1).and_then(number).unwrap_or(Duration::from_secs(or));
    let part = arguments.get(1..).unwrap_or_default().iter().find(|text| number(text).is_none());
    match arguments.first().map(String::as_str) {
        Some("ingest") => ingest::run(&binary, seconds(60)).await,
        Some("distributed") => distributed::run(&binary, seconds(120), part.map(String::as_str)).await,
        _ => bail!("bench_server ingest [SECONDS], or distributed [SECONDS] [steady|backlog|meters]"),
    }
}
