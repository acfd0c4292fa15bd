//! Processes sleep, come and go.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rustix::process::Signal;

use super::super::load::Load;
use super::super::site::{Mark, Process, Site};
use super::super::watch::{Standstill, Totals, Watch};
use super::{
    TAKES_OVER_WITHIN, everybody_works, moment, readings_are_found_again, replay_agrees, seed, turn,
};
use crate::support::Http;

/// How often two aggregators come and go.
const TURNS: u64 = 20;

/// From the last owner's end to an operator's being told that nothing is stored: as long as something may wait, and some looks.
const TOLD_WITHIN: Duration = Duration::from_secs(45);

/// How long a partition with something to do may stand still when owners join, and when they end because they were told to.
const HANDS_OVER_WITHIN: Duration = Duration::from_secs(10);

/// Steps of a flush at which one falls asleep that has written nothing yet, and that has written a part.
const WRITES_AFTER: [&str; 2] = ["flush-published", "flush-in-the-middle"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn a_sleeper_changes_nothing_when_it_wakes() {
    let _turn = turn().await;
    let (site, mut load) = (Site::new(4), Load::new(seed()));
    load.never_corrects(0..2);
    let areas = load.areas_and_whether_corrected();
    let other = site.aggregate("aggregate-1", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let mut compared = 0;
    for step in WRITES_AFTER {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        let totals = Watch::over(&http, Totals::of(areas.clone()));
        let sleeps = format!("{step}=8*off->1*return(stop)->off");
        let tells = ("WATTMAP_LOG", "info,server=debug,scylla=error");
        let sleeper = site.aggregate("aggregate-0", &[("FAILPOINTS", &sleeps), tells]);
        sleeper.is_asleep(TAKES_OVER_WITHIN).await;
        let took = everybody_works(&http, &site, &sending).await;
        println!("{step}: another has taken over after {took:.1?}");
        let others = progress(&http).await;
        let wakes = sleeper.mark();
        sleeper.signal(Signal::CONT);
        writes_late(&sleeper, wakes, &others).await;
        let took = sleeper.owns_something_since(wakes, TAKES_OVER_WITHIN).await;
        println!("{step}: it owns something again after {took:.1?}");
        everybody_works(&http, &site, &sending).await;
        load.end(sending).await;
        load.check(&site).await;
        compared += totals.end().await.compared;
        sleeper.stop().await;
    }
    println!("{compared} sums were no less than before");
    assert!(compared > 10_000, "that was no test");
    readings_are_found_again(&site, &load);
    replay_agrees(&site);
    other.stop().await;
}

/// How long an owner that hangs has, and what may pass until another has its partitions: that, the six seconds for which the
/// brokers wait, and taking over.
const HANGS_FOR_S: &str = "30";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn an_owner_that_hangs_ends_its_process_and_one_that_nobody_replaces_is_told_of() {
    let _turn = turn().await;
    let (site, mut load) = (Site::new(4), Load::new(seed()));
    let other = site.aggregate("aggregate-1", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    everybody_works(&http, &site, &sending).await;
    let hangs = [
        ("FAILPOINTS", "records-read=30*off->1*return(hang)->off"),
        ("WATTMAP_OWNER_SILENCE_S", HANGS_FOR_S),
    ];
    let mut one = site.aggregate("aggregate-0", &hangs);
    one.owns_something(TAKES_OVER_WITHIN).await;
    let ended = one.ends(2 * TAKES_OVER_WITHIN).await;
    assert_eq!(ended.signal(), Some(Signal::ABORT.as_raw()), "{ended}");
    one.says("an owner gives no sign of life", Duration::ZERO).await;
    let took = everybody_works(&http, &site, &sending).await;
    println!("its process has ended, and another has taken over after {took:.1?}");
    other.kill();
    let began = Instant::now();
    let told = loop {
        let status = http.operate_patiently("/ingestion").await;
        if status["status"] == "stalled" {
            break status;
        }
        assert_eq!(status["status"], "ok", "{status}");
        assert!(began.elapsed() < TOLD_WITHIN, "nobody stores anything, and it is not told: {status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    println!("that nobody stores anything is told after {:.1?}", began.elapsed());
    assert!(told["lag_records"].as_i64() > Some(0), "{told}");
    let _owner = site.aggregate("aggregate-2", &[]);
    everybody_works(&http, &site, &sending).await;
    load.end(sending).await;
    let status = http.operate_patiently("/ingestion").await;
    assert_eq!(status["status"], "ok", "{status}");
    let latency = &status["latency"];
    println!("from durable to heard of at a web node: {latency}");
    assert!(latency["count"].as_u64() > Some(10) && latency["p50_ms"].as_u64() < Some(60_000), "{latency}");
    load.check(&site).await;
    readings_are_found_again(&site, &load);
    replay_agrees(&site);
}

/// How far each partition is stored.
async fn progress(http: &Http) -> Vec<i64> {
    let status = http.operate_patiently("/ingestion").await;
    status["partitions"].as_array().unwrap().iter().map(|one| one["progress"].as_i64().unwrap()).collect()
}

/// Waits until it says that it has stored something that others had stored while it slept.
async fn writes_late(sleeper: &Process, wakes: Mark, others: &[i64]) {
    let is_late = |line: &str| {
        let (_, fields) = line.split_once(" stored partition=")?;
        let (partition, rest) = fields.split_once(" through=")?;
        let through = rest.split(' ').next()?.parse::<i64>().ok()?;
        Some(through < others[partition.parse::<usize>().ok()?])
    };
    let began = Instant::now();
    while !sleeper.said_since(wakes).lines().any(|line| is_late(line) == Some(true)) {
        let said = sleeper.said_since(wakes);
        assert!(began.elapsed() < TAKES_OVER_WITHIN, "it wrote nothing late; {others:?} were stored: {said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn aggregators_come_and_go_under_load() {
    let _turn = turn().await;
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let (site, mut load) = (Site::new(4), Load::new(seed));
    let _stays = site.aggregate("aggregate-0", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    everybody_works(&http, &site, &sending).await;
    let mut longest = Duration::ZERO;
    for turn in 1..=TURNS {
        let standstill = Watch::over(&http, Standstill::default());
        let [one, two] = ["aggregate-1", "aggregate-2"].map(|name| site.aggregate(name, &[]));
        let joined = [&one, &two].map(|process| process.owns_something(TAKES_OVER_WITHIN));
        let joined = join_all(joined).await;
        tokio::time::sleep(moment(&mut random, 0..1500)).await;
        let left = join_all([one.stop(), two.stop()]).await;
        everybody_works(&http, &site, &sending).await;
        let stood = standstill.end().await.longest;
        longest = longest.max(stood);
        println!(
            "turn {turn}: they own something after {joined:.1?}, end within {left:.1?}; the longest that a partition \
             stood still: {stood:.1?}"
        );
    }
    assert!(longest <= HANDS_OVER_WITHIN, "a partition stood still for {longest:?}");
    load.end(sending).await;
    load.check(&site).await;
    readings_are_found_again(&site, &load);
    replay_agrees(&site);
}
