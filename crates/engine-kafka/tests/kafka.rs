//! The contract suite on a real Kafka. `cargo xtask test engines` starts one, or takes that of `cargo xtask engines up`, and
//! tells where it is and how it is spoken to.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use engine::contract::{self, Has, Reopen};
use engine::{AppendError, Envelope, LiveFeed, Measured, Ownership, ReadingLog};
use engine_kafka::{
    ClientKind, GroupMetrics, Identity, KafkaConfig, KafkaDeadLetters, KafkaError, KafkaFeed, KafkaLog,
    KafkaOwnership, Login, Mechanism, Migrated, Security, Tls, Topics, mark, migrate, reach, settle,
};
use metering::Generation;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
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

const MECHANISMS: [Mechanism; 3] = [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512];

fn variable(name: &str) -> String {
    let complaint = || panic!("{name} is not set: `cargo xtask test engines` sets it");
    std::env::var(name).unwrap_or_else(|_| complaint())
}

/// Where one has to log in: through TLS, trusting what we are told to trust, or in the clear.
fn guarded(is_encrypted: bool, mechanism: Mechanism, password: &str) -> KafkaConfig {
    let tls =
        is_encrypted.then(|| Tls { authority: Some(variable("WATTMAP_TEST_AUTHORITY").into()), own: None });
    let brokers = variable(if is_encrypted { "WATTMAP_TEST_KAFKA_TLS" } else { "WATTMAP_TEST_KAFKA_LOGIN" });
    let login = Login { mechanism, user: "meters".to_owned(), password: password.to_owned() };
    KafkaConfig { security: Security { tls, login: Some(login) }, ..KafkaConfig::new(vec![brokers]) }
}

fn topics(partitions: u32) -> Topics {
    let replication = brokers().len() as u32;
    let in_sync = if replication > 1 { 2 } else { 1 };
    Topics { partitions, replication, in_sync, retention: Duration::from_secs(86_400), ..Topics::default() }
}

/// Migrates to so many partitions, and begins what is new.
async fn begun(config: &KafkaConfig, partitions: u32, known: &[Generation]) -> Vec<Generation> {
    let migrated =
        migrate(config, topics(partitions), known, known.last().copied()).await.expect("it is migrated");
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
        let again = migrate(&fresh.config, topics(3), &fresh.generations, fresh.generations.last().copied())
            .await
            .expect("it is idempotent");
        let nothing = Migrated { done: vec![], generations: fresh.generations.clone(), begins: false };
        assert_eq!(again, nothing);
        let more = begun(&fresh.config, 5, &fresh.generations).await;
        let [first, second] = more[..] else { panic!("{more:?}") };
        assert_eq!((first, second.generation, second.partitions), (fresh.generations[0], 2, 5));
        assert_ne!(second.token, first.token);
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
        let fewer = migrate(&fresh.config, topics(4), &more, more.last().copied()).await;
        assert!(fewer.is_err_and(|error| error.to_string().contains("never taken away")));
        let nine = vec![Generation { generation: 3, partitions: 9, token: 0 }];
        let too_few = KafkaLog::open(&fresh.config, nine).await;
        assert!(too_few.is_err_and(|error| error.to_string().contains("wattmap migrate")));
        // One that was announced, and died before its markers were written, is finished by the next.
        let third = migrate(&fresh.config, topics(7), &more, Some(second)).await.expect("it is announced");
        let again = migrate(&fresh.config, topics(7), &third.generations, Some(second)).await;
        assert_eq!(again.expect("it is known").generations, third.generations);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn a_topic_that_was_made_by_hand_is_refused_or_brought_to_what_is_configured() {
        let prefix = |what: &str| format!("contract-{}-{what}", std::process::id());
        let of = |what| KafkaConfig { prefix: prefix(what), ..KafkaConfig::new(brokers()) };
        let (wrong, right) = (of("by-hand-wrong"), of("by-hand-right"));
        assert_eq!(settle(&right, topics(1)).await.expect("there is nothing yet"), Vec::<String>::new());
        make(&wrong, "readings", &[("message.timestamp.type", "CreateTime")]).await;
        let by_log = ("message.timestamp.type", "LogAppendTime");
        make(&right, "readings", &[by_log, ("segment.ms", "86400000")]).await;

        let one = vec![Generation { generation: 1, partitions: 1, token: 0 }];
        let refusals = [
            KafkaLog::open(&wrong, one.clone()).await.err().map(|error| error.to_string()),
            settle(&wrong, topics(1)).await.err().map(|error| error.to_string()),
        ];
        for refusal in refusals {
            let refusal = refusal.expect("nobody works on it");
            assert!(refusal.contains("message.timestamp.type=CreateTime"), "{refusal}");
        }

        KafkaLog::open(&right, one).await.expect("it is as it has to be");
        let done = settle(&right, topics(1)).await.expect("it is as it has to be");
        assert!(done.len() == 1 && done[0].contains("for 1.0 days; it was for 7.0 days"), "{done:?}");
        assert_eq!(settle(&right, topics(1)).await.expect("it answers"), Vec::<String>::new());
        assert_eq!(set_to(&right, "segment.ms").await, "86400000", "what else was set stays");
        let no_letters = KafkaDeadLetters::open(&right).await;
        assert!(matches!(no_letters.err(), Some(KafkaError::NotMigrated { .. })));

        for (topic, loses) in [("dead", "last letter"), ("live", "rows that web nodes")] {
            let prefix = prefix(&format!("by-hand-{topic}"));
            let lossy = KafkaConfig { prefix, ..KafkaConfig::new(brokers()) };
            make(&lossy, "readings", &[by_log]).await;
            make(&lossy, topic, &[("cleanup.policy", "compact")]).await;
            let one = vec![Generation { generation: 1, partitions: 1, token: 0 }];
            let refusal = KafkaLog::open(&lossy, one).await.err().map(|error| error.to_string());
            let refusal = refusal.expect("nobody works beside it");
            assert!(refusal.contains("cleanup.policy=compact") && refusal.contains(loses), "{refusal}");
        }
    }

    fn admin(config: &KafkaConfig) -> AdminClient<DefaultClientContext> {
        let client = ClientConfig::new().set("bootstrap.servers", config.brokers.join(",")).create();
        client.expect("a client needs no broker")
    }

    /// Makes a topic with one partition.
    async fn make(config: &KafkaConfig, topic: &str, settings: &[(&str, &str)]) {
        let name = format!("{}.{topic}", config.prefix);
        let copies = TopicReplication::Fixed(topics(1).replication as i32);
        let topic = settings
            .iter()
            .fold(NewTopic::new(&name, 1, copies), |topic, (setting, value)| topic.set(setting, value));
        let made = admin(config).create_topics(&[topic], &AdminOptions::new()).await.expect("it answers");
        assert_eq!(made, [Ok(name.clone())]);
        let asker: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", config.brokers.join(","))
            .create()
            .expect("a client needs no broker");
        let is_known = || {
            let found = asker.fetch_metadata(Some(&name), Duration::from_secs(10)).expect("it answers");
            found.topics().iter().flat_map(|topic| topic.partitions()).any(|one| one.leader() >= 0)
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is_known() {
            assert!(Instant::now() < deadline, "no broker leads {name}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn set_to(config: &KafkaConfig, setting: &str) -> String {
        let name = format!("{}.readings", config.prefix);
        let asked = [ResourceSpecifier::Topic(&name)];
        let told = admin(config).describe_configs(&asked, &AdminOptions::new()).await.expect("it answers");
        let entry = told[0].as_ref().expect("it is there").get(setting).expect("it is a setting");
        entry.value.clone().expect("it is no secret")
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
        let deadline = Instant::now() + Duration::from_secs(30);
        let is_told = |group: GroupMetrics| group.is_steady && group.partitions == 3 && group.rebalances > 1;
        while !fresh.log.metrics().group.is_some_and(is_told) {
            assert!(Instant::now() < deadline, "{:?}", fresh.log.metrics().group);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        second.leave().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn who_knows_the_password_is_let_in_by_every_mechanism_with_tls_and_without() {
        let fresh = Fresh::new().await;
        let record = Envelope { key: Bytes::from_static(b"meter"), value: Bytes::from_static(b"reading") };
        for is_encrypted in [false, true] {
            for mechanism in MECHANISMS {
                let prefix = fresh.config.prefix.clone();
                let config = KafkaConfig { prefix, ..guarded(is_encrypted, mechanism, "let-me-in") };
                reach(&config).await.expect("it lets us in");
                let log = KafkaLog::open(&config, fresh.generations.clone()).await.expect("it answers");
                log.append(vec![record.clone()]).await.expect("it takes a record");
                log.close().await;
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn a_wrong_password_is_refused_with_a_sentence_that_says_so() {
        for is_encrypted in [false, true] {
            for mechanism in MECHANISMS {
                let config = guarded(is_encrypted, mechanism, "let-me-out");
                let error = reach(&config).await.expect_err("nobody may be let in");
                assert!(matches!(error, KafkaError::NotLetIn { .. }), "{error}");
                let words = error.to_string();
                assert!(words.contains("uthentication failed"), "{words}");
                assert!(!words.contains("let-me-out"), "{words}");
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn a_certificate_of_an_authority_that_is_not_trusted_is_refused() {
        let mut config = guarded(true, Mechanism::Plain, "let-me-in");
        config.security.tls = Some(Tls::default());
        let error = reach(&config).await.expect_err("it must not be trusted").to_string();
        assert!(error.contains("certificate"), "{error}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn who_shows_a_certificate_is_let_in_where_one_is_asked_for() {
        let fresh = Fresh::new().await;
        let certificate = PathBuf::from(variable("WATTMAP_TEST_AUTHORITY"));
        let own = Identity { certificate: certificate.clone(), key: variable("WATTMAP_TEST_KEY").into() };
        let with = |own| KafkaConfig {
            prefix: fresh.config.prefix.clone(),
            security: Security { tls: Some(Tls { authority: Some(certificate.clone()), own }), login: None },
            ..KafkaConfig::new(vec![variable("WATTMAP_TEST_KAFKA_CERTIFIED")])
        };
        let config = with(Some(own));
        reach(&config).await.expect("it lets us in");
        let log = KafkaLog::open(&config, fresh.generations.clone()).await.expect("it answers");
        let record = Envelope { key: Bytes::from_static(b"meter"), value: Bytes::from_static(b"reading") };
        log.append(vec![record]).await.expect("it takes a record");
        log.close().await;
        // Why comes when the connection is closed already, and is heard or not.
        println!("{}", reach(&with(None)).await.expect_err("nobody is let in without one"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn whoever_sends_more_than_may_wait_is_told_to_come_again() {
        let fresh = Fresh::new().await;
        let config = KafkaConfig { unacknowledged_max: 100, ..fresh.config.clone() };
        let log = KafkaLog::open(&config, fresh.generations.clone()).await.expect("it answers");
        let record = Envelope { key: Bytes::from_static(b"meter"), value: Bytes::from_static(b"reading") };
        let batch = || log.append(vec![record.clone(); 60]);
        let all = futures::future::join_all((0..50).map(|_| batch())).await;
        let taken = all.iter().filter(|one| one.is_ok()).count();
        let busy = |one: &&Result<(), AppendError>| matches!(one, Err(AppendError::Busy { retry_after }) if !retry_after.is_zero());
        assert!(taken > 0 && taken + all.iter().filter(busy).count() == 50, "{all:?}");
        assert!(taken < 50, "all were taken, whatever waited");
        // What was refused is not there.
        let mut there = 0;
        for partition in 0..log.partitions() {
            there += log.head(partition).await.expect("it answers") - 1;
        }
        assert_eq!(there, 60 * taken as i64);
        batch().await.expect("it is free again");
        log.close().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka: cargo xtask test engines"]
    async fn clients_say_what_they_count() {
        let fresh = Fresh::new().await;
        let record =
            |key: &'static str| Envelope { key: Bytes::from(key), value: Bytes::from_static(b"one") };
        fresh.log.append(["a", "b", "c"].map(record).to_vec()).await.expect("it takes records");
        fresh.log.read(0, 0, 1).await.expect("it has a marker");
        // They say it every few seconds, and nobody else tells when.
        let mut metrics = fresh.log.metrics();
        for _ in 0..300 {
            let has =
                |kind| metrics.clients.iter().any(|one| one.client == kind && one.totals.sent_bytes > 0);
            if has(ClientKind::Append) && has(ClientKind::Read) && !metrics.behind.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            metrics = fresh.log.metrics();
        }
        let of = |kind| metrics.clients.iter().find(|one| one.client == kind).expect("it counts");
        assert_eq!(of(ClientKind::Append).totals.sent_messages, 3);
        assert_eq!((of(ClientKind::Append).queued_messages, metrics.behind.len()), (0, 1), "{metrics:?}");
        assert!(of(ClientKind::Read).totals.received_messages >= 1, "{metrics:?}");
        assert!(metrics.brokers.iter().all(|broker| broker.is_up), "{metrics:?}");
        assert!(fresh.log.measurements().iter().any(|one| one.name == "kafka_round_trip_p99_seconds"));
    }
}
