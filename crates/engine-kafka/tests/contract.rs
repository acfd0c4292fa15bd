//! The contract suite on a real Kafka: `cargo xtask engines up`, then `WATTMAP_KAFKA_BROKERS=127.0.0.1:9092`.
//! `cargo xtask test engines` does both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use engine::contract::{self, Has, Reopen};
use engine::{LiveFeed, ReadingLog};
use engine_kafka::{Generation, KafkaConfig, KafkaFeed, KafkaLog, Topics, migrate};

/// Topics of their own, on the brokers that the environment names.
struct Fresh {
    config: KafkaConfig,
    generation: Generation,
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

impl Fresh {
    async fn new() -> Fresh {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("contract-{}-{number}", std::process::id());
        let config = KafkaConfig { prefix, ..KafkaConfig::new(brokers()) };
        let generation = migrate(&config, topics(3), None).await.expect("it is migrated").generation;
        let log = KafkaLog::open(&config, generation).await.expect("it answers");
        let feed = KafkaFeed::open(&config).await.expect("it answers");
        Fresh { config, generation, log, feed }
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
        self.log = KafkaLog::open(&self.config, self.generation).await.expect("it answers again");
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
        let again =
            migrate(&fresh.config, topics(3), Some(fresh.generation)).await.expect("it is idempotent");
        assert_eq!((again.done, again.generation), (vec![], fresh.generation));
        let more = migrate(&fresh.config, topics(5), Some(fresh.generation)).await.expect("more are added");
        assert_eq!(more.generation, Generation { generation: 2, partitions: 5 });
        let log = KafkaLog::open(&fresh.config, more.generation).await.expect("it has them");
        assert_eq!((log.partitions(), log.generation()), (5, 2));
        for partition in 0..5 {
            let markers = if partition < 3 { 2 } else { 1 };
            assert_eq!(log.head(partition).await.expect("it answers"), markers, "partition {partition}");
        }
        let fewer = migrate(&fresh.config, topics(4), Some(more.generation)).await;
        assert!(fewer.is_err_and(|error| error.to_string().contains("never taken away")));
        // Who still counts three is told so.
        let old = KafkaLog::open(&fresh.config, fresh.generation).await;
        assert!(old.is_err_and(|error| error.to_string().contains("wattmap migrate")));
    }
}
