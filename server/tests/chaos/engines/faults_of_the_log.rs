//! Partitions are added, the topic is made anew, all of it is sent again, and all of it is delivered again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use engine::{Envelope, ReadingLog};
use engine_kafka::{KafkaConfig, KafkaLog};
use metering::wire::{Record, partition_of};
use metering::{AreaCode, Dwelling, Energy, Generation, Interval, MeterId, Reading, Registration, UtcSecond};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rustix::process::Signal;
use serde_json::json;

use super::super::load::{Load, settled};
use super::super::site::{Process, Site};
use super::{
    TAKES_OVER_WITHIN, everybody_works, from_environment, readings_are, readings_are_found_again,
    replay_agrees, seed, turn,
};
use crate::support::http::PATIENCE;
use crate::support::oracle::{Counted, Readings};
use crate::support::{Http, reading};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn partitions_are_added_under_load() {
    let _turn = turn().await;
    let (mut site, mut load) = (Site::new(2), Load::new(seed()));
    let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let serving = [site.serve("serve-0").await, site.serve("serve-1").await];
    load.goes_to(serving.iter().map(|(_, http)| http.clone()).collect());
    let mut late = Readings::new();
    for partitions in [4, 6] {
        let sending = load.begin();
        everybody_works(&serving[0].1, &site, &sending).await;
        let former = site.partitions();
        let unaware = log_of(&site, former).await;
        println!("{}", site.grow(partitions));
        let now = UtcSecond(jiff::Timestamp::now().as_second());
        let newer = sent_by_the_new_partitions(&serving[0].1, &load, [former, partitions], now).await;
        everybody_works(&serving[0].1, &site, &sending).await;
        late.extend(sent_by_former_partitions(&unaware, &load, partitions, now).await);
        // It yields to what was there before it.
        late.extend(newer);
        unaware.close().await;
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
    let counts = serving[0].1.operate_patiently("/dead-letters?limit=1").await["counts"].clone();
    let counts = counts.as_array().unwrap();
    assert!(counts.iter().any(|one| one["reason"] == "misrouted"), "nobody was late: {counts:?}");
    late.extend(load.readings());
    readings_are(&site, &late);
    replay_agrees(&site);
}

/// Meters of a producer that has not heard of new partitions, and what each sends.
const UNAWARE: usize = 20;
const SENDS: i64 = 3;

/// Where they are, and where they were.
const MOVED_TO: &str = "E01004737";
const MOVED_FROM: &str = "E01004736";

fn late_meter(partitions: u32, number: usize) -> String {
    format!("UNAWARE-{partitions}-{number}")
}

/// The starts of what they send.
fn late_starts(now: UtcSecond) -> impl Iterator<Item = (i64, UtcSecond)> {
    let now = now.window().start();
    (1..=SENDS).map(move |half_hour| (half_hour, UtcSecond(now.0 - half_hour * 1800)))
}

/// Other values of the first half of those whose partition is another one now, from another place, through a node that has
/// heard of it.
async fn sent_by_the_new_partitions(
    http: &Http,
    load: &Load,
    [former, partitions]: [u32; 2],
    now: UtcSecond,
) -> Readings {
    assert!(load.areas().iter().all(|one| one.code != MOVED_TO), "somebody else counts in {MOVED_TO}");
    let (mut meters, mut sent, mut readings) = (Vec::new(), Vec::new(), Readings::new());
    let moves =
        |meter: &String| partition_of(meter.as_bytes(), former) != partition_of(meter.as_bytes(), partitions);
    for meter in (0..UNAWARE / 2).map(|number| late_meter(partitions, number)).filter(moves) {
        meters.push(json!({ "meter_id": meter, "area": MOVED_TO }));
        for (_, start) in late_starts(now) {
            sent.push(reading(&meter, &start.to_string(), 1800, 7.0));
            let counted = Counted { duration_s: 1800, energy_mwh: 7000 };
            readings.insert((meter.clone(), start.0), (counted, MOVED_TO.to_owned()));
        }
    }
    assert!(!meters.is_empty(), "nobody moves");
    for (path, body) in [("/meters", json!({ "meters": meters })), ("/readings", json!({ "readings": sent }))]
    {
        // It is refused until the node has heard.
        let began = Instant::now();
        loop {
            let answer = http.post(path, body.to_string()).await.expect("an answer");
            if answer.status != 503 || began.elapsed() > PATIENCE {
                assert_eq!(answer.status, 200, "{}", answer.text());
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    readings
}

/// What such a one sends behind the markers of new partitions, where its meters are no longer. It counts all the same.
async fn sent_by_former_partitions(
    unaware: &KafkaLog,
    load: &Load,
    partitions: u32,
    now: UtcSecond,
) -> Readings {
    let area = AreaCode::parse(MOVED_FROM).unwrap();
    assert!(load.areas().iter().all(|one| one.code != area.as_str()), "somebody else counts in {area}");
    let mut readings = Readings::new();
    for number in 0..UNAWARE {
        let meter = MeterId::parse(&late_meter(partitions, number)).unwrap();
        let dwelling = Dwelling::default();
        let registration = Registration { meter: meter.clone(), area: area.clone(), dwelling };
        let mut records = vec![Record::Registration(registration, None)];
        for (half_hour, start) in late_starts(now) {
            let energy_mwh = 1000 * half_hour + number as i64;
            let interval = Interval::new(start, 1800).unwrap();
            let energy = Energy::from_mwh(energy_mwh);
            let reading = Reading { meter: meter.clone(), interval, energy };
            records.push(Record::Reading(reading, None));
            let counted = Counted { duration_s: 1800, energy_mwh };
            readings.insert((meter.to_string(), start.0), (counted, area.to_string()));
        }
        let key = Bytes::from(meter.to_string());
        let envelope = |record: &Record| Envelope { key: key.clone(), value: Bytes::from(record.encode()) };
        unaware.append(records.iter().map(envelope).collect()).await.unwrap();
    }
    readings
}

fn kafka_of(site: &Site) -> KafkaConfig {
    let brokers = std::env::var("WATTMAP_KAFKA_BROKERS").unwrap();
    let prefix = site.name().to_owned();
    KafkaConfig { prefix, ..KafkaConfig::new(brokers.split(',').map(str::to_owned).collect()) }
}

/// What is sent before all of it is delivered again, and how long that may take.
const RECORDS: u64 = 5000;
const SENT_WITHIN: Duration = Duration::from_secs(60);

/// The log as anybody has it who knows Kafka.
async fn log_of(site: &Site, partitions: u32) -> Arc<KafkaLog> {
    let generations = vec![Generation { generation: 1, partitions, token: 0 }];
    KafkaLog::open(&kafka_of(site), generations).await.unwrap()
}

/// Topics of one name after each other, three at most, unless the environment says otherwise.
const TOPICS: u64 = 2;

async fn delete_topic(site: &Site) {
    let config = kafka_of(site);
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", config.brokers.join(","));
    let admin: AdminClient<DefaultClientContext> = client.create().unwrap();
    let topic = format!("{}.readings", config.prefix);
    let deleted = admin.delete_topics(&[&topic], &AdminOptions::new()).await.unwrap();
    assert_eq!(deleted, [Ok(topic)]);
    // Brokers forget it a moment later.
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn the_topic_is_made_anew_after_it_was_drained() {
    let _turn = turn().await;
    let (mut site, mut load) = (Site::new(4), Load::new(seed()));
    let mut asleep: Option<Process> = None;
    for partitions in [4, 2, 6].into_iter().take(from_environment("WATTMAP_TEST_TOPICS", TOPICS) as usize) {
        println!("{}", site.grow(partitions));
        // One only, so that of two partitions the one that will sleep has one, too.
        let owner = site.aggregate("aggregate-0", &[]);
        let (serves, http) = site.serve("serve-0").await;
        load.goes_to(vec![http.clone()]);
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        // It knows the former topic, and finds another one of its name.
        if let Some(awake) = asleep.take() {
            awake.signal(Signal::CONT);
            tokio::time::sleep(Duration::from_secs(3)).await;
            everybody_works(&http, &site, &sending).await;
            awake.kill();
        }
        let sleeper = site.aggregate("aggregate-sleeper", &[]);
        sleeper.owns_something(TAKES_OVER_WITHIN).await;
        everybody_works(&http, &site, &sending).await;
        load.end(sending).await;
        // This drains it, and compares what was counted from this topic and from those before it.
        load.check(&site).await;
        sleeper.signal(Signal::STOP);
        asleep = Some(sleeper);
        owner.stop().await;
        serves.stop().await;
        replay_agrees(&site);
        readings_are_found_again(&site, &load);
        delete_topic(&site).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn all_is_sent_a_second_time() {
    let _turn = turn().await;
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
    readings_are_found_again(&site, &load);
    replay_agrees(&site);
    log.close().await;
}

/// Takes back what the store says of how far it is, and leaves all that it has.
async fn forget_progress(site: &Site) {
    let session = site.cassandra().await;
    session.query_unpaged(format!("TRUNCATE {}.progress", site.name()), ()).await.unwrap();
    let left = session.query_unpaged(format!("SELECT part FROM {}.progress", site.name()), ()).await.unwrap();
    assert_eq!(left.into_rows_result().unwrap().rows_num(), 0, "it is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn the_whole_topic_is_delivered_again_from_its_beginning() {
    let _turn = turn().await;
    let (site, mut load) = (Site::new(3), Load::new(seed()));
    let owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let (serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    sending.goes_on_for(RECORDS, SENT_WITHIN).await;
    load.end(sending).await;
    load.check(&site).await;
    for process in owners {
        process.stop().await;
    }
    serve.stop().await;
    forget_progress(&site).await;
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let status = http.operate("/ingestion").await;
    println!("{} of {} records are there again", status["lag_records"], load.acknowledged());
    assert!(status["lag_records"].as_u64() >= Some(load.acknowledged()), "{status}");
    let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    // The same positions: their dead letters, too, are those that there were.
    load.check(&site).await;
    readings_are_found_again(&site, &load);
    replay_agrees(&site);
}
