//! The whole way, measured from outside: HTTP batches to the real program, durable, aggregated, live.
//!
//! `WATTMAP_BINARY=target/release/wattmap cargo run --release -p server --example bench_ingest -- [SECONDS]`
//! prints a JSON object a line. The sender shares the machine with the program, so batches are made and
//! compressed beforehand.

mod feed;
mod load;
mod node;

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::load::{Load, METERS};
use crate::node::Node;

fn print(figure: &str, value: f64, unit: &str, against: Option<f64>) {
    let line = serde_json::json!({
        "bench": "ingest", "figure": figure, "value": (value * 1000.0).round() / 1000.0, "unit": unit, "against": against,
    });
    println!("{line}");
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let seconds = match std::env::args().nth(1) {
        Some(text) => text.parse().context("SECONDS is a whole number")?,
        None => 60,
    };
    let binary = std::env::var("WATTMAP_BINARY").context("WATTMAP_BINARY names the program to measure")?;
    print("parse_1000_readings", load::parse_ms(), "ms", Some(1.0));
    let node = Node::start(&binary).await?;
    eprintln!("registering {METERS} meters, making batches ...");
    let load = Load::prepare(&node, Duration::from_secs(seconds)).await?;
    node.drained().await?;

    // A page is open all the time.
    let page = feed::Feed::open(&node.address, "msoa").await?;
    let began = Instant::now();
    let sent = load.send_all(&node, Duration::from_secs(seconds)).await?;
    let accepted_in = began.elapsed();
    node.drained().await?;
    let counted_in = began.elapsed();
    eprintln!("{sent} readings accepted in {accepted_in:.1?}, all counted and stored after {counted_in:.1?}");
    print("accepted_per_s", sent as f64 / accepted_in.as_secs_f64(), "1/s", None);
    print("aggregated_per_s", sent as f64 / counted_in.as_secs_f64(), "1/s", Some(20_600.0));
    print("resident_memory_when_saturated", node.resident_mb()?, "MB", None);
    // The load is over, the meters and the page are still there.
    tokio::time::sleep(Duration::from_secs(30)).await;
    print("resident_memory", node.resident_mb()?, "MB", Some(500.0));
    drop(page);

    let latencies = feed::latencies(&node).await?;
    print("live_p50", latencies.p50_ms, "ms", None);
    print("live_p99", latencies.p99_ms, "ms", Some(2000.0));
    node.stop().await
}
