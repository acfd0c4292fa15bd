//! The whole way, measured from outside, at the real program: `WATTMAP_BINARY` names it.
//!
//! ```text
//! bench_server ingest [SECONDS]             HTTP to durable to aggregated to live, on one machine's disk
//! bench_server distributed PART [SECONDS]   the same on Kafka and Cassandra, and what each part of it costs: steady,
//!                                           backlog or meters
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
    let number = |text: &String| text.parse().map(Duration::from_secs);
    let seconds = |at: usize, or| arguments.get(at).map_or(Ok(Duration::from_secs(or)), number);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ingest", ..] => ingest::run(&binary, seconds(1, 60)?).await,
        ["distributed", part, ..] => distributed::run(&binary, part, seconds(2, 120)?).await,
        _ => bail!("bench_server ingest [SECONDS], or distributed PART [SECONDS]"),
    }
}
