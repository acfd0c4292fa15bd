//! Opening the engine that is configured. Which one it is nobody else knows.

mod distributed;
mod generations;
mod limits;
mod topics_set;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use engine::{DocumentStore, Editions, InEdition, Measured, Ownership, ReadingLog, Whole};
pub use engine_cassandra::Migrated;
use engine_embedded::{EmbeddedConfig, EmbeddedDocuments, EmbeddedEngine};

use metering::UtcSecond;

use crate::config::Config;
use crate::state::Ports;
use distributed::Distributed;

/// Raw readings outlive the retention by as long as the log may keep a record unread, and the hour and
/// a half in which a countable reading's neighbours lie (rule 14): two days are more than both in a log of one's own.
const RAW_MARGIN_DAYS: u32 = 2;

/// How soon what was not there is looked for again.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// An open engine.
pub struct Opened {
    /// Its ports.
    pub ports: Ports,
    engine: Engine,
}

enum Engine {
    Embedded(EmbeddedEngine),
    Distributed(Distributed),
}

impl Opened {
    /// Tells whoever else wants the data directory that this process serves, and where.
    pub fn serves(&self, address: SocketAddr) {
        if let Engine::Embedded(engine) = &self.engine {
            engine.serves(address);
        }
    }

    /// A place among those who aggregate: all of a log of one's own, a share of one that others work on, too.
    pub fn ownership(&self) -> anyhow::Result<Arc<dyn Ownership>> {
        Ok(match &self.engine {
            Engine::Embedded(_) => Arc::new(Whole::of(self.ports.log.partitions())),
            Engine::Distributed(engine) => Arc::new(engine.join()?),
        })
    }

    /// For commands, which leave the work to those who are there for it.
    pub fn ownership_of_command(&self) -> Arc<dyn Ownership> {
        Arc::new(match &self.engine {
            Engine::Embedded(_) => Whole::of(self.ports.log.partitions()),
            Engine::Distributed(_) => Whole::of(0),
        })
    }

    /// All in it that says of itself what it counts.
    pub fn measured(&self) -> Vec<Arc<dyn Measured>> {
        match &self.engine {
            Engine::Embedded(_) => Vec::new(),
            Engine::Distributed(engine) => engine.measured(),
        }
    }

    /// Whether others work on the same log.
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Distributed(_))
    }

    /// Ends: everything is written out and what was taken is free. Stop what flushes before.
    pub async fn close(self) -> anyhow::Result<()> {
        match self.engine {
            Engine::Embedded(engine) => engine.close().await?,
            Engine::Distributed(engine) => engine.close().await,
        }
        Ok(())
    }
}

/// What waiting does not mend, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct StaysWrong(String);

impl StaysWrong {
    /// Something remembered that is damaged.
    fn unreadable(what: &str) -> impl FnOnce(serde_json::Error) -> Self {
        move |error| StaysWrong(format!("what is remembered of the {what} can't be read: {error}"))
    }
}

/// Opens the engine; refused with a sentence if it can't be had: a data directory that another process has or that can't
/// be trusted, a Kafka or a Cassandra that is away or not migrated.
pub async fn open(config: &Config) -> anyhow::Result<Opened> {
    if let Some(at) = &config.engine.distributed {
        let (engine, ports) = Distributed::open(config, at).await?;
        return Ok(Opened { ports, engine: Engine::Distributed(engine) });
    }
    let pace = config.engine.pace;
    let engine_config = EmbeddedConfig {
        partitions: config.engine.partitions,
        segment_bytes: pace.segment_bytes,
        log_bytes_max: pace.log_bytes_max,
        memtable_bytes: pace.memtable_bytes,
        checkpoint_every: pace.checkpoint_every,
        pack_after_quiet: pace.pack_after_quiet,
        disk_reserve_bytes: config.engine.disk_reserve_bytes,
        raw_retention_days: Some(config.engine.retention_days + RAW_MARGIN_DAYS),
        ..EmbeddedConfig::default()
    };
    let dir = config.engine.data.clone();
    // Reads and checks all that is stored.
    let embedded = tokio::task::spawn_blocking(move || EmbeddedEngine::open(dir, engine_config)).await??;
    let editions: Arc<dyn Editions> = embedded.store();
    let in_use = InEdition::new(crate::editions::in_use(editions.as_ref()).await?);
    let ports = Ports {
        log: embedded.log(),
        announcements: Arc::new(embedded.log().generations()),
        pipeline: editions.pipeline(&in_use),
        figures: editions.figures(&in_use),
        in_use,
        editions,
        documents: embedded.documents(),
        feed: embedded.live(),
        dead: embedded.live(),
    };
    Ok(Opened { ports, engine: Engine::Embedded(embedded) })
}

/// Opens the engine, and waits for Kafka and Cassandra as long as it takes: they may come up after us, and be migrated
/// after that. Neither a data directory nor a password gets better by waiting, nor limits that others do not have.
pub async fn open_patiently(config: &Config) -> anyhow::Result<Opened> {
    let mut wait = FIRST_WAIT;
    loop {
        match open(config).await {
            Err(error) if config.engine.distributed.is_some() && distributed::may_pass(&error) => {
                tracing::warn!("{error:#}; trying again in {:.1} s", wait.as_secs_f64());
            }
            outcome => return outcome,
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Makes topics, keyspace and tables. The embedded engine needs none of it.
pub async fn migrate(config: &Config) -> anyhow::Result<Migrated> {
    match &config.engine.distributed {
        Some(at) => distributed::migrate(config, at).await,
        None => Ok(Migrated::default()),
    }
}

/// What has to be there apart from this process before anything can be opened, a line each; none of it for a data directory.
pub async fn parts(config: &Config) -> Vec<(&'static str, anyhow::Result<String>)> {
    match &config.engine.distributed {
        Some(at) => distributed::parts(config, at).await,
        None => Vec::new(),
    }
}

/// Documents that can be read and written while a server runs: keys.
pub async fn keys_only(config: &Config) -> anyhow::Result<Arc<dyn DocumentStore>> {
    Ok(match &config.engine.distributed {
        Some(at) => distributed::documents(at).await?,
        None => Arc::new(EmbeddedDocuments::keys_only(&config.engine.data)?),
    })
}

/// Whether there is anything stored that a command which writes nothing could look into.
pub fn is_there(config: &Config) -> bool {
    config.engine.distributed.is_some() || EmbeddedEngine::is_in(&config.engine.data)
}

/// Refuses to look where nothing is stored: a mistyped path is not an empty engine, and looking does not make one.
pub fn must_be_there(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        is_there(config),
        "there is no data of wattmap in {}: is --data right? The first `wattmap run` makes it",
        config.engine.data.display()
    );
    Ok(())
}

/// The first UTC day, numbered from 1970, of which every reading that was accepted is still stored, however late it came,
/// as far as that is known; and no reading of an earlier one is accepted any more.
pub async fn first_whole_day(config: &Config, ports: &Ports, now: UtcSecond) -> anyhow::Result<i32> {
    let retention_s = u64::from(config.engine.retention_days) * 86_400;
    // What was stored is gone when the last migration said, whatever this process is told.
    let kept_s = match distributed::readings_kept_s(ports.documents.as_ref()).await? {
        Some(kept_s) => kept_s.saturating_sub(u64::from(RAW_MARGIN_DAYS) * 86_400),
        None => retention_s,
    };
    let kept_s = i64::try_from(kept_s.min(retention_s)).unwrap_or(i64::MAX);
    Ok(UtcSecond(now.0.saturating_sub(kept_s).max(0)).window().day())
}

/// How long readings are kept in Cassandra: they outlive the retention by as long as the topic keeps a record, read or
/// not, and two days (rule 14).
fn raw_kept(config: &Config, topic_keeps: Duration) -> Duration {
    Duration::from_secs(u64::from(config.engine.retention_days + RAW_MARGIN_DAYS) * 86_400) + topic_keeps
}
