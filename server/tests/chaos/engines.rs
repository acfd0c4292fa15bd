//! The faults that CI has every time, and what must hold.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;
use tokio::sync::Mutex;

use super::load::{LastWords, Load, Sending};
use super::site::{Process, Site};
use crate::support::Http;
use crate::support::program::run_command;

/// One test at a time: each has all of the machine, and some end what the others need.
pub(super) static ALONE: Mutex<()> = Mutex::const_new(());

/// Kills of `nothing_is_lost_or_counted_twice_when_processes_die`, unless the environment says otherwise.
const KILLS: u64 = 30;

/// Steps of a flush, and how often they are passed before one of them is the last, at most.
const STEPS: [(&str, u32); 7] = [
    ("flush-begins", 6),
    ("flush-published", 6),
    ("flush-announced", 4),
    ("flush-in-the-middle", 60),
    ("flush-written", 6),
    ("flush-stored", 6),
    ("flush-committed", 6),
];

/// From a partition's loss to its being owned again, at most: what the contract calls seconds.
const TAKES_OVER_WITHIN: Duration = Duration::from_secs(30);

pub(super) fn from_environment(name: &str, or: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; allowed is a whole number")),
        Err(_) => or,
    }
}

pub(super) fn seed() -> u64 {
    let seed = from_environment("WATTMAP_TEST_SEED", rand::random());
    println!("WATTMAP_TEST_SEED={seed}");
    seed
}

pub(super) fn moment(random: &mut StdRng, ms: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(ms))
}

/// An aggregator, nearly always with a step at which it dies by itself.
fn aggregator(site: &Site, number: usize, random: &mut StdRng) -> Process {
    let (step, most) = STEPS[random.random_range(0..STEPS.len())];
    let fatal = format!("{step}={}*off->return", random.random_range(0..most));
    let environment = [("FAILPOINTS", fatal.as_str())];
    site.aggregate(&format!("aggregate-{number}"), if random.random_bool(0.9) { &environment } else { &[] })
}

/// Waits until every partition has moved on: records that are appended now are stored.
pub(super) async fn everybody_works(http: &Http, who: &impl LastWords, sending: &Sending) -> Duration {
    let began = Instant::now();
    let before = http.operate("/ingestion").await;
    let heads: Vec<i64> =
        before["partitions"].as_array().unwrap().iter().map(|one| one["head"].as_i64().unwrap()).collect();
    loop {
        let now = http.operate("/ingestion").await;
        let passed = |(one, head): (&serde_json::Value, &i64)| one["progress"].as_i64().unwrap() >= *head;
        if now["partitions"].as_array().unwrap().iter().zip(&heads).all(passed) {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < TAKES_OVER_WITHIN,
            "{now}; {} acknowledged; {}",
            sending.acknowledged(),
            who.last_words()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn nothing_is_lost_or_counted_twice_when_processes_die() {
    let _alone = ALONE.lock().await;
    let (kills, seed, began) = (from_environment("WATTMAP_TEST_KILLS", KILLS), seed(), Instant::now());
    let mut random = StdRng::seed_from_u64(seed);
    let (site, mut load) = (Site::new(4), Load::new(random.random()));
    let mut aggregators: Vec<Process> = (0..3).map(|number| aggregator(&site, number, &mut random)).collect();
    let mut is_safe = false;
    let mut servers = vec![site.serve("serve-0").await, site.serve("serve-1").await];
    let (mut at_steps, mut of_servers) = (0, 0);
    let mut done = 0;
    while done < kills {
        load.goes_to(servers.iter().map(|(_, http)| http.clone()).collect());
        let sending = load.begin();
        for (number, one) in aggregators.iter_mut().enumerate().filter(|_| is_safe) {
            std::mem::replace(one, aggregator(&site, number, &mut random)).kill();
            done += 1;
        }
        let until = done + 5;
        while done < until {
            // Some of them die while others are still taking over: brokers need six seconds to notice.
            tokio::time::sleep(moment(&mut random, 300..6000)).await;
            for (number, one) in aggregators.iter_mut().enumerate() {
                if one.has_ended() {
                    (done, at_steps) = (done + 1, at_steps + 1);
                    *one = aggregator(&site, number, &mut random);
                }
            }
            match random.random_range(0..10) {
                0..2 => {
                    let number = random.random_range(0..2);
                    let (dies, _) = servers.remove(number);
                    let name = dies.name.clone();
                    dies.kill();
                    servers.insert(number, site.serve(&name).await);
                    load.goes_to(servers.iter().map(|(_, http)| http.clone()).collect());
                    (done, of_servers) = (done + 1, of_servers + 1);
                }
                2..5 => {
                    let number = random.random_range(0..3);
                    let fresh = aggregator(&site, number, &mut random);
                    std::mem::replace(&mut aggregators[number], fresh).kill();
                    done += 1;
                }
                _ => {}
            }
        }
        load.end(sending).await;
        // Nobody dies while it is compared.
        for (number, one) in aggregators.iter_mut().enumerate() {
            at_steps += u64::from(one.has_ended());
            std::mem::replace(one, site.aggregate(&format!("aggregate-{number}"), &[])).kill();
            done += 1;
        }
        is_safe = true;
        load.check(&site).await;
        println!(
            "{done} kills, {at_steps} of them at steps of a flush and {of_servers} of serve; {} records acknowledged, {} \
             aggregates compared, {:.0?}",
            load.acknowledged(),
            load.compared,
            began.elapsed()
        );
    }
    assert!(at_steps * 5 >= kills, "too few died at steps of a flush: {at_steps} of {done}");
    replay_agrees(&site);
}

/// What the store has of readings makes the same aggregates.
pub(super) fn replay_agrees(site: &Site) {
    let said = run_command(site.command(&["replay"]));
    assert!(said.contains(" 0 differ"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn a_sleeper_changes_nothing_when_it_wakes() {
    let _alone = ALONE.lock().await;
    let (site, mut load) = (Site::new(4), Load::new(seed()));
    let sleeper = site.aggregate("aggregate-0", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    for _ in 0..2 {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        let other = site.aggregate("aggregate-1", &[]);
        tokio::time::sleep(Duration::from_secs(3)).await;
        everybody_works(&http, &site, &sending).await;
        // In the middle of whatever it does.
        sleeper.signal(Signal::STOP);
        let took = everybody_works(&http, &site, &sending).await;
        println!("another has taken over after {took:.1?}");
        tokio::time::sleep(Duration::from_secs(2)).await;
        sleeper.signal(Signal::CONT);
        tokio::time::sleep(Duration::from_secs(4)).await;
        load.end(sending).await;
        load.check(&site).await;
        other.stop().await;
    }
    replay_agrees(&site);
}
