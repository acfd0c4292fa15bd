//! The door: the one way in for readings and registrations, whoever brings them.
//!
//! A receipt is given only after the log has said that everything in it is durable.

mod body;
mod place;
mod rate;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use bytes::Bytes;
use engine::{AppendError, Envelope, ReadingLog};
use geography::Geography;
use metering::door::{Batch, MeterDraft, Receipt, Rejection, Rules};
use metering::wire::Record;
use metering::{Reading, Registration};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use body::{Body, Coding};
pub use place::{UnknownArea, locate};

use crate::clock::Clock;
use crate::config::DoorLimits;
use crate::door::rate::Rates;
use crate::keys::Key;
use crate::problem::Problem;
use crate::telemetry::Metrics;

/// Requests that may be in the door at once. Bounds memory: each holds a body, as sent and decompressed.
const REQUESTS_AT_ONCE: usize = 64;

/// How long a request waits for its turn before it is told to come back.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);

/// The use case behind `POST /api/v1/readings` and `/meters`, and behind all that sends otherwise.
pub struct Door {
    log: Arc<dyn ReadingLog>,
    geography: Arc<Geography>,
    clock: Arc<dyn Clock>,
    limits: DoorLimits,
    rates: Rates,
    turns: Semaphore,
    metrics: Arc<Metrics>,
}

/// What a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Readings.
    Readings,
    /// Registrations.
    Meters,
}

/// How a request is to be taken: its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
// A misspelt `dry_run` must not write.
#[serde(deny_unknown_fields, default)]
pub struct Manner {
    /// Judge everything and take nothing. The receipt is what it would have been.
    pub dry_run: bool,
    /// Of registrations: what becomes of those in an area that is not on the map.
    pub unknown_area: UnknownArea,
}

impl Door {
    /// In front of a log.
    pub fn new(
        log: Arc<dyn ReadingLog>,
        geography: Arc<Geography>,
        clock: Arc<dyn Clock>,
        limits: DoorLimits,
        metrics: Arc<Metrics>,
    ) -> Self {
        Door {
            log,
            geography,
            clock,
            limits,
            rates: Rates::new(limits.key_rate, limits.batch),
            turns: Semaphore::new(REQUESTS_AT_ONCE),
            metrics,
        }
    }

    /// What a request may be.
    pub fn limits(&self) -> &DoorLimits {
        &self.limits
    }

    /// Waits for a turn; held until the answer is there.
    pub async fn turn(&self, key: &Key) -> Result<SemaphorePermit<'_>, Problem> {
        self.rates.ask(&key.id, Instant::now()).map_err(|wait| self.too_fast(wait))?;
        match tokio::time::timeout(TURN_TIMEOUT, self.turns.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::unavailable("Too many requests are under way.", Duration::from_secs(1))),
        }
    }

    fn too_fast(&self, wait: Duration) -> Problem {
        let rate = self.limits.key_rate.unwrap_or(0);
        Problem {
            retry_after: Some(wait),
            ..Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("This key may send {rate} readings a second on average, and has sent more."),
            )
        }
    }

    /// Takes a request's body: all that may pass is durable when this returns a receipt, unless it is a dry run.
    pub async fn take(&self, key: &Key, kind: Kind, body: Body, manner: Manner) -> Result<Receipt, Problem> {
        let (rules, limit, geography) =
            (self.rules(), self.limits.decompressed_bytes, self.geography.clone());
        // Decompressing and parsing take a core for up to a few milliseconds: not on a thread that others wait for.
        let judged = tokio::task::spawn_blocking(move || {
            let text = body.decompressed(limit)?;
            Ok::<_, Problem>(match kind {
                Kind::Readings => enclose(metering::door::readings(&text, body.format, &rules)?),
                Kind::Meters => {
                    let batch = metering::door::meters(&text, body.format, &rules)?;
                    register(batch, &geography, manner.unknown_area)
                }
            })
        })
        .await
        .map_err(|error| Problem::internal(&error))?;
        let judged = judged?;
        self.rates.spend(&key.id, judged.envelopes.len() + judged.rejected.len(), Instant::now());
        if manner.dry_run {
            return Ok(Receipt { accepted: judged.envelopes.len() as u32, rejected: judged.rejected });
        }
        Ok(self.keep(kind, judged).await?)
    }

    /// Takes readings of the right shape, by the same rules: from importers and simulated homes.
    pub async fn take_readings(&self, readings: Vec<Reading>) -> Result<Receipt, AppendError> {
        self.keep(Kind::Readings, enclose(metering::door::judge(readings, &self.rules()))).await
    }

    /// Takes registrations of the right shape; those in areas that are not on the map are refused.
    pub async fn take_meters(&self, drafts: Vec<MeterDraft>) -> Result<Receipt, AppendError> {
        let batch = Batch { accepted: (0..).zip(drafts).collect(), rejected: Vec::new() };
        self.keep(Kind::Meters, register(batch, &self.geography, UnknownArea::Refuse)).await
    }

    /// Takes registrations that are sound already.
    pub async fn take_registrations(&self, registrations: Vec<Registration>) -> Result<(), AppendError> {
        let envelopes =
            registrations.into_iter().map(|one| envelope(&Record::Registration(one, None))).collect();
        self.append(Kind::Meters, envelopes).await
    }

    async fn keep(&self, kind: Kind, judged: Judged) -> Result<Receipt, AppendError> {
        let Judged { envelopes, rejected } = judged;
        self.metrics.judged(kind, &rejected);
        let accepted = envelopes.len();
        if accepted > 0 {
            self.append(kind, envelopes).await?;
        }
        Ok(Receipt { accepted: accepted as u32, rejected })
    }

    async fn append(&self, kind: Kind, envelopes: Vec<Envelope>) -> Result<(), AppendError> {
        let (count, began) = (envelopes.len(), Instant::now());
        let outcome = self.log.append(envelopes).await;
        self.metrics.appended(kind, count, began.elapsed(), outcome.is_ok());
        outcome
    }

    /// What values are measured against now.
    pub fn rules(&self) -> Rules {
        Rules {
            now: self.clock.now(),
            future_tolerance_s: self.limits.future_tolerance_s,
            retention_s: self.limits.retention_s,
            batch: self.limits.batch,
        }
    }
}

/// The status of a receipt: 422 where everything was refused.
pub fn status_of(receipt: &Receipt) -> StatusCode {
    if receipt.accepted == 0 && !receipt.rejected.is_empty() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    }
}

/// A request's items, ready for the log, and those that may not pass.
struct Judged {
    envelopes: Vec<Envelope>,
    rejected: Vec<Rejection>,
}

fn enclose(batch: Batch<Reading>) -> Judged {
    let envelopes =
        batch.accepted.into_iter().map(|(_, reading)| envelope(&Record::Reading(reading, None))).collect();
    Judged { envelopes, rejected: batch.rejected }
}

/// A record with its key.
pub fn envelope(record: &Record) -> Envelope {
    let key = match record {
        Record::Reading(reading, _) => Bytes::copy_from_slice(reading.meter.as_str().as_bytes()),
        Record::Registration(registration, _) => {
            Bytes::copy_from_slice(registration.meter.as_str().as_bytes())
        }
        Record::GenerationBegins(_) => Bytes::new(),
    };
    Envelope { key, value: record.encode().into() }
}

/// Finds the areas of registrations.
fn register(batch: Batch<MeterDraft>, geography: &Geography, unknown: UnknownArea) -> Judged {
    let (registrations, elsewhere) = locate(batch.accepted, geography, unknown);
    let mut rejected = batch.rejected;
    rejected.extend(elsewhere);
    rejected.sort_by_key(|rejection| rejection.index);
    let envelopes = registrations.into_iter().map(|one| envelope(&Record::Registration(one, None))).collect();
    Judged { envelopes, rejected }
}
