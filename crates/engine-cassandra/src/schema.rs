//! The tables, and how they come to be. Migrations are numbered, done once, and never changed afterwards.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metering::stored::Windows;
use scylla::client::session::Session;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::query_result::QueryResult;

use crate::connection::connect;
use crate::error::ConnectError;
use crate::places::{first_stamp, last_stamp};
use crate::{CassandraConfig, Sizing};

/// Which migrations were done.
const MIGRATED: &str = "SELECT number FROM migrations";

/// One migration: its number, what it is for, what it does.
struct Migration {
    number: i32,
    what: &'static str,
    statements: &'static [&'static str],
}

/// In order. Compaction is never by time window: a row is written again with its own stamp, which is a position and
/// no time. What is overwritten is leveled: hints, documents, and what is known of each day; what is only added to is tiered, which is
/// the default.
const MIGRATIONS: [Migration; 4] = [
    Migration {
        number: 1,
        what: "aggregates, readings, meters, dead letters, progress, documents",
        statements: &[
            // Rows that arrive together lie together: a flush of one partition of the log has all areas' newest window.
            // By area first, because people ask for areas; the rows of all partitions of the log are summed up where they are.
            // A day of 76 areas (London / 64) in 12 partitions of the log: 44,000 rows, 3 MB.
            "CREATE TABLE aggregates (day int, shard int, area text, win smallint, part int, \
         energy bigint, meters bigint, seconds bigint, through bigint, \
         PRIMARY KEY ((day, shard), area, win, part)) \
         WITH compaction = {'class': 'LeveledCompactionStrategy'}",
            // The days that have aggregates (what = 0), and those that have readings (1). One partition each, because the first
            // and the last day are asked for, and all of them; a row a day.
            "CREATE TABLE days (what tinyint, day int, PRIMARY KEY (what, day))",
            // Versions of readings. By bucket and day, because readings of many meters arrive together; by meter and start
            // within it, because they are looked for by both. A day of 416 meters (100,000 / 240): 20,000 rows, 1.3 MB.
            "CREATE TABLE readings (day int, bucket int, meter text, start bigint, stamp bigint, \
         duration smallint, energy bigint, area text, \
         PRIMARY KEY ((day, bucket), meter, start, stamp)) \
         WITH compaction = {'class': 'SizeTieredCompactionStrategy'}",
            // Versions of registrations, the last one first, as that is what is asked for. By bucket, as readings are: an owner
            // reads those of its meters, and a scan of all is as many partitions as there are buckets.
            "CREATE TABLE registrations (bucket int, meter text, stamp bigint, \
         area text, kind tinyint, bedrooms smallint, occupants smallint, heating tinyint, \
         PRIMARY KEY (bucket, meter, stamp)) WITH CLUSTERING ORDER BY (meter ASC, stamp DESC)",
            // Where meters ever were: what an area's readings are found by. By area, because one area is asked for.
            "CREATE TABLE meters_by_area (area text, meter text, PRIMARY KEY (area, meter))",
            // Until when each meter was heard. By bucket and meter: an owner looks some of its meters up at once. Overwritten
            // every day, so in levels. Areas were in `heard_in` as long as a hint was written with every reading.
            "CREATE TABLE hints (bucket int, meter text, stamp bigint, ends bigint, heard_in frozen<list<text>>, \
         PRIMARY KEY (bucket, meter)) WITH compaction = {'class': 'LeveledCompactionStrategy'}",
            // How far each partition of the log is stored: looked up by it, one row each.
            "CREATE TABLE progress (part int PRIMARY KEY, stamp bigint)",
            // Dead letters in slots of 131,072 positions, so that no partition grows for ever; and which slots there are, in one
            // partition, because whoever looks for letters begins with all of them.
            "CREATE TABLE dead_letters (part int, slot bigint, stamp bigint, \
         reason tinyint, detail text, appended_ms bigint, record_key blob, record_value blob, \
         PRIMARY KEY ((part, slot), stamp))",
            "CREATE TABLE dead_slots (one tinyint, part int, slot bigint, PRIMARY KEY (one, part, slot))",
            // Documents, the large ones in pieces of a version of their own, so that none is read half old and half new.
            "CREATE TABLE documents (kind text, id text, version bigint, pieces int, body blob, PRIMARY KEY (kind, id)) \
         WITH compaction = {'class': 'LeveledCompactionStrategy'}",
            "CREATE TABLE document_pieces (kind text, id text, version bigint, piece int, body blob, \
         PRIMARY KEY ((kind, id, version), piece))",
        ],
    },
    Migration {
        number: 2,
        what: "in which windows each partition has aggregates",
        // Owners do not look for rows outside of them. A row a partition of the log, in each edition.
        statements: &["CREATE TABLE extents (part int PRIMARY KEY, first_win int, last_win int)"],
    },
    Migration {
        number: 3,
        what: "how far each partition has changed each day, and days that are packed",
        statements: &[
            // Of all editions. By day, because whoever reads a packed day asks how far each partition has changed it; a row a
            // partition of the log, overwritten with every flush that changes the day: in levels.
            "CREATE TABLE changed_days (day int, part int, stamp bigint, PRIMARY KEY (day, part)) \
         WITH compaction = {'class': 'LeveledCompactionStrategy'}",
            // Likewise. By day, because a whole day is read; a row a shard, 64 of 30 kB, overwritten when the day is packed again.
            "CREATE TABLE packed_days (day int, shard int, as_of blob, body blob, PRIMARY KEY (day, shard)) \
         WITH compaction = {'class': 'LeveledCompactionStrategy'}",
        ],
    },
    Migration {
        number: 4,
        what: "aggregates are compacted by size",
        statements: &[
            // Rows of the newest windows are overwritten with every flush, and then never again: to keep them in levels
            // took a third of a node's processor. Of a day whose rows lie in a few tables more, one read is packed.
            "ALTER TABLE aggregates WITH compaction = {'class': 'SizeTieredCompactionStrategy'}",
        ],
    },
];

/// The longest time that a table can be told to keep its rows for: twenty years.
const TIME_TO_LIVE_MAX_S: u32 = 630_720_000;

/// The last second at which older servers, and newer ones that are compatible with them, let a row expire: they refuse to
/// write one that would later.
const LAST_EXPIRATION_S: u64 = i32::MAX as u64 - 1;

/// How long a change of the schema may take: all nodes have to agree to it, however busy they are.
const CHANGE_WITHIN: Duration = Duration::from_secs(60);

/// What a migration did, a line each.
pub type Done = Vec<String>;

/// What a migration did, and what it found otherwise than is configured and left, a line each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrated {
    /// What it did.
    pub done: Done,
    /// What it left.
    pub left: Vec<String>,
}

/// Makes the keyspace and what is missing in it. Idempotent; refuses what would lose or hide what is stored.
pub async fn migrate(config: &CassandraConfig, sizing: Sizing) -> Result<Migrated, ConnectError> {
    let session =
        connect(&CassandraConfig { request_timeout: CHANGE_WITHIN, ..config.clone() }, None).await?;
    let (mut done, mut left) = (Done::new(), Vec::new());
    left.extend(make_keyspace(&session, config, sizing, &mut done).await?);
    session.use_keyspace(&config.keyspace, false).await.map_err(|error| away(config, error))?;
    run(&session, config, "CREATE TABLE IF NOT EXISTS migrations (number int PRIMARY KEY, what text)")
        .await?;
    run(
        &session,
        config,
        "CREATE TABLE IF NOT EXISTS sizing (one tinyint PRIMARY KEY, buckets int, shards int)",
    )
    .await?;
    fix_sizing(&session, config, sizing, &mut done).await?;
    let there = rows::<(i32,)>(&session, config, MIGRATED).await?;
    for Migration { number, what, statements } in MIGRATIONS {
        if there.contains(&(number,)) {
            continue;
        }
        for statement in statements {
            // A migration that was interrupted is begun again.
            run(&session, config, &statement.replacen("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
                .await?;
        }
        match number {
            2 => fill_extents(&session, config).await?,
            3 => fill_changed_days(&session, config).await?,
            _ => {}
        }
        run(&session, config, &format!("INSERT INTO migrations (number, what) VALUES ({number}, '{what}')"))
            .await?;
        done.push(format!("migration {number}: {what}"));
    }
    Ok(Migrated { done, left })
}

/// What was stored before extents were noted may be in any window.
async fn fill_extents(session: &Session, config: &CassandraConfig) -> Result<(), ConnectError> {
    let all = Windows::ALL;
    for (part,) in rows::<(i32,)>(session, config, "SELECT part FROM progress").await? {
        for (column, window, stamp) in
            [("first_win", all.first, first_stamp(all.first)), ("last_win", all.last, last_stamp(all.last))]
        {
            let window = window.0;
            let statement = format!(
                "INSERT INTO extents (part, {column}) VALUES ({part}, {window}) USING TIMESTAMP {stamp}"
            );
            run(session, config, &statement).await?;
        }
    }
    Ok(())
}

/// What was stored before it was noted is not after progress.
async fn fill_changed_days(session: &Session, config: &CassandraConfig) -> Result<(), ConnectError> {
    let progress = rows::<(i32, i64)>(session, config, "SELECT part, stamp FROM progress").await?;
    for (day,) in rows::<(i32,)>(session, config, "SELECT day FROM days WHERE what = 0").await? {
        for (part, stamp) in &progress {
            let statement = format!(
                "INSERT INTO changed_days (day, part, stamp) VALUES ({day}, {part}, {stamp}) USING TIMESTAMP {stamp}"
            );
            run(session, config, &statement).await?;
        }
    }
    Ok(())
}

async fn make_keyspace(
    session: &Session,
    config: &CassandraConfig,
    sizing: Sizing,
    done: &mut Done,
) -> Result<Option<String>, ConnectError> {
    let CassandraConfig { keyspace, .. } = config;
    let named = !keyspace.is_empty()
        && keyspace.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !named || keyspace.len() > 48 {
        return Err(ConnectError::Refused(format!(
            "the keyspace is called {keyspace:?}; allowed are up to 48 lower-case letters, digits and underscores"
        )));
    }
    let local = rows::<(String,)>(session, config, "SELECT data_center FROM system.local").await?;
    let datacenter = config.datacenter.clone().or_else(|| local.into_iter().next().map(|(name,)| name));
    let Some(datacenter) = datacenter else {
        return Err(away(config, "the datacentre has no name"));
    };
    let copies = sizing.replication;
    let known = format!("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{keyspace}'");
    if let Some((replication,)) = rows::<(HashMap<String, String>,)>(session, config, &known).await?.pop() {
        let there = replication.get(&datacenter).or_else(|| replication.get("replication_factor"));
        let is_as_configured = there.map(String::as_str) == Some(copies.to_string().as_str());
        return Ok((!is_as_configured).then(|| {
            format!(
                "keyspace {keyspace} has {} copies in {datacenter}, and cassandra-replication is {copies}: see \"More \
                 copies\" in docs/OPERATIONS.md",
                there.map_or("no", String::as_str)
            )
        }));
    }
    run(
        session,
        config,
        &format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
             {{'class': 'NetworkTopologyStrategy', '{datacenter}': {copies}}}"
        ),
    )
    .await?;
    done.push(format!("keyspace {keyspace}, {copies} copies in datacentre {datacenter}"));
    Ok(None)
}

/// What is stored is found by these numbers: they are set once.
async fn fix_sizing(
    session: &Session,
    config: &CassandraConfig,
    sizing: Sizing,
    done: &mut Done,
) -> Result<(), ConnectError> {
    let Sizing { buckets, shards, .. } = sizing;
    match sizing_of(session, config).await? {
        Some(there) if (there.buckets, there.shards) == (buckets, shards) => Ok(()),
        Some(there) => Err(ConnectError::Refused(format!(
            "cassandra-buckets is {buckets} and cassandra-shards is {shards}; allowed are {} and {}, with which the keyspace \
             {} was made: what is stored is found by these numbers, so they can't be changed",
            there.buckets, there.shards, config.keyspace
        ))),
        None => {
            let statement =
                format!("INSERT INTO sizing (one, buckets, shards) VALUES (0, {buckets}, {shards})");
            run(session, config, &statement).await?;
            done.push(format!("{buckets} groups of meters, {shards} groups of areas"));
            Ok(())
        }
    }
}

/// Whether what is to be kept so long ever expires: what is to be kept longer than can be said is kept for ever.
pub fn expires(seconds: u32) -> bool {
    let ends = SystemTime::now() + Duration::from_secs(u64::from(seconds));
    let too_late = UNIX_EPOCH + Duration::from_secs(LAST_EXPIRATION_S);
    seconds <= TIME_TO_LIVE_MAX_S && ends <= too_late
}

/// How long readings that are written from now on are kept.
pub async fn keep_readings(config: &CassandraConfig, seconds: u32) -> Result<Done, ConnectError> {
    let CassandraConfig { keyspace, .. } = config;
    let session =
        connect(&CassandraConfig { request_timeout: CHANGE_WITHIN, ..config.clone() }, None).await?;
    session.use_keyspace(keyspace, false).await.map_err(|error| away(config, error))?;
    let seconds = if expires(seconds) { seconds } else { 0 };
    let known = format!(
        "SELECT default_time_to_live FROM system_schema.tables WHERE keyspace_name = '{keyspace}' AND table_name = 'readings'"
    );
    if rows::<(i32,)>(&session, config, &known).await? == [(seconds as i32,)] {
        return Ok(Done::new());
    }
    run(&session, config, &format!("ALTER TABLE readings WITH default_time_to_live = {seconds}")).await?;
    Ok(vec![match seconds {
        0 => "readings are kept for ever".to_owned(),
        _ => format!("readings are kept for {} days", seconds / 86_400),
    }])
}

/// The sizing of a migrated keyspace that is in use; an error says what it lacks.
pub(crate) async fn check(session: &Session, config: &CassandraConfig) -> Result<Sizing, ConnectError> {
    let there = match session.query_unpaged(MIGRATED, ()).await {
        Ok(answer) => rows_of::<(i32,)>(answer, config)?,
        // There is no such table.
        Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(DbError::Invalid, _))) => {
            Vec::new()
        }
        Err(error) => return Err(away(config, error)),
    };
    let missing: Vec<_> =
        MIGRATIONS.iter().filter(|one| !there.contains(&(one.number,))).map(|one| one.number).collect();
    if !missing.is_empty() {
        return Err(not_migrated(
            config,
            format!("keyspace {} lacks the migrations {missing:?}", config.keyspace),
        ));
    }
    sizing_of(session, config)
        .await?
        .ok_or_else(|| not_migrated(config, "its sizing is not known".to_owned()))
}

async fn sizing_of(session: &Session, config: &CassandraConfig) -> Result<Option<Sizing>, ConnectError> {
    let found =
        rows::<(i32, i32)>(session, config, "SELECT buckets, shards FROM sizing WHERE one = 0").await?;
    let sizing = |(buckets, shards): (i32, i32)| Sizing {
        buckets: buckets as u32,
        shards: shards as u32,
        ..Sizing::default()
    };
    Ok(found.into_iter().next().map(sizing))
}

async fn run(session: &Session, config: &CassandraConfig, statement: &str) -> Result<(), ConnectError> {
    session.query_unpaged(statement, ()).await.map(drop).map_err(|error| away(config, error))
}

async fn rows<T>(session: &Session, config: &CassandraConfig, statement: &str) -> Result<Vec<T>, ConnectError>
where
    T: for<'frame, 'metadata> scylla::deserialize::row::DeserializeRow<'frame, 'metadata>,
{
    let answer = session.query_unpaged(statement, ()).await.map_err(|error| away(config, error))?;
    rows_of(answer, config)
}

fn rows_of<T>(answer: QueryResult, config: &CassandraConfig) -> Result<Vec<T>, ConnectError>
where
    T: for<'frame, 'metadata> scylla::deserialize::row::DeserializeRow<'frame, 'metadata>,
{
    let answer = answer.into_rows_result().map_err(|error| away(config, error))?;
    let rows = answer.rows::<T>().map_err(|error| away(config, error))?;
    rows.collect::<Result<_, _>>().map_err(|error| away(config, error))
}

pub(crate) fn away(config: &CassandraConfig, why: impl std::fmt::Display) -> ConnectError {
    ConnectError::Away { nodes: config.nodes.join(", "), why: why.to_string() }
}

fn not_migrated(config: &CassandraConfig, why: String) -> ConnectError {
    ConnectError::NotMigrated { nodes: config.nodes.join(", "), why }
}
