//! Opening the engine that is configured.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use engine::DocumentStore;
use engine_embedded::{EmbeddedConfig, EmbeddedEngine};
use geography::{Geography, ImportOptions};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::ingestion::Ingestion;
use crate::roles::aggregate::Aggregation;
use crate::state::Ports;

/// The kind and the name of the document that an imported geography is.
pub(crate) const GEOGRAPHY: (&str, &str) = ("geography", "current");

/// Raw readings outlive the retention by as long as the log may keep a record unread, and the hour and
/// a half in which a countable reading's neighbours lie (rule 14): two days are more than both.
const RAW_MARGIN_DAYS: u32 = 2;

/// An open engine.
pub struct Opened {
    /// Its ports.
    pub ports: Ports,
    embedded: EmbeddedEngine,
}

impl Opened {
    /// Tells whoever else wants the data directory that this process serves, and where.
    pub fn serves(&self, address: SocketAddr) {
        self.embedded.serves(address);
    }

    /// Ends: everything is written out and the directory is free. Stop what flushes before.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.embedded.close().await?)
    }
}

/// Opens the data directory; refused with a sentence if another process has it, or if what is in it
/// can't be trusted.
pub async fn open(config: &Config) -> anyhow::Result<Opened> {
    if config.engine.distributed.is_some() {
        bail!("kafka-brokers and cassandra-nodes are set, and this version runs on the embedded engine only");
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
    let ports = Ports {
        log: embedded.log(),
        pipeline: embedded.store(),
        figures: embedded.store(),
        documents: embedded.documents(),
        feed: embedded.live(),
    };
    Ok(Opened { ports, embedded })
}

/// What owners of an open engine need, for commands that bring readings in or need what others brought.
pub(crate) async fn aggregation_of(opened: &Opened, config: &Config) -> anyhow::Result<Aggregation> {
    let ports = opened.ports.clone();
    Ok(Aggregation {
        geography: geography_of(config, ports.documents.as_ref()).await?,
        ingestion: Arc::new(Ingestion::new(ports.log.partitions())),
        ports,
        retention_s: config.door.retention_s,
        flush_every: config.engine.pace.flush_every,
        clock: Arc::new(SystemClock),
    })
}

/// The areas: of the configured file, or else those that were imported, or else London.
pub async fn geography_of(config: &Config, documents: &dyn DocumentStore) -> anyhow::Result<Arc<Geography>> {
    if let Some(path) = &config.web.geography {
        return configured(path).await;
    }
    if let Some(bytes) = documents.document(GEOGRAPHY.0, GEOGRAPHY.1).await? {
        return Ok(Arc::new(Geography::from_bytes(&bytes).context("the imported geography can't be used")?));
    }
    london().await
}

/// The same areas, for a command that writes nothing: a data directory that is not there is not made.
pub(crate) async fn geography_without_server(config: &Config) -> anyhow::Result<Arc<Geography>> {
    if let Some(path) = &config.web.geography {
        return configured(path).await;
    }
    if !EmbeddedEngine::is_in(&config.engine.data) {
        return london().await;
    }
    let opened = open(config).await?;
    let geography = geography_of(config, opened.ports.documents.as_ref()).await;
    opened.close().await?;
    geography
}

async fn configured(path: &Path) -> anyhow::Result<Arc<Geography>> {
    let bytes = tokio::fs::read(path)
        .await
        .with_context(|| format!("the geography {} can't be read", path.display()))?;
    // What was guessed of a GeoJSON file is said as loudly as `wattmap import geography` says it.
    let understood =
        tokio::task::spawn_blocking(move || Geography::from_file(&bytes, &ImportOptions::default()));
    let (geography, report) =
        understood.await?.with_context(|| format!("the geography {} can't be used", path.display()))?;
    if let Some(report) = report {
        tracing::info!(%report, "the geography {} was read", path.display());
    }
    Ok(Arc::new(geography))
}

async fn london() -> anyhow::Result<Arc<Geography>> {
    Ok(tokio::task::spawn_blocking(Geography::london).await?)
}
