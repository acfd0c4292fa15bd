//! The contract suite on a real Kafka: `cargo xtask engines up`, then `WATTMAP_KAFKA_BROKERS=127.0.0.1:9092`.
//! `cargo xtask test engines` does both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use engine::contract::{self, Has, Reopen};
use engine::{Envelope, LiveFeed, Ownership, ReadingLog};
use engine_kafka::{KafkaConfig, KafkaFeed, KafkaLog, KafkaOwnership, Migrated, Topics, mark, migrate};
use metering::Generation;
use tokio::sync::watch;

/// Topics of their own, on the brokers that the environment names.
struct Fresh {
    config: KafkaConfig,
    generations: Vec<Generation>,
    log: Arc<KafkaLog>,
    feed: Arc<KafkaFeed>,
}

fn brokers() -> Vec<String> {
    let brokers = std::env::var("WATTMAP_KAFKA_BROKERS")
        .expect("WATTMAP_KAFKA_BROKERS names no Kafka: `cargo xtask test engines` starts one");
    brokers.split(',').map(str::to_owned).collect()
}

fn topics(partitions: u32) -> Topics {
    let replication = brokers().len() as u32;
    let in_sync = if replication > 1 { 2 } else { 1 };
    Topics { partitions, replication, in_sync, retention: Duration::from_secs(86_400) }
}

/// Migrates to so many partitions, and begins what is new.
async fn begun(config: &KafkaConfig, partitions: u32, known: &[Generation]) -> Vec<Generation> {
    let migrated = migrate(config, topics(partitions), known).await.expect("it is migrated");
    assert!(migrated.begins);
    mark(config, migrated.generations[migrated.generations.len() - 1]).await.expect("it begins");
    migrated.generations
}

type Assigned = BTreeSet<u32>;

/// The partitions of a member of the group, as soon as they are as wanted.
async fn told(assigned: &mut watch::Receiver<Assigned>, wanted: impl FnMut(&Assigned) -> bool) -> Assigned {
    let soon = tokio::time::timeout(Duration::from_secs(30), assigned.wait_for(wanted)).await;
    soon.expect("it comes to that").expect("somebody tells").clone()
}

impl Fresh {
    async fn new() -> Fresh {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("contract-{}-{number}", std::process::id());
        let config = KafkaConfig { prefix, ..KafkaConfig::new(brokers()) };
        let generations = begun(&config, 3, &[]).await;
        let log = KafkaLog::open(&config, generations.clone()).await.expect("it answers");
        let feed = KafkaFeed::open(&config).await.expect("it answers");
        Fresh { config, generations, log, feed }
    }
}

impl Has<dyn ReadingLog> for Fresh {
    fn port(&self) -> Arc<dyn ReadingLog> {
        self.log.clone()
    }
}

impl Has<dyn LiveFeed> for Fresh {
    fn port(&self) -> Arc<dyn LiveFeed> {
        self.feed.clone()
    }
}

#[async_trait]
impl Reopen for Fresh {
    async fn reopen(&mut self) {
        self.log.close().await;
        self.log = KafkaLog::open(&self.config, self.generations.clone()).await.expect("it answers again");
    }
}

mod engines {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn the_log_keeps_its_contract() {
        contract::log(Fresh::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn the_live_feed_keeps_its_contract() {
        contract::live(Fresh::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn partitions_are_added_in_a_generation_of_their_own_and_never_taken_away() {
        let fresh = Fresh::new().await;
        let again = migrate(&fresh.config, topics(3), &fresh.generations).await.expect("it is idempotent");
        let nothing = Migrated { done: vec![], generations: fresh.generations.clone(), begins: false };
        assert_eq!(again, nothing);
        let more = begun(&fresh.config, 5, &fresh.generations).await;
        let second = Generation { generation: 2, partitions: 5 };
        assert_eq!(more, [fresh.generations[0], second]);
        // Who follows migrations goes on with more of them; what is read needs no telling.
        for partition in 0..5 {
            let markers = if partition < 3 { 2 } else { 1 };
            assert_eq!(
                fresh.log.head(partition).await.expect("it answers"),
                markers,
                "partition {partition}"
            );
        }
        fresh.log.begin(more.clone()).await.expect("they are there");
        assert_eq!((fresh.log.partitions(), fresh.log.generation()), (5, 2));
        let everywhere = (0..50).map(|n| Envelope { key: format!("meter-{n}").into(), value: Bytes::new() });
        fresh.log.append(everywhere.collect()).await.expect("all partitions take records");
        let fewer = migrate(&fresh.config, topics(4), &more).await;
        assert!(fewer.is_err_and(|error| error.to_string().contains("never taken away")));
        let nine = vec![Generation { generation: 3, partitions: 9 }];
        let too_few = KafkaLog::open(&fresh.config, nine).await;
        assert!(too_few.is_err_and(|error| error.to_string().contains("wattmap migrate")));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn every_partition_has_one_owner_who_gives_it_up_when_asked() {
        let fresh = Fresh::new().await;
        let first = KafkaOwnership::join(&fresh.log).expect("it joins");
        let mut of_first = first.assigned();
        told(&mut of_first, |all| all.len() == 3).await;
        let second = KafkaOwnership::join(&fresh.log).expect("it joins, too");
        let mut of_second = second.assigned();
        // The first is asked for some, and the second has them only when it has let go.
        let kept = told(&mut of_first, |all| all.len() < 3).await;
        let gone: Vec<u32> = (0..3).filter(|one| !kept.contains(one)).collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(of_second.borrow_and_update().is_empty(), "they are still owned");
        for &partition in &gone {
            first.released(partition);
        }
        let came = told(&mut of_second, |all| !all.is_empty()).await;
        assert_eq!(came.into_iter().collect::<Vec<_>>(), gone);
        first.leave().await;
        told(&mut of_second, |all| all.len() == 3).await;
        second.leave().await;
    }
}
