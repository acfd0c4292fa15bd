//! The faults that take minutes: `cargo xtask chaos`.

use std::time::{Duration, Instant};

use engine::{Envelope, ReadingLog};
use engine_kafka::{KafkaConfig, KafkaLog};
use metering::Generation;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::engines::{ALONE, everybody_works, from_environment, moment, replay_agrees, seed};
use super::load::{Load, Sending, settled};
use super::site::Site;
use super::upstream::{CASSANDRA, KAFKA, revive};
use crate::support::Http;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra, and minutes: cargo xtask chaos"]
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
#[ignore = "needs Kafka and Cassandra, and minutes: cargo xtask chaos"]
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
    KafkaLog::open(&config, vec![Generation { generation: 1, partitions, token: 0 }]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra, and minutes: cargo xtask chaos"]
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
#[ignore = "needs Kafka and Cassandra, and minutes: cargo xtask chaos"]
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
