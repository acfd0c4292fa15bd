//! What commands need of an open engine.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use engine::DocumentStore;
use geography::{Geography, ImportOptions};

use crate::config::Config;
use crate::engines::{Opened, is_there, open};
use crate::imported_geography::{GEOGRAPHY, london};
use crate::ingestion::Ingestion;
use crate::roles::aggregate::{Aggregation, FlushPace};

/// What owners of an open engine need, for commands that bring readings in or need what others brought.
pub(crate) async fn aggregation_of(opened: &Opened, config: &Config) -> anyhow::Result<Aggregation> {
    let ports = opened.ports.clone();
    Ok(Aggregation {
        geography: geography_of(config, ports.documents.as_ref()).await?,
        ingestion: Arc::new(Ingestion::of_others()),
        ports,
        limits: config.door,
        pace: FlushPace::of(&config.engine),
        silence: config.engine.pace.owner_silence,
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
    Ok(london().await?)
}

/// The same areas, for a command that writes nothing: a data directory that is not there is not made.
pub(crate) async fn geography_without_server(config: &Config) -> anyhow::Result<Arc<Geography>> {
    if let Some(path) = &config.web.geography {
        return configured(path).await;
    }
    if !is_there(config) {
        return Ok(london().await?);
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
