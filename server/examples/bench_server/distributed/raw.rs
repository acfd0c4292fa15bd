//! What the two clients could do at best: librdkafka reads the same records and forgets them, and the same rows are
//! written in the same groups, each as fast as it goes, both at once.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Instant;

use anyhow::Context;
use engine_cassandra::Login;
use futures::{StreamExt, TryStreamExt};
use metering::wire::partition_of;
use metering::{AreaCode, Window};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::serialize::value::SerializeValue;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;

use super::system::{PARTITIONS, System, addresses, cassandra_login};
use crate::load;

/// Records of one partition that an owner stores together when many wait: a third of what all owners may have, shared by
/// twelve.
const FLUSH: usize = 480_000 / 3 / PARTITIONS as usize;
/// Rows of a batch, and batches under way: as the store has them.
const BATCH_ROWS: usize = 50;
const REQUESTS: usize = 128;
/// As the keyspace was sized by default.
const BUCKETS: u32 = 240;
const SHARDS: u32 = 64;

type Row = Vec<Box<dyn SerializeValue + Send + Sync>>;

/// A batch: which statement, and its rows.
struct Write(usize, Vec<Row>);

const STATEMENTS: [&str; 3] = [
    "INSERT INTO readings (day, bucket, meter, start, stamp, duration, energy, area) VALUES (?, ?, ?, ?, ?, ?, ?, ?) \
     USING TIMESTAMP ?",
    "INSERT INTO aggregates (day, shard, area, win, part, energy, meters, seconds, through) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    "INSERT INTO hints (bucket, meter, stamp, ends) VALUES (?, ?, ?, ?) USING TIMESTAMP ?",
];

/// Readings a second, of those that `system` has appended from these offsets on, into the tables of another.
pub(super) async fn per_s(
    system: &System,
    tables: &System,
    meters: usize,
    first: usize,
    half_hours: usize,
    from: &[i64],
) -> anyhow::Result<f64> {
    let mut builder = SessionBuilder::new().known_nodes(addresses("WATTMAP_CASSANDRA_NODES")?);
    if let Some(Login { user, password }) = cassandra_login() {
        builder = builder.user(user, password);
    }
    let session = builder.build().await?;
    session.use_keyspace(&tables.name, false).await?;
    let mut statements = Vec::new();
    for text in STATEMENTS {
        let mut statement = session.prepare(text).await?;
        statement.set_consistency(Consistency::LocalQuorum);
        statements.push(statement);
    }
    let consumer = consumer(&system.name, from)?;
    let readings = meters * half_hours;
    // Made a part at a time, or they would not fit into memory; the time that it takes to make them is not counted.
    let (mut written_in, parts) = (0.0, 10);
    let mut hinted = HashSet::new();
    let reading = tokio::task::spawn_blocking(move || consumed_s(&consumer, readings));
    let mut stamp = 1_i64 << 43;
    for part in 0..parts {
        let of_part = (first + half_hours * part / parts)..(first + half_hours * (part + 1) / parts);
        let writes = writes(meters, of_part, &mut stamp, &mut hinted);
        let began = Instant::now();
        futures::stream::iter(writes)
            .map(|write| send(&session, &statements, write))
            .buffer_unordered(REQUESTS)
            .try_collect::<()>()
            .await?;
        written_in += began.elapsed().as_secs_f64();
    }
    let consumed_in = reading.await??;
    eprintln!("raw: {readings} records read in {consumed_in:.1} s, their rows written in {written_in:.1} s");
    // Both need the processors, so neither hides behind the other.
    Ok(readings as f64 / written_in.max(consumed_in))
}

async fn send(session: &Session, statements: &[PreparedStatement], write: Write) -> anyhow::Result<()> {
    let Write(which, rows) = write;
    let statement = BatchStatement::PreparedStatement(statements[which].clone());
    let batch = Batch::new_with_statements(BatchType::Unlogged, vec![statement; rows.len()]);
    session.batch(&batch, rows).await?;
    Ok(())
}

fn consumer(name: &str, from: &[i64]) -> anyhow::Result<BaseConsumer> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", addresses("WATTMAP_KAFKA_BROKERS")?.join(","))
        .set("group.id", format!("{name}-raw"))
        .set("enable.auto.commit", "false")
        .create()?;
    let mut places = TopicPartitionList::new();
    for (partition, &offset) in from.iter().enumerate() {
        places.add_partition_offset(&format!("{name}.readings"), partition as i32, Offset::Offset(offset))?;
    }
    consumer.assign(&places)?;
    Ok(consumer)
}

fn consumed_s(consumer: &BaseConsumer, records: usize) -> anyhow::Result<f64> {
    let began = Instant::now();
    for _ in 0..records {
        consumer.poll(std::time::Duration::from_secs(30)).context("the log is shorter than it was")??;
    }
    Ok(began.elapsed().as_secs_f64())
}

macro_rules! row {
    ($($value:expr),* $(,)?) => {{
        let row: Row = vec![$(Box::new($value)),*];
        row
    }};
}

/// The rows of readings as the partitions' owners store them, flush by flush. `hinted` are the meters and days of which the
/// hints are written.
fn writes(
    meters: usize,
    half_hours: std::ops::Range<usize>,
    stamp: &mut i64,
    hinted: &mut HashSet<(usize, i32)>,
) -> Vec<Write> {
    let mut writes = Vec::new();
    for partition in 0..PARTITIONS {
        let own: Vec<usize> = (0..meters).filter(|&number| of(number, PARTITIONS) == partition).collect();
        let records: Vec<(usize, usize)> = half_hours
            .clone()
            .flat_map(|half_hour| own.iter().map(move |&number| (half_hour, number)))
            .collect();
        for flush in records.chunks(FLUSH) {
            let mut readings: BTreeMap<(i32, i32), Vec<Row>> = BTreeMap::new();
            let mut sums: BTreeMap<(i32, i32), BTreeSet<(AreaCode, Window)>> = BTreeMap::new();
            let mut hints: BTreeMap<i32, Vec<Row>> = BTreeMap::new();
            for &(half_hour, number) in flush {
                *stamp += 1;
                let (start, bucket, area) =
                    (load::start(half_hour), of(number, BUCKETS) as i32, load::area(number));
                let (day, shard) =
                    (start.window().day(), partition_of(area.as_str().as_bytes(), SHARDS) as i32);
                let energy = load::energy(number, half_hour).mwh();
                let (name, code) = (load::meter(number), area.to_string());
                readings
                    .entry((day, bucket))
                    .or_default()
                    .push(row![day, bucket, name, start.0, *stamp, 1800_i16, energy, code, *stamp]);
                sums.entry((day, shard)).or_default().insert((area, start.window()));
                if hinted.insert((number, day)) {
                    let ends = i64::from(day + 1) * 86_400;
                    let row = row![bucket, load::meter(number), *stamp, ends, *stamp];
                    hints.entry(bucket).or_default().push(row);
                }
            }
            for rows in readings.into_values() {
                grouped(0, rows, &mut writes);
            }
            for ((day, shard), places) in sums {
                let one = |(area, window): (AreaCode, Window)| {
                    let of_day = window.of_day() as i16;
                    let sums = (1_000_000_i64, 4_i64, 7200_i64);
                    let part = partition as i32;
                    row![day, shard, area.to_string(), of_day, part, sums.0, sums.1, sums.2, *stamp, *stamp]
                };
                grouped(1, places.into_iter().map(one).collect(), &mut writes);
            }
            for rows in hints.into_values() {
                grouped(2, rows, &mut writes);
            }
        }
    }
    writes
}

fn of(number: usize, partitions: u32) -> u32 {
    partition_of(load::meter(number).as_bytes(), partitions)
}

fn grouped(which: usize, rows: Vec<Row>, writes: &mut Vec<Write>) {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        writes.push(Write(which, rows.by_ref().take(BATCH_ROWS).collect()));
    }
}
