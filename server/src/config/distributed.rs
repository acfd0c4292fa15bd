//! Kafka and Cassandra: where they are, how they are spoken to, how what is made in them is made.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use engine_cassandra::{CassandraConfig, Sizing};
use engine_kafka::{KafkaConfig, Mechanism, Security, Topics};

use super::{ConfigError, Sources};

/// Copies that have to have a record before it is acknowledged, where there are as many: with two, a reading that was
/// accepted outlives any one broker, and one broker that is away stops nothing if there are three copies.
const IN_SYNC: u32 = 2;

/// The distributed engine.
#[derive(Debug, Clone)]
pub struct Distributed {
    /// The log and the live feed.
    pub log: Kafka,
    /// The store.
    pub store: Cassandra,
}

/// The log and the live feed.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// The first addresses.
    pub brokers: Vec<String>,
    /// What the topics' names begin with.
    pub prefix: String,
    /// How brokers are spoken to.
    pub security: Security,
    /// Into how many partitions the readings are divided.
    pub partitions: u32,
    /// Copies of every record.
    pub replication: u32,
    /// How long readings are kept.
    pub retention: Duration,
    /// How long dead letters are.
    pub dead_retention: Duration,
    /// How long changed rows are.
    pub live_retention: Duration,
}

/// The store.
#[derive(Debug, Clone)]
pub struct Cassandra {
    /// The first addresses.
    pub nodes: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
    /// The datacentre to speak to.
    pub datacenter: Option<String>,
    /// Through TLS.
    pub tls: Option<engine_cassandra::Tls>,
    /// As whom.
    pub login: Option<engine_cassandra::Login>,
    /// Copies of every row.
    pub replication: u32,
    /// Groups of meters.
    pub buckets: u32,
    /// Groups of areas.
    pub shards: u32,
}

impl Distributed {
    /// None if it is not asked for. Settings that are wrong by themselves are refused all the same.
    pub(super) fn load(from: &Sources, partitions: u32) -> Result<Option<Self>, ConfigError> {
        let (log, store) = (Kafka::load(from, partitions)?, Cassandra::load(from)?);
        let together = |message: String| Err(ConfigError::Together(message));
        match (log.brokers.is_empty(), store.nodes.is_empty()) {
            (true, true) => Ok(None),
            (true, false) => together(needs(from, "cassandra-nodes", "kafka-brokers", BOTH)),
            (false, true) => together(needs(from, "kafka-brokers", "cassandra-nodes", BOTH)),
            (false, false) if store.buckets % partitions != 0 => together(format!(
                "cassandra-buckets is {} and partitions is {partitions}; allowed is a multiple of the partitions, such as {}",
                store.buckets,
                store.buckets.next_multiple_of(partitions)
            )),
            (false, false) => Ok(Some(Distributed { log, store })),
        }
    }

    /// As the log's engine wants it.
    pub fn kafka(&self) -> KafkaConfig {
        let Kafka { brokers, prefix, security, .. } = self.log.clone();
        KafkaConfig { prefix, security, ..KafkaConfig::new(brokers) }
    }

    /// How a migration makes topics.
    pub fn topics(&self) -> Topics {
        let Kafka { partitions, replication, retention, dead_retention, live_retention, .. } = self.log;
        let in_sync = replication.min(IN_SYNC);
        Topics { partitions, replication, in_sync, retention, dead_retention, live_retention }
    }

    /// As the store's engine wants it.
    pub fn cassandra(&self) -> CassandraConfig {
        let Cassandra { nodes, keyspace, datacenter, tls, login, .. } = self.store.clone();
        CassandraConfig { keyspace, datacenter, tls, login, ..CassandraConfig::new(nodes) }
    }

    /// How a migration makes tables.
    pub fn sizing(&self) -> Sizing {
        let Cassandra { replication, buckets, shards, .. } = self.store;
        Sizing { buckets, shards, replication }
    }
}

impl Kafka {
    fn load(from: &Sources, partitions: u32) -> Result<Self, ConfigError> {
        let tls =
            encryption(from, ["kafka-tls", "kafka-ca-file", "kafka-certificate-file", "kafka-key-file"])?;
        let identity = |(certificate, key): (PathBuf, PathBuf)| engine_kafka::Identity { certificate, key };
        let days = |name| Ok(Duration::from_secs(from.whole(name, 1..=36_525)? * 86_400));
        Ok(Kafka {
            brokers: addresses(from, "kafka-brokers")?,
            prefix: from.get("kafka-prefix", |text| {
                let is_good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                ((1..=200).contains(&text.len()) && text.chars().all(is_good)).then(|| text.to_owned())
            })?,
            security: Security {
                tls: tls
                    .map(|tls| engine_kafka::Tls { authority: tls.authority, own: tls.own.map(identity) }),
                login: kafka_login(from)?,
            },
            partitions,
            replication: from.whole("kafka-replication", 1..=15)? as u32,
            retention: days("kafka-retention-days")?,
            dead_retention: days("kafka-dead-retention-days")?,
            live_retention: Duration::from_secs(
                from.whole("kafka-live-retention-minutes", 10..=10_080)? * 60,
            ),
        })
    }
}

impl Cassandra {
    fn load(from: &Sources) -> Result<Self, ConfigError> {
        let names =
            ["cassandra-tls", "cassandra-ca-file", "cassandra-certificate-file", "cassandra-key-file"];
        let identity =
            |(certificate, key): (PathBuf, PathBuf)| engine_cassandra::Identity { certificate, key };
        let tls = match encryption(from, names)? {
            None => None,
            Some(Encryption { authority: Some(authority), own }) => {
                Some(engine_cassandra::Tls { authority, own: own.map(identity) })
            }
            Some(Encryption { authority: None, .. }) => {
                return Err(ConfigError::Together(needs(
                    from,
                    "cassandra-tls",
                    "cassandra-ca-file",
                    "nodes' certificates are for addresses, so they come from an authority of your own",
                )));
            }
        };
        let login = credentials(from, "cassandra-user", "cassandra-password")?
            .map(|(user, password)| engine_cassandra::Login { user, password });
        Ok(Cassandra {
            nodes: addresses(from, "cassandra-nodes")?,
            keyspace: from.get("cassandra-keyspace", |text| {
                let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                ((1..=48).contains(&text.len()) && text.chars().all(is_good)).then(|| text.to_owned())
            })?,
            datacenter: from.text("cassandra-datacenter"),
            tls,
            login,
            replication: from.whole("cassandra-replication", 1..=15)? as u32,
            buckets: from.whole("cassandra-buckets", 1..=1 << 20)? as u32,
            shards: from.whole("cassandra-shards", 1..=65_536)? as u32,
        })
    }
}

const BOTH: &str = "the distributed engine needs both";

/// "a is "x" (from --a)": how a sentence about several settings begins.
fn said(from: &Sources, name: &str) -> String {
    let (setting, raw) = from.raw(name);
    let value = if setting.secret { "hidden".to_owned() } else { format!("{:?}", raw.text.trim()) };
    format!("{name} is {value} ({})", raw.origin.describe(setting))
}

/// "a is "x" and b is not set; why": the sentence for a setting that is alone.
fn needs(from: &Sources, set: &str, missing: &str, why: &str) -> String {
    format!("{} and {missing} is not set; {why}", said(from, set))
}

/// Both, or neither.
fn pair<T, U>(
    from: &Sources,
    (a, first): (&str, Option<T>),
    (b, second): (&str, Option<U>),
) -> Result<Option<(T, U)>, ConfigError> {
    let alone = |set, missing| Err(ConfigError::Together(needs(from, set, missing, "they go together")));
    match (first, second) {
        (None, None) => Ok(None),
        (Some(first), Some(second)) => Ok(Some((first, second))),
        (Some(_), None) => alone(a, b),
        (None, Some(_)) => alone(b, a),
    }
}

struct Encryption {
    authority: Option<PathBuf>,
    own: Option<(PathBuf, PathBuf)>,
}

/// What the four settings of TLS say.
fn encryption(
    from: &Sources,
    [tls, authority, certificate, key]: [&str; 4],
) -> Result<Option<Encryption>, ConfigError> {
    let is_on = from.get(tls, |text| match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    })?;
    if let Some(name) = [authority, certificate, key].into_iter().find(|name| from.text(name).is_some())
        && !is_on
    {
        return Err(ConfigError::Together(format!(
            "{} and {tls} is off; allowed with it is on",
            said(from, name)
        )));
    }
    let own = pair(from, (certificate, file(from, certificate)?), (key, file(from, key)?))?;
    Ok(if is_on { Some(Encryption { authority: file(from, authority)?, own }) } else { None })
}

/// A file that can be read, or none.
fn file(from: &Sources, name: &str) -> Result<Option<PathBuf>, ConfigError> {
    from.get(name, |text| {
        let path = (!text.is_empty()).then(|| PathBuf::from(text));
        path.as_ref().is_none_or(|path| path.is_file() && File::open(path).is_ok()).then_some(path)
    })
}

/// A name and a password. Spaces around a password are part of it.
fn credentials(from: &Sources, user: &str, password: &str) -> Result<Option<(String, String)>, ConfigError> {
    let secret = Some(from.raw(password).1.text.clone()).filter(|text| !text.is_empty());
    pair(from, (user, from.text(user)), (password, secret))
}

fn kafka_login(from: &Sources) -> Result<Option<engine_kafka::Login>, ConfigError> {
    let mechanism = from.get("kafka-sasl", |text| match text {
        "off" => Some(None),
        "plain" => Some(Some(Mechanism::Plain)),
        "scram-sha-256" => Some(Some(Mechanism::ScramSha256)),
        "scram-sha-512" => Some(Some(Mechanism::ScramSha512)),
        _ => None,
    })?;
    match (mechanism, credentials(from, "kafka-user", "kafka-password")?) {
        (None, None) => Ok(None),
        (Some(mechanism), Some((user, password))) => {
            Ok(Some(engine_kafka::Login { mechanism, user, password }))
        }
        (Some(_), None) => Err(ConfigError::Together(needs(
            from,
            "kafka-sasl",
            "kafka-user",
            "who logs in needs kafka-user and kafka-password",
        ))),
        (None, Some((user, _))) => Err(ConfigError::Together(format!(
            "kafka-user is {user:?} and kafka-sasl is off; allowed with it is plain, scram-sha-256 or scram-sha-512"
        ))),
    }
}

/// `host:port,...`; none if nothing is said.
fn addresses(from: &Sources, name: &str) -> Result<Vec<String>, ConfigError> {
    let whole = |address: &str| {
        address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    };
    from.get(name, |text| {
        let list: Vec<String> =
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        list.iter().all(|address| whole(address)).then_some(list)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const APART: [(&str, &str); 2] = [("kafka-brokers", "k1:9092,k2:9092"), ("cassandra-nodes", "c1:9042")];

    fn distributed(settings: &[(&'static str, &str)]) -> Result<Distributed, String> {
        let settings: Vec<(&'static str, &str)> = APART.iter().chain(settings).copied().collect();
        let config = Config::with(&settings).map_err(|error| error.to_string())?;
        Ok(config.engine.distributed.unwrap())
    }

    #[test]
    fn without_addresses_there_is_none() {
        // Nor are partitions of the embedded engine compared with groups of Cassandra's.
        assert!(Config::with(&[("partitions", "7")]).unwrap().engine.distributed.is_none());
    }

    #[test]
    fn addresses_alone_are_enough() {
        let distributed = distributed(&[]).unwrap();
        let (kafka, cassandra) = (distributed.kafka(), distributed.cassandra());
        assert_eq!(kafka.brokers, ["k1:9092", "k2:9092"]);
        assert_eq!((kafka.prefix.as_str(), &kafka.security), ("wattmap", &Security::default()));
        assert_eq!((cassandra.keyspace.as_str(), cassandra.datacenter), ("wattmap", None));
        assert_eq!((cassandra.tls, cassandra.login), (None, None));
        assert_eq!(distributed.topics(), Topics { partitions: 4, ..Topics::default() });
        assert_eq!(distributed.sizing(), Sizing::default());
    }

    #[test]
    fn two_copies_are_waited_for_where_there_are_two() {
        for (copies, in_sync) in [("1", 1), ("2", 2), ("3", 2), ("5", 2)] {
            assert_eq!(distributed(&[("kafka-replication", copies)]).unwrap().topics().in_sync, in_sync);
        }
    }

    #[test]
    fn everything_that_is_set_arrives() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        let (authority, certificate, key) = (file("ca"), file("certificate"), file("key"));
        let text = |path: &PathBuf| path.display().to_string();
        let (ca, cert, own) = (text(&authority), text(&certificate), text(&key));
        let distributed = distributed(&[
            ("kafka-tls", "on"),
            ("kafka-ca-file", &ca),
            ("kafka-certificate-file", &cert),
            ("kafka-key-file", &own),
            ("kafka-sasl", "scram-sha-512"),
            ("kafka-user", "meters"),
            ("kafka-password", " s3cret "),
            ("kafka-prefix", "test"),
            ("kafka-retention-days", "2"),
            ("kafka-dead-retention-days", "30"),
            ("kafka-live-retention-minutes", "15"),
            ("partitions", "6"),
            ("cassandra-tls", "on"),
            ("cassandra-ca-file", &ca),
            ("cassandra-user", "maps"),
            ("cassandra-password", "an0ther"),
            ("cassandra-keyspace", "test"),
            ("cassandra-datacenter", "west"),
            ("cassandra-replication", "3"),
            ("cassandra-buckets", "12"),
            ("cassandra-shards", "4"),
        ])
        .unwrap();
        let (kafka, cassandra) = (distributed.kafka(), distributed.cassandra());
        let identity = engine_kafka::Identity { certificate, key };
        assert_eq!(
            kafka.security.tls,
            Some(engine_kafka::Tls { authority: Some(authority.clone()), own: Some(identity) })
        );
        let login = kafka.security.login.unwrap();
        assert_eq!((login.mechanism, login.password.as_str()), (Mechanism::ScramSha512, " s3cret "));
        let topics = distributed.topics();
        assert_eq!((kafka.prefix.as_str(), topics.partitions), ("test", 6));
        assert_eq!(topics.retention, Duration::from_secs(2 * 86_400));
        assert_eq!(topics.dead_retention, Duration::from_secs(30 * 86_400));
        assert_eq!(topics.live_retention, Duration::from_secs(15 * 60));
        assert_eq!(cassandra.tls, Some(engine_cassandra::Tls { authority, own: None }));
        assert_eq!(cassandra.login.unwrap().user, "maps");
        assert_eq!((cassandra.keyspace.as_str(), cassandra.datacenter.as_deref()), ("test", Some("west")));
        assert_eq!(distributed.sizing(), Sizing { buckets: 12, shards: 4, replication: 3 });
        let shown = format!("{distributed:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("an0ther"), "{shown}");
    }

    #[test]
    fn what_does_not_go_together_is_one_sentence() {
        let check = |settings: &[(&'static str, &str)], expect: &str| {
            assert_eq!(distributed(settings).unwrap_err(), expect);
        };
        check(
            &[("kafka-sasl", "plain")],
            "kafka-sasl is \"plain\" (from --kafka-sasl) and kafka-user is not set; \
             who logs in needs kafka-user and kafka-password",
        );
        check(
            &[("kafka-sasl", "plain"), ("kafka-password", "s3cret")],
            "kafka-password is hidden (from --kafka-password) and kafka-user is not set; they go together",
        );
        check(
            &[("kafka-user", "meters"), ("kafka-password", "s3cret")],
            "kafka-user is \"meters\" and kafka-sasl is off; allowed with it is plain, scram-sha-256 or scram-sha-512",
        );
        check(
            &[("kafka-ca-file", "/dev/null")],
            "kafka-ca-file is \"/dev/null\" (from --kafka-ca-file) and kafka-tls is off; allowed with it is on",
        );
        check(
            &[("cassandra-tls", "on")],
            "cassandra-tls is \"on\" (from --cassandra-tls) and cassandra-ca-file is not set; \
             nodes' certificates are for addresses, so they come from an authority of your own",
        );
        check(
            &[("cassandra-user", "maps")],
            "cassandra-user is \"maps\" (from --cassandra-user) and cassandra-password is not set; they go together",
        );
        check(
            &[("cassandra-buckets", "100"), ("partitions", "12")],
            "cassandra-buckets is 100 and partitions is 12; allowed is a multiple of the partitions, such as 108",
        );
    }

    #[test]
    fn values_are_checked_even_where_they_are_not_used() {
        for (name, value) in [
            ("kafka-tls", "yes"),
            ("kafka-sasl", "gssapi"),
            ("kafka-prefix", "a b"),
            ("kafka-replication", "0"),
            ("cassandra-keyspace", "Wattmap"),
            ("cassandra-shards", "0"),
        ] {
            let error = Config::with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the setting {name} is {value:?} ")), "{error}");
        }
        let missing = distributed(&[("kafka-tls", "on"), ("kafka-ca-file", "/nowhere/ca.pem")]).unwrap_err();
        assert!(missing.ends_with("allowed is a file that can be read"), "{missing}");
    }
}
