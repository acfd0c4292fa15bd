//! Topics, a keyspace and processes that nobody else uses.

use std::ops::Range;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use engine::{AppendError, Envelope, PipelineStore, ReadingLog};
use engine_cassandra::{CassandraConfig, CassandraStore, Login};
use engine_kafka::{KafkaConfig, KafkaLog};
use metering::wire::Record;
use metering::{Dwelling, Generation, Interval, MeterId, Position, Reading, Registration};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::load;
use crate::node::address_of;

pub(super) const PARTITIONS: u32 = 12;

/// Records that are given to the log at once.
const TOGETHER: usize = 2500;

/// Who appends at the same time, each for meters of their own: the log is kept as busy by few meters as by many, and each
/// meter's records keep their order.
const LANES: usize = 8;

pub(super) struct System {
    pub(super) name: String,
    binary: String,
    dir: TempDir,
    log: Arc<KafkaLog>,
    store: Arc<CassandraStore>,
}

/// Where Kafka or Cassandra is.
pub(super) fn addresses(variable: &str) -> anyhow::Result<Vec<String>> {
    let text = std::env::var(variable).with_context(|| format!("{variable} says where it is"))?;
    Ok(text.split(',').map(str::to_owned).collect())
}

/// As whom Cassandra is spoken to, where one has to log in.
pub(super) fn cassandra_login() -> Option<Login> {
    let [user, password] =
        ["USER", "PASSWORD"].map(|what| std::env::var(format!("WATTMAP_CASSANDRA_{what}")));
    Some(Login { user: user.ok()?, password: password.ok()? })
}

impl System {
    pub(super) async fn migrated(binary: &str) -> anyhow::Result<System> {
        let (dir, name) = (tempfile::tempdir()?, format!("bench_{:08x}", rand::random::<u32>()));
        let mut migrate = command(binary, &dir, &name);
        let made = migrate.arg("migrate").output().await?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let config =
            KafkaConfig { prefix: name.clone(), ..KafkaConfig::new(addresses("WATTMAP_KAFKA_BROKERS")?) };
        let generations = vec![Generation { generation: 1, partitions: PARTITIONS, token: 0 }];
        let log = KafkaLog::open(&config, generations).await?;
        let config = CassandraConfig {
            keyspace: name.clone(),
            login: cassandra_login(),
            ..CassandraConfig::new(addresses("WATTMAP_CASSANDRA_NODES")?)
        };
        let store = CassandraStore::connect(&config).await?;
        Ok(System { name, binary: binary.to_owned(), dir, log, store })
    }

    fn command(&self) -> Command {
        self.command_of(&self.binary)
    }

    fn command_of(&self, program: &str) -> Command {
        command(program, &self.dir, &self.name)
    }

    pub(super) fn aggregate(&self) -> anyhow::Result<Child> {
        // Stdout is for figures.
        // As `cargo xtask run --engines` starts it, and the engines: pages go first.
        let mut command = self.command_of("nice");
        command.args(["-n", "5", &self.binary, "aggregate"]).stdout(Stdio::null()).kill_on_drop(true);
        command.spawn().context("an aggregator can't be started")
    }

    pub(super) async fn serve(&self) -> anyhow::Result<(Child, Client)> {
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        let mut child = self.command().args(arguments).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let address = address_of(&mut child).await?;
        let key = async |scope: &str| -> anyhow::Result<String> {
            let made =
                self.command().args(["keys", "create", "--name", "bench", "--scope", scope]).output().await?;
            ensure!(made.status.success(), "no key was made: {}", String::from_utf8_lossy(&made.stderr));
            Ok(String::from_utf8(made.stdout)?.trim().to_owned())
        };
        Ok((child, Client::new(address, key("ingest").await?, key("operator").await?)))
    }

    /// How far each partition is stored.
    pub(super) async fn progress(&self) -> anyhow::Result<Vec<Option<Position>>> {
        Ok(self.store.progress(PARTITIONS).await?)
    }

    /// Straight into the log, as another producer would; in so many areas.
    pub(super) async fn append_registrations(&self, meters: usize, areas: usize) -> anyhow::Result<()> {
        self.append(meters, 0..1, move |number, _| {
            let (meter, area) = (MeterId::parse(&load::meter(number))?, load::area(number % areas));
            Ok(Record::Registration(Registration { meter, area, dwelling: Dwelling::default() }, None))
        })
        .await
    }

    /// So many half-hours of so many meters. Gives where each partition ended before.
    pub(super) async fn append_readings(
        &self,
        meters: usize,
        first: usize,
        half_hours: usize,
    ) -> anyhow::Result<Vec<i64>> {
        let mut heads = Vec::new();
        for partition in 0..PARTITIONS {
            heads.push(self.log.head(partition).await?);
        }
        self.append(meters, first..first + half_hours, |number, half_hour| {
            let reading = Reading {
                meter: MeterId::parse(&load::meter(number))?,
                interval: Interval::new(load::start(half_hour), 1800)?,
                energy: load::energy(number, half_hour),
            };
            Ok(Record::Reading(reading, None))
        })
        .await?;
        Ok(heads)
    }

    /// Appends a record of each meter for each of the half-hours, one half-hour after the other.
    async fn append(
        &self,
        meters: usize,
        half_hours: Range<usize>,
        record: impl Fn(usize, usize) -> anyhow::Result<Record> + Copy + Send + 'static,
    ) -> anyhow::Result<()> {
        let mut lanes = JoinSet::new();
        for lane in 0..LANES {
            let (log, half_hours) = (self.log.clone(), half_hours.clone());
            lanes.spawn(async move {
                let all = half_hours.flat_map(|half_hour| {
                    (lane..meters).step_by(LANES).map(move |number| (number, half_hour))
                });
                let mut all = all.map(move |(number, half_hour)| {
                    record(number, half_hour).map(|record| envelope(number, &record))
                });
                loop {
                    let some: Vec<Envelope> = all.by_ref().take(TOGETHER).collect::<Result<_, _>>()?;
                    if some.is_empty() {
                        return anyhow::Ok(());
                    }
                    append(log.clone(), some).await?;
                }
            });
        }
        while let Some(ended) = lanes.join_next().await {
            ended??;
        }
        Ok(())
    }
}

async fn append(log: Arc<KafkaLog>, records: Vec<Envelope>) -> anyhow::Result<()> {
    loop {
        match log.append(records.clone()).await {
            Err(AppendError::Busy { retry_after }) => tokio::time::sleep(retry_after).await,
            outcome => return Ok(outcome?),
        }
    }
}

fn envelope(number: usize, record: &Record) -> Envelope {
    Envelope { key: Bytes::from(load::meter(number)), value: Bytes::from(record.encode()) }
}

fn command(binary: &str, dir: &TempDir, name: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .current_dir(dir.path())
        .env("WATTMAP_KAFKA_PREFIX", name)
        .env("WATTMAP_CASSANDRA_KEYSPACE", name)
        .env("WATTMAP_PARTITIONS", PARTITIONS.to_string())
        .env("WATTMAP_LOG", std::env::var("WATTMAP_LOG").unwrap_or("warn".to_owned()));
    command
}
