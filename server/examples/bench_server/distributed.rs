//! On Kafka and Cassandra: `WATTMAP_KAFKA_BROKERS` and `WATTMAP_CASSANDRA_NODES` say where they are.

mod raw;
mod system;

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use crate::client::Client;
use crate::feed::Feed;
use crate::load::{self, BATCH, Load};
use system::System;

/// Meters, but where their number is what is measured.
const METERS: usize = 100_000;

/// What is sent steadily: Britain's fleet, and a fifth more.
const READINGS_PER_S: usize = 25_000;

/// What is sent while area pages are asked for.
const BESIDE_PAGES_PER_S: usize = 10_000;
const PAGES: usize = 400;
/// Of which at least so many in this time.
const PAGES_MIN: usize = 100;
const PAGES_IN: Duration = Duration::from_secs(110);

/// Half-hours of all meters that wait for an aggregator: five million readings.
const BACKLOG_HALF_HOURS: usize = 50;

/// What an aggregator may ever hold, MB: it has to fit where deploy/compose.yaml puts it, and in the tests of outages.
const PEAK_MB_MAX: f64 = 768.0;

/// Readings by which meters of different number are compared, and how many of these share an area: a million in all of London.
const COMPARED_READINGS: usize = 2_000_000;
const METERS_AN_AREA: usize = 207;

fn print(figure: &str, value: f64, unit: &str, against: Option<f64>) {
    crate::print("distributed", figure, value, unit, against);
}

/// One part.
pub(crate) async fn run(binary: &str, part: &str, time: Duration) -> anyhow::Result<()> {
    match part {
        "steady" => steady(binary, time).await,
        "backlog" => after_absence(binary).await,
        "meters" => by_meters(binary).await,
        _ => bail!("there is no part {part:?}; there are steady, backlog and meters"),
    }
}

/// What is sent steadily, and pages beside it.
async fn steady(binary: &str, time: Duration) -> anyhow::Result<()> {
    let system = System::migrated(binary).await?;
    let aggregate = system.aggregate()?;
    let (serve, client) = registered(&system).await?;
    sustained(&client, time).await?;
    print("resident_memory_of_serve", crate::node::resident_mb(&serve)?, "MB", None);
    print("resident_memory_of_aggregate", crate::node::resident_mb(&aggregate)?, "MB", None);
    Ok(())
}

/// What waited for an aggregator: little, after one was replaced, and then much.
async fn after_absence(binary: &str) -> anyhow::Result<()> {
    let system = System::migrated(binary).await?;
    let mut aggregate = system.aggregate()?;
    let (_serve, client) = registered(&system).await?;
    let restarts = [
        (Signal::TERM, "restart_to_first_processed", Some(5.0)),
        // The brokers wait six seconds for a member that does not say that it leaves.
        (Signal::KILL, "restart_after_kill_to_first_processed", None),
    ];
    for (half_hour, (signal, name, most)) in restarts.into_iter().enumerate() {
        let took;
        (aggregate, took) = restart(&system, aggregate, signal, half_hour).await?;
        print(name, took.as_secs_f64(), "s", most);
        client.drained().await?;
    }
    drop(aggregate);
    catch_up(binary, &system, &client, restarts.len()).await
}

/// What a reading costs where there are few meters, and many.
async fn by_meters(binary: &str) -> anyhow::Result<()> {
    // Whoever comes first finds engines whose code is not compiled yet, and would pay for all.
    let [first, known] = rate_with(binary, METERS).await?;
    eprintln!(
        "beforehand: {first:.0} readings a second, the first of each meter, and {known:.0} of those that follow"
    );
    let mut rates = Vec::new();
    for meters in [10_000, 100_000, 1_000_000] {
        let [first, known] = rate_with(binary, meters).await?;
        print(&format!("first_of_{meters}_meters"), first, "1/s", None);
        print(&format!("per_s_with_{meters}_meters"), known, "1/s", None);
        rates.push(known);
    }
    let (fastest, slowest) =
        rates.iter().fold((0.0_f64, f64::MAX), |(most, least), &rate| (most.max(rate), least.min(rate)));
    print("dearest_reading_to_cheapest_by_meters", fastest / slowest, "", Some(1.2));
    Ok(())
}

/// A web node, and all meters registered through it.
async fn registered(system: &System) -> anyhow::Result<(Child, Client)> {
    let (serve, client) = system.serve().await?;
    eprintln!("registering {METERS} meters ...");
    load::register(&client, METERS).await?;
    client.drained().await?;
    Ok((serve, client))
}

/// Ends an aggregator, the only one, and starts another; gives it, and how long it took from the end of the former to the first
/// record that it stored of those that were appended meanwhile.
async fn restart(
    system: &System,
    mut former: Child,
    signal: Signal,
    half_hours: usize,
) -> anyhow::Result<(Child, Duration)> {
    let pid = former.id().and_then(|pid| Pid::from_raw(pid as i32)).context("it has ended by itself")?;
    kill_process(pid, signal)?;
    former.wait().await?;
    let ended = Instant::now();
    let before = system.progress().await?;
    let aggregate = system.aggregate()?;
    let (appended, first) = tokio::join!(system.append_readings(METERS, half_hours, 1), async {
        while system.progress().await? == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(ended.elapsed())
    });
    appended?;
    Ok((aggregate, first?))
}

/// A backlog from a half-hour on: through raw clients, into tables of their own, then through the program, then through raw
/// clients once more. Whoever comes later finds nodes that are still busy with what was written before, so the faster of
/// the two is what the program is held against.
async fn catch_up(binary: &str, system: &System, client: &Client, half_hours: usize) -> anyhow::Result<()> {
    let from = system.append_readings(METERS, half_hours, BACKLOG_HALF_HOURS).await?;
    let raw = async || {
        let tables = System::migrated(binary).await?;
        raw::per_s(system, &tables, METERS, half_hours, BACKLOG_HALF_HOURS, &from).await
    };
    let before = raw().await?;
    print("raw_per_s_before", before, "1/s", None);
    let backlog = backlog(system, client, METERS * BACKLOG_HALF_HOURS).await?;
    print("peak_memory_of_aggregate", backlog.peak_mb, "MB", Some(PEAK_MB_MAX));
    print("start_to_first_processed", backlog.first.as_secs_f64(), "s", None);
    print("backlog_per_s", backlog.per_s, "1/s", Some(40_000.0));
    let after = raw().await?;
    print("raw_per_s_after", after, "1/s", None);
    print("share_of_raw", backlog.per_s / before.max(after), "", Some(0.7));
    Ok(())
}

/// Sends steadily, and looks whether what waits becomes more; then asks for pages beside a lighter load.
async fn sustained(client: &Client, time: Duration) -> anyhow::Result<()> {
    let batches = READINGS_PER_S * time.as_secs() as usize / BATCH;
    let beside = BESIDE_PAGES_PER_S * (PAGES_IN.as_secs() as usize + 10) / BATCH;
    let load = Load::prepare(METERS, batches + beside)?;
    client.drained().await?;
    let page = Feed::open(&client.address, "msoa").await?;
    let began = Instant::now();
    let watching = tokio::spawn(lags(client.clone(), time));
    let sent = load.send_steadily(client, 0, READINGS_PER_S, time).await?;
    let took = began.elapsed();
    let lags = watching.await??;
    client.drained().await?;
    let counted_in = began.elapsed();
    let third = lags.len() / 3;
    let median = |some: &[i64]| {
        let mut some = some.to_vec();
        some.sort_unstable();
        some[some.len() / 2] as f64
    };
    eprintln!("{sent} readings accepted in {took:.1?}, all counted and stored after {counted_in:.1?}");
    print("sustained_per_s", sent as f64 / counted_in.as_secs_f64(), "1/s", Some(20_600.0));
    print("lag_in_the_first_third", median(&lags[..third]), "records", None);
    print("lag_in_the_last_third", median(&lags[2 * third..]), "records", None);
    drop(page);

    let loading = async {
        load.send_steadily(client, batches, BESIDE_PAGES_PER_S, Duration::from_secs(600)).await?;
        anyhow::bail!("the pages take longer than the load beside them")
    };
    let (heads, began) = (client.heads().await?, Instant::now());
    let mut took_ms = tokio::select! {
        took_ms = pages(client) => took_ms?,
        ended = loading => ended?,
    };
    let per_s = (client.heads().await? - heads) as f64 / began.elapsed().as_secs_f64();
    print("readings_beside_pages_per_s", per_s, "1/s", Some(BESIDE_PAGES_PER_S as f64));
    took_ms.sort_unstable_by(f64::total_cmp);
    print("area_page_p50", took_ms[took_ms.len() / 2], "ms", None);
    print("area_page_p99", took_ms[took_ms.len() * 99 / 100], "ms", Some(100.0));
    client.drained().await
}

/// The lag, each second.
async fn lags(client: Client, time: Duration) -> anyhow::Result<Vec<i64>> {
    let (began, mut lags) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        tokio::time::sleep(Duration::from_secs(1)).await;
        lags.push(client.lag().await?);
    }
    ensure!(lags.len() >= 3, "too short to see whether the lag grows");
    Ok(lags)
}

/// How long areas' pages take, after the first of them.
async fn pages(client: &Client) -> anyhow::Result<Vec<f64>> {
    let (mut took_ms, all) = (Vec::new(), Instant::now());
    // The first one reads what the others share.
    for number in (0..=PAGES).take_while(|_| all.elapsed() < PAGES_IN) {
        let path = format!("/area/{}", load::area(number * 389));
        let began = Instant::now();
        client.get(&path).await?;
        took_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let others = took_ms.split_off(1);
    eprintln!("a first page took {:.0} ms, then {} were asked for", took_ms[0], others.len());
    ensure!(others.len() >= PAGES_MIN, "too few to say how long the slowest of a hundred takes");
    Ok(others)
}

struct Backlog {
    /// From the start of the program to the first records that it stored: few, so that it is soon seen to go on.
    first: Duration,
    /// From then on.
    per_s: f64,
    /// The most memory that it held.
    peak_mb: f64,
}

/// Starts an aggregator, which finds records that wait.
async fn backlog(system: &System, client: &Client, readings: usize) -> anyhow::Result<Backlog> {
    let waiting = client.lag().await?;
    ensure!(waiting >= readings as i64, "{waiting} records wait, not {readings}");
    let before = system.progress().await?;
    let began = Instant::now();
    let aggregate = system.aggregate()?;
    while system.progress().await? == before {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (first, left) = (began.elapsed(), client.lag().await?);
    client.drained().await?;
    let per_s = left as f64 / (began.elapsed() - first).as_secs_f64();
    Ok(Backlog { first, per_s, peak_mb: crate::node::peak_mb(&aggregate)? })
}

/// About the same number of readings, of more or fewer meters, so many of which share an area that a row is changed by as many
/// readings; through an aggregator that knows them: it has had one reading of each. Appending is in the time, the same for all.
/// Gives the readings a second while it gets to know them, and of those that are known.
async fn rate_with(binary: &str, meters: usize) -> anyhow::Result<[f64; 2]> {
    let system = System::migrated(binary).await?;
    let (_serve, client) = system.serve().await?;
    let _aggregate = system.aggregate()?;
    system.append_registrations(meters, meters / METERS_AN_AREA).await?;
    client.drained().await?;
    let mut rates = [0.0; 2];
    for (rate, (first, half_hours)) in rates.iter_mut().zip([(0, 1), (1, COMPARED_READINGS.div_ceil(meters))])
    {
        let began = Instant::now();
        system.append_readings(meters, first, half_hours).await?;
        client.drained().await?;
        *rate = (meters * half_hours) as f64 / began.elapsed().as_secs_f64();
    }
    Ok(rates)
}
