//! Several processes could simulate the same homes: one does, and when it dies or sleeps another goes on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::http::Method;
use geography::Geography;
use jiff::tz::TimeZone;
use metering::{Interval, UtcSecond};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rustix::process::Signal;
use serde_json::{Value, json};
use simulator::{Population, PopulationConfig, Reference};

use super::super::load::settled;
use super::super::site::Site;
use super::{TAKES_OVER_WITHIN, are_added_up, from_environment, moment, replay_agrees, seed, turn};
use crate::support::Http;
use crate::support::oracle::Readings;

const HOMES: u32 = 600;
const DAYS: u32 = 7;

/// How often the one that simulates dies or sleeps, unless the environment says otherwise.
const TURNS: u64 = 2;

/// Of so many turns one sleeps; in the others it dies.
const SLEEPS_EVERY: u64 = 5;

/// Seconds that a live reading covers, once that is ordered.
const INTERVAL_S: i64 = 60;

/// Readings of the past a second, so that it is still under way when somebody dies.
const HISTORY_PER_S: u32 = 2000;

/// How long the past may take to be sent.
const SENT_WITHIN: Duration = Duration::from_secs(180);

/// From the last word of one to the first of another.
const TAKES_TURN_WITHIN: Duration = Duration::from_secs(30);

const SIMULATES: &str = "this process simulates from now on";
const STANDS_BY: &str = "this one stands by";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn another_one_goes_on_when_a_simulator_dies_or_sleeps_and_leaves_no_hole() {
    let _turn = turn().await;
    let mut random = StdRng::seed_from_u64(seed());
    let site = Site::new(4);
    let owner = site.aggregate("aggregate-0", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    let mut simulates = site.simulate("simulate-0", HOMES, DAYS);
    is_so_far(&http, TAKES_OVER_WITHIN, |progress| progress["registered"] == HOMES).await;
    order(&http, &json!({ "interval_s": INTERVAL_S, "history_per_s_max": HISTORY_PER_S })).await;
    let mut stands_by = site.simulate("simulate-1", HOMES, DAYS);
    stands_by.says(STANDS_BY, TAKES_OVER_WITHIN).await;

    for turn in 0..from_environment("WATTMAP_TEST_TURNS_OF_SIMULATORS", TURNS) {
        tokio::time::sleep(moment(&mut random, 500..5000)).await;
        let left = is_so_far(&http, TAKES_OVER_WITHIN, |_| true).await["history_left"].as_u64().unwrap();
        assert!(turn > 0 || left > 0, "the past was there before anybody died");
        let takes_over = stands_by.mark();
        let next = if turn % SLEEPS_EVERY != 1 {
            let name = simulates.name.clone();
            simulates.kill();
            stands_by.says_since(takes_over, SIMULATES, TAKES_TURN_WITHIN).await;
            let next = site.simulate(&name, HOMES, DAYS);
            next.says(STANDS_BY, TAKES_OVER_WITHIN).await;
            next
        } else {
            simulates.signal(Signal::STOP);
            stands_by.says_since(takes_over, SIMULATES, TAKES_TURN_WITHIN).await;
            let wakes = simulates.mark();
            simulates.signal(Signal::CONT);
            simulates.says_since(wakes, STANDS_BY, TAKES_TURN_WITHIN).await;
            simulates
        };
        println!(
            "turn {turn}, with {left} readings of the past to come: another one simulates after {:.1?}",
            takes_over.when.elapsed()
        );
        simulates = std::mem::replace(&mut stands_by, next);
    }
    order(&http, &json!({ "history_per_s_max": null })).await;
    is_so_far(&http, SENT_WITHIN, |now| now["homes"] == HOMES && now["history_left"] == 0).await;
    let ordered = http.operate_patiently("/simulator").await;
    assert_eq!(ordered["interval_s"], INTERVAL_S, "what was ordered is forgotten: {ordered}");
    for simulator in [simulates, stands_by] {
        simulator.stop().await;
    }
    settled(&http, &site).await;
    let readings = site.exported_readings();
    is_what_homes_use(&readings);
    is_without_holes(&readings);
    are_added_up(&site, &readings);
    let dead = http.operate_patiently("/dead-letters?limit=1").await;
    assert_eq!(dead["counts"], json!([]), "{dead}");
    replay_agrees(&site);
    owner.stop().await;
}

async fn order(http: &Http, what: &Value) {
    assert_eq!(http.order(Method::PUT, "/simulator", what).await.status, 200);
}

/// Waits until the simulation says that it is so far.
async fn is_so_far(http: &Http, within: Duration, so_far: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let progress = http.operate_patiently("/simulator").await["progress"].clone();
        if so_far(&progress) {
            return progress;
        }
        assert!(began.elapsed() < within, "it does not come so far: {progress}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What a home uses follows from the seed, whoever sends it.
fn is_what_homes_use(readings: &Readings) {
    let geography = Geography::london();
    let time_zone = TimeZone::get(geography.time_zone()).unwrap();
    let config = PopulationConfig { homes: HOMES as usize, seed: 1, time_zone };
    let population = Population::new(&geography, &Reference::published(), config);
    let homes: BTreeMap<String, u32> =
        (0..HOMES).map(|home| (population.meter(home).to_string(), home)).collect();
    for ((meter, start), (counted, area)) in readings {
        let home = homes[meter];
        let interval = Interval::new(UtcSecond(*start), counted.duration_s).unwrap();
        assert_eq!(counted.energy_mwh, population.energy(home, interval).mwh(), "{meter} at {start}");
        assert_eq!(area, population.registration(home).area.as_str(), "{meter}");
    }
}

/// Of every home there is all of a day and more: where a reading ends the next one begins.
fn is_without_holes(readings: &Readings) {
    let mut of_homes: BTreeMap<&str, (i64, i64, i64)> = BTreeMap::new();
    for ((meter, start), (counted, _)) in readings {
        let (_, end, newest_s) = of_homes.entry(meter).or_insert((*start, *start, 0));
        assert_eq!(end, start, "{meter} has a hole or an overlap before {start}");
        (*end, *newest_s) = (*end + counted.duration_s, counted.duration_s);
    }
    assert_eq!(of_homes.len(), HOMES as usize);
    let (earliest, ..) = of_homes.values().copied().min().unwrap();
    // Each reports at its own moment after the round's end, and the simulation was stopped in the midst of one: a minute's,
    // or of the length before the order, which whoever takes over goes on with where some of it may have been sent.
    let (latest, round_s) = of_homes.values().map(|(_, end, newest_s)| (*end, *newest_s)).max().unwrap();
    for (meter, (start, end, _)) in of_homes {
        assert_eq!(start, earliest, "{meter} begins later than others");
        assert!(latest - end <= round_s, "{meter} ends {} s before others", latest - end);
    }
    assert!(latest - earliest > i64::from(DAYS) * 86_400, "that was no test");
    println!("{} readings of {HOMES} homes, without a hole", readings.len());
}
