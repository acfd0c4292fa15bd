//! Into the engine itself: this process opens the data directory, and decides what it brings in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use engine::{AppendError, Document};
use engine_embedded::OpenError;
use metering::door::{MeterDraft, Rejection};
use metering::numerals::grouped;
use metering::statistics::YearStatistics;
use metering::{AreaCode, DeadReason, Reading};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::checkpoint::{Checkpoint, KIND};
use super::destination::Destination;
use super::progress::waiting_for;

use super::statistics::of_unknown_areas;
use crate::clock::SystemClock;
use crate::commands::engine::aggregation_of;
use crate::config::Config;
use crate::door::Door;
use crate::engines::{Opened, open};
use crate::roles::aggregate::{Aggregation, drain, own};
use crate::telemetry::Metrics;

/// Readings of an append: the log syncs once for all of them.
const BATCH: usize = 10_000;

/// Records that may wait to be decided before reading the file pauses: bounds memory.
const WAITING_MAX: i64 = 200_000;

/// How often it is looked whether everything is decided.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a full or busy disk, and what is away, are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What can be done about what did not pass.
const BEGIN_AGAIN: &str = "the import stopped; start it again and it goes on where it was";

/// An open engine that owns all partitions while it takes things in.
pub(super) struct Direct {
    opened: Opened,
    door: Door,
    aggregation: Aggregation,
    stop: CancellationToken,
    /// None once they have ended.
    owners: Option<JoinHandle<anyhow::Result<()>>>,
    dead_before: BTreeMap<DeadReason, u64>,
    notes: Vec<String>,
}

impl Direct {
    /// Opens the data directory. A running server has it: then the sentence says what to do.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let opened = open(config).await.map_err(while_a_server_runs)?;
        let aggregation = aggregation_of(&opened, config).await?;
        let Aggregation { ports, geography, .. } = aggregation.clone();
        let clock = Arc::new(SystemClock);
        let metrics = Arc::new(Metrics::new());
        let door = Door::new(ports.log, geography, clock, config.door, metrics);
        let dead_before = dead_letters(&aggregation).await?;
        let stop = CancellationToken::new();
        let owners =
            Some(tokio::spawn(own(aggregation.clone(), opened.ownership_of_command(), stop.clone())));
        let notes = Vec::new();
        Ok(Direct { opened, door, aggregation, stop, owners, dead_before, notes })
    }

    /// Waits until not too many records are undecided. An error: an owner can't go on, or nobody says for a minute how many
    /// there are.
    async fn keep_pace(&mut self) -> anyhow::Result<()> {
        let mut told = tokio::time::Instant::now();
        loop {
            if let Some(ended) = self.owners.take_if(|owners| owners.is_finished()) {
                ended.await??;
                anyhow::bail!("what was taken in is not decided any more");
            }
            match self.undecided().await {
                Ok(left) if left <= WAITING_MAX => return Ok(()),
                Ok(_) => told = tokio::time::Instant::now(),
                Err(error) if told.elapsed() > PATIENCE => return Err(error).context(BEGIN_AGAIN),
                // What passes by itself: a node that has just died is not asked the next time.
                Err(_) => {}
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn undecided(&self) -> anyhow::Result<i64> {
        let Aggregation { ports, ingestion, .. } = &self.aggregation;
        ingestion.look_at_others(ports).await?;
        let partitions = ingestion.positions(ports).await?;
        Ok(partitions.iter().map(|one| one.head - one.decided).sum())
    }
}

#[async_trait]
impl Destination for Direct {
    fn batch(&self) -> usize {
        BATCH
    }

    async fn readings(&mut self, readings: Vec<Reading>) -> anyhow::Result<Vec<Rejection>> {
        let receipt = patiently(|| self.door.take_readings(readings.clone())).await?;
        self.keep_pace().await?;
        Ok(receipt.rejected)
    }

    async fn meters(&mut self, meters: Vec<MeterDraft>) -> anyhow::Result<Vec<Rejection>> {
        Ok(patiently(|| self.door.take_meters(meters.clone())).await?.rejected)
    }

    async fn statistics(&mut self, year: u16, statistics: YearStatistics) -> anyhow::Result<Vec<Rejection>> {
        let documents = self.aggregation.ports.documents.as_ref();
        let areas: Vec<AreaCode> =
            statistics.figures.iter().map(|statistic| statistic.area.clone()).collect();
        let geography = &self.aggregation.geography;
        let stored = crate::statistics::put(documents, geography, year, statistics, false).await?;
        self.notes.push(super::statistics::note(year, &stored));
        Ok(of_unknown_areas(&areas, &stored.unknown_areas))
    }

    async fn resume(&mut self, identity: &str) -> anyhow::Result<Option<Checkpoint>> {
        let found = self.aggregation.ports.documents.document(KIND, identity).await?;
        // One that can't be read is of another version: the import begins anew, which is harmless.
        Ok(found.and_then(|body| serde_json::from_slice(&body).ok()))
    }

    async fn note(&mut self, identity: &str, checkpoint: Option<&Checkpoint>) -> anyhow::Result<()> {
        let documents = self.aggregation.ports.documents.as_ref();
        match checkpoint {
            Some(checkpoint) => {
                let document = Document { id: identity.to_owned(), body: serde_json::to_vec(checkpoint)? };
                documents.put_documents(KIND, vec![document]).await?;
            }
            None => documents.remove_document(KIND, identity).await?,
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> anyhow::Result<Vec<String>> {
        let Direct { opened, aggregation, stop, owners, dead_before, mut notes, .. } = *self;
        // The owners store what they have decided before they end, as far as the store takes it in time...
        stop.cancel();
        let mut outcome = match owners {
            Some(owners) => owners.await.context("an owner of a partition").flatten(),
            None => Ok(()),
        };
        // ... and the rest is waited for: an import that says it is done is done.
        if outcome.is_ok() {
            let bar = waiting_for("counting what was taken in");
            let left = |left: i64| {
                bar.set_message(format!("counting: {} records left", grouped(left.max(0) as u64)));
            };
            outcome = drain(aggregation.clone(), opened.ownership_of_command(), left).await;
            bar.finish_and_clear();
        }
        if outcome.is_ok() {
            notes.extend(dead_since(&dead_before, &dead_letters(&aggregation).await?));
        }
        drop(aggregation);
        opened.close().await?;
        outcome.map(|()| notes)
    }
}

/// Says what to do where the data directory is taken.
pub(super) fn while_a_server_runs(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<OpenError>() {
        Some(OpenError::InUse { .. }) => anyhow::anyhow!(
            "{error:#}; stop it, or import through the running server with --server URL --key KEY"
        ),
        _ => error,
    }
}

async fn dead_letters(aggregation: &Aggregation) -> anyhow::Result<BTreeMap<DeadReason, u64>> {
    Ok(aggregation.ports.figures.dead_letter_counts().await?.into_iter().collect())
}

/// What can't be counted of what was taken in, as sentences.
fn dead_since(before: &BTreeMap<DeadReason, u64>, now: &BTreeMap<DeadReason, u64>) -> Vec<String> {
    now.iter()
        .filter_map(|(reason, count)| {
            let new = count.saturating_sub(before.get(reason).copied().unwrap_or(0));
            let hint = match reason {
                DeadReason::UnknownMeter => {
                    ": register the meters (wattmap import meters), then redrive them"
                }
                DeadReason::Overlap => ": another reading covers the same time",
                DeadReason::BeyondRetention => ": see --retention-days",
                _ => "",
            };
            (new > 0).then(|| format!("kept but not counted, {}: {}{hint}", reason.as_str(), grouped(new)))
        })
        .collect()
}

/// Appends, and waits for what may pass: a log that is busy, a disk that is full.
async fn patiently<T, A: Future<Output = Result<T, AppendError>>>(
    mut attempt: impl FnMut() -> A,
) -> anyhow::Result<T> {
    let began = tokio::time::Instant::now();
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let (AppendError::Busy { retry_after } | AppendError::Unavailable { retry_after, .. }) = &error;
        if began.elapsed() + *retry_after > PATIENCE {
            return Err(error).context(BEGIN_AGAIN);
        }
        tokio::time::sleep(*retry_after).await;
    }
}
