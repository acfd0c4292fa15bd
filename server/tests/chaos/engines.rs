//! The faults that CI has every time, each for a short while, and what must hold. `cargo xtask chaos` has them for longer.

mod commands;
mod faults_of_the_log;
mod kills;
mod outages;
mod processes;
mod replays;
mod simulators;
mod starts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::load::{LastWords, Load, Sending};
use super::site::Site;
use crate::support::Http;
use crate::support::oracle::{Readings, Sums, assert_same_readings};
use crate::support::program::run_command;

/// Tests at once. Each has topics, a keyspace and processes of its own, and waits for half of its time.
const AT_ONCE: u32 = 2;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE as usize);

/// Waits until there is room for one more test.
pub(super) async fn turn() -> SemaphorePermit<'static> {
    TURNS.acquire().await.expect("nobody closes it")
}

/// Waits until no other test runs, for one that ends what all of them need.
async fn alone() -> SemaphorePermit<'static> {
    TURNS.acquire_many(AT_ONCE).await.expect("nobody closes it")
}

/// From a partition's loss to its being owned again, at most: what the contract calls seconds.
pub(super) const TAKES_OVER_WITHIN: Duration = Duration::from_secs(30);

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

/// Waits until every partition has moved on: records that are appended now are stored.
pub(super) async fn everybody_works(http: &Http, who: &impl LastWords, sending: &Sending) -> Duration {
    everybody_works_within(TAKES_OVER_WITHIN, http, who, sending).await
}

/// The same, where there is something to catch up with first.
pub(super) async fn everybody_works_within(
    within: Duration,
    http: &Http,
    who: &impl LastWords,
    sending: &Sending,
) -> Duration {
    let began = Instant::now();
    let before = http.operate_patiently("/ingestion").await;
    let heads: Vec<i64> =
        before["partitions"].as_array().unwrap().iter().map(|one| one["head"].as_i64().unwrap()).collect();
    loop {
        let now = http.operate_patiently("/ingestion").await;
        let passed = |(one, head): (&serde_json::Value, &i64)| one["progress"].as_i64().unwrap() >= *head;
        if now["partitions"].as_array().unwrap().iter().zip(&heads).all(passed) {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < within,
            "{now}; {} acknowledged; {}",
            sending.acknowledged(),
            who.last_words()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What the store has of readings makes the same aggregates. It is only compared: to put others in use takes a quarter of a
/// minute, in which everybody hears of it, and is what `replays` is about.
pub(super) fn replay_agrees(site: &Site) {
    let said = run_command(site.command(&["replay", "--compare"]));
    assert!(said.contains(" 0 differ") && !said.contains(" 0 aggregates compared"), "{said}");
}

/// Every reading that was acknowledged is stored as it was last, and no other.
pub(super) fn readings_are_found_again(site: &Site, load: &Load) {
    readings_are(site, &load.readings());
}

/// The same of all readings that there are.
pub(super) fn readings_are(site: &Site, expected: &Readings) {
    assert_same_readings(&site.exported_readings(), expected);
    println!("{} readings found again", expected.len());
    assert!(expected.len() > 1000, "that was no test");
}

/// Every aggregate that is stored is the sum of these readings, and none is missing.
pub(super) fn are_added_up(site: &Site, readings: &Readings) {
    let (found, areas) = site.exported_aggregates();
    let (mut expected, mut heard) = (Sums::default(), BTreeMap::<_, BTreeSet<_>>::new());
    for ((meter, start), (counted, code)) in readings {
        let area = areas.get(code).unwrap_or_else(|| panic!("nothing is counted in {code}"));
        expected.count(area, *start, *counted, heard.entry(meter).or_default());
    }
    assert!(expected == found, "{}", expected.differences(&found));
    println!("{} aggregates of {} areas are the sums of their readings", expected.len(), areas.len());
}
