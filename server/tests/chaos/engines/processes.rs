//! Processes die, sleep, come and go.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;

use super::super::load::Load;
use super::super::site::{Process, Site};
use super::{ALONE, everybody_works, from_environment, moment, replay_agrees, seed};

/// Kills of `nothing_is_lost_or_counted_twice_when_processes_die`, unless the environment says otherwise.
const KILLS: u64 = 30;

/// How often two aggregators come and go, unless the environment says otherwise.
const TURNS: u64 = 5;

/// How long a partition may stand still when its owner ends because it was told to, seconds: ten where nothing else runs,
/// which `cargo xtask chaos` sees to.
const HANDS_OVER_WITHIN_S: u64 = 30;

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

/// An aggregator, nearly always with a step at which it dies by itself.
fn aggregator(site: &Site, number: usize, random: &mut StdRng) -> Process {
    let (step, most) = STEPS[random.random_range(0..STEPS.len())];
    let fatal = format!("{step}={}*off->return", random.random_range(0..most));
    let environment = [("FAILPOINTS", fatal.as_str())];
    site.aggregate(&format!("aggregate-{number}"), if random.random_bool(0.9) { &environment } else { &[] })
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
    // So many, and a fifth of that number where it hurts most, however the dice fall.
    while done < kills || at_steps * 5 < kills {
        assert!(done < kills * 4, "too few died at steps of a flush: {at_steps} of {done}");
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
    replay_agrees(&site);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn aggregators_come_and_go_under_load() {
    let _alone = ALONE.lock().await;
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let turns = from_environment("WATTMAP_TEST_TURNS", TURNS);
    let (site, mut load) = (Site::new(4), Load::new(seed));
    let _stays = site.aggregate("aggregate-0", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    everybody_works(&http, &site, &sending).await;
    let mut longest = Duration::ZERO;
    for turn in 1..=turns {
        let [one, two] = ["aggregate-1", "aggregate-2"].map(|name| site.aggregate(name, &[]));
        tokio::time::sleep(moment(&mut random, 500..2500)).await;
        one.stop().await;
        longest = longest.max(everybody_works(&http, &site, &sending).await);
        two.stop().await;
        longest = longest.max(everybody_works(&http, &site, &sending).await);
        println!("{turn} times two came and went; the longest that a partition stood still: {longest:.1?}");
    }
    let most = from_environment("WATTMAP_TEST_HANDS_OVER_WITHIN_S", HANDS_OVER_WITHIN_S);
    assert!(longest <= Duration::from_secs(most), "a hand-over took {longest:?}");
    load.end(sending).await;
    load.check(&site).await;
}
