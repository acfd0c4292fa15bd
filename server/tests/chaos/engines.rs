//! The faults, and what must hold.

use std::time::{Duration, Instant};

use engine::{Envelope, ReadingLog};
use engine_kafka::{KafkaConfig, KafkaLog};
use metering::Generation;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;
use tokio::sync::Mutex;

use super::load::{Load, Sending, settled};
use super::site::{Process, Site};
use super::upstream::{CASSANDRA, KAFKA, revive};
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

fn from_environment(name: &str, or: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; allowed is a whole number")),
        Err(_) => or,
    }
}

fn seed() -> u64 {
    let seed = from_environment("WATTMAP_TEST_SEED", rand::random());
    println!("WATTMAP_TEST_SEED={seed}");
    seed
}

fn moment(random: &mut StdRng, ms: std::ops::Range<u64>) -> Duration {
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
async fn everybody_works(http: &Http, site: &Site, sending: &Sending) -> Duration {
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
            site.path().display()
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
fn replay_agrees(site: &Site) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn aggregators_come_and_go_under_load() {
    let _alone = ALONE.lock().await;
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let (site, mut load) = (Site::new(4), Load::new(seed));
    let _stays = site.aggregate("aggregate-0", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    everybody_works(&http, &site, &sending).await;
    let mut longest = Duration::ZERO;
    for turn in 1..=20 {
        let [one, two] = ["aggregate-1", "aggregate-2"].map(|name| site.aggregate(name, &[]));
        tokio::time::sleep(moment(&mut random, 500..2500)).await;
        one.stop().await;
        longest = longest.max(everybody_works(&http, &site, &sending).await);
        two.stop().await;
        longest = longest.max(everybody_works(&http, &site, &sending).await);
        println!("{turn} times two came and went; the longest that a partition stood still: {longest:.1?}");
    }
    assert!(longest <= Duration::from_secs(10), "a hand-over took {longest:?}");
    load.end(sending).await;
    load.check(&site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn partitions_are_added_under_load() {
    let _alone = ALONE.lock().await;
    let (mut site, mut load) = (Site::new(2), Load::new(seed()));
    let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let serving = [site.serve("serve-0").await, site.serve("serve-1").await];
    load.goes_to(serving.iter().map(|(_, http)| http.clone()).collect());
    for partitions in [4, 6] {
        let sending = load.begin();
        everybody_works(&serving[0].1, &site, &sending).await;
        println!("{}", site.grow(partitions));
        // Until everybody has heard of it, and beyond.
        tokio::time::sleep(Duration::from_secs(12)).await;
        everybody_works(&serving[0].1, &site, &sending).await;
        load.end(sending).await;
        load.check(&site).await;
        let status = serving[1].1.operate("/ingestion").await;
        let worked: Vec<_> =
            status["partitions"].as_array().unwrap().iter().map(|one| one["progress"].as_i64()).collect();
        assert_eq!(worked.len() as u32, partitions);
        assert!(worked.iter().all(|progress| *progress > Some(10)), "partitions without work: {status}");
    }
    replay_agrees(&site);
}

/// The log as anybody has it who knows Kafka.
async fn log_of(site: &Site, partitions: u32) -> std::sync::Arc<KafkaLog> {
    let brokers = std::env::var("WATTMAP_KAFKA_BROKERS").unwrap();
    let config = KafkaConfig {
        prefix: site.name().to_owned(),
        ..KafkaConfig::new(brokers.split(',').map(str::to_owned).collect())
    };
    KafkaLog::open(&config, vec![Generation { generation: 1, partitions }]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn the_whole_topic_comes_again() {
    let _alone = ALONE.lock().await;
    let (site, mut load) = (Site::new(3), Load::new(seed()));
    let _owner = site.aggregate("aggregate-0", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    tokio::time::sleep(Duration::from_secs(8)).await;
    load.end(sending).await;
    load.check(&site).await;
    let (log, before) = (log_of(&site, 3).await, http.operate("/dead-letters?limit=1").await);
    let mut again = 0;
    for partition in 0..3 {
        let head = log.head(partition).await.unwrap();
        let mut next = 1;
        while next < head {
            let records = log.read(partition, next, 1000).await.unwrap();
            next = records.last().unwrap().offset + 1;
            let sent = records.iter().filter(|record| record.offset < head);
            let envelopes: Vec<Envelope> = sent
                .map(|record| Envelope { key: record.key.clone(), value: record.value.clone() })
                .collect();
            again += envelopes.len();
            log.append(envelopes).await.unwrap();
        }
    }
    println!("{again} records come a second time; dead letters before: {before}");
    settled(&http, &site).await;
    load.check_sums(&site).await;
    replay_agrees(&site);
    log.close().await;
}

/// What holds while something is away: no lie at the door, bounded memory, pages that stand.
async fn holds_while_away(http: &Http, sending: &Sending, for_how_long: Duration) {
    let (began, refused) = (Instant::now(), sending.refused());
    let mut slowest = Duration::ZERO;
    while began.elapsed() < for_how_long {
        for path in ["/", "/api/v1/map?level=borough&measure=now", "/healthz"] {
            let asked = Instant::now();
            let answer = http.get(path).await;
            slowest = slowest.max(asked.elapsed());
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!(
        "away for {for_how_long:?}: {} requests were refused, the slowest page took {slowest:.1?}",
        sending.refused() - refused
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn kafka_and_cassandra_are_away_for_a_minute() {
    let _alone = ALONE.lock().await;
    let away = Duration::from_secs(from_environment("WATTMAP_TEST_AWAY_S", 60));
    let (site, mut load) = (Site::new(4), Load::new(seed()));
    let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    for (what, nodes) in [("Kafka", &[KAFKA][..]), ("Cassandra", &[CASSANDRA]), ("both", &[KAFKA, CASSANDRA])]
    {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        nodes.iter().for_each(super::upstream::Node::kill);
        println!("{what}: away");
        holds_while_away(&http, &sending, away).await;
        tokio::task::spawn_blocking(revive).await.unwrap();
        let took = sending.goes_on(Duration::from_secs(60)).await;
        println!("{what}: records are acknowledged {took:.1?} after it is back");
        tokio::time::sleep(Duration::from_secs(5)).await;
        load.end(sending).await;
        load.check(&site).await;
        println!(
            "{what}: exact; {} records acknowledged, {} aggregates compared",
            load.acknowledged(),
            load.compared
        );
    }
    replay_agrees(&site);
}
