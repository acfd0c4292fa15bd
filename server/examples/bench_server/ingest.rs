//! On one machine's disk.

use std::time::{Duration, Instant};

use crate::feed::{self, Feed};
use crate::load::{self, BATCH, Load};
use crate::node::Node;

/// Meters that send, spread over all areas.
const METERS: usize = 100_000;

/// More than that a second would need more batches than fit into memory.
const READINGS_PER_S_MAX: usize = 200_000;

fn print(figure: &str, value: f64, unit: &str, against: Option<f64>) {
    crate::print("ingest", figure, value, unit, against);
}

pub(crate) async fn run(binary: &str, time: Duration) -> anyhow::Result<()> {
    print("parse_1000_readings", load::parse_ms(), "ms", Some(1.0));
    let node = Node::start(binary).await?;
    let client = &node.client;
    eprintln!("registering {METERS} meters, making batches ...");
    load::register(client, METERS).await?;
    let load = Load::prepare(METERS, READINGS_PER_S_MAX * time.as_secs() as usize / BATCH)?;
    client.drained().await?;

    // A page is open all the time.
    let page = Feed::open(&client.address, "msoa").await?;
    let began = Instant::now();
    let sent = load.send_all(client, time).await?;
    let accepted_in = began.elapsed();
    client.drained().await?;
    let counted_in = began.elapsed();
    eprintln!("{sent} readings accepted in {accepted_in:.1?}, all counted and stored after {counted_in:.1?}");
    print("accepted_per_s", sent as f64 / accepted_in.as_secs_f64(), "1/s", None);
    print("aggregated_per_s", sent as f64 / counted_in.as_secs_f64(), "1/s", Some(20_600.0));
    print("resident_memory_when_saturated", node.resident_mb()?, "MB", None);
    // The load is over, the meters and the page are still there.
    tokio::time::sleep(Duration::from_secs(30)).await;
    print("resident_memory", node.resident_mb()?, "MB", Some(500.0));
    drop(page);

    let latencies = feed::latencies(client, METERS).await?;
    print("live_p50", latencies.p50_ms, "ms", None);
    print("live_p99", latencies.p99_ms, "ms", Some(2000.0));
    node.stop().await
}
