//! Through a running server: the same endpoints as everybody's.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use async_trait::async_trait;
use hyper::{Method, StatusCode};
use metering::door::{DraftPlace, MeterDraft, Receipt, Rejection};
use metering::statistics::YearStatistics;
use metering::{AreaCode, Reading};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::checkpoint::Checkpoint;
use super::client::Client;
use super::destination::Destination;
use super::statistics::of_unknown_areas;
use crate::imported_geography::NextGeography;
use crate::statistics::Stored;

/// Readings of a request: what the contract recommends for steady sending.
const BATCH: usize = 1000;

const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// A server, as a destination.
pub(super) struct ThroughServer {
    client: Client,
    url: String,
    /// It judges everything and takes nothing.
    dry_run: bool,
    notes: Vec<String>,
}

impl ThroughServer {
    /// `patience` is how long a server that is away or busy is waited for.
    pub(super) fn new(url: &str, key: String, patience: Duration, dry_run: bool) -> anyhow::Result<Self> {
        let client = Client::new(url, key, patience)?;
        Ok(ThroughServer { client, url: url.to_owned(), dry_run, notes: Vec::new() })
    }

    /// Posts what a person stands beside: what is refused is refused now, areas that are not on the map as well.
    async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<Vec<Rejection>> {
        if body.is_empty() {
            return Ok(Vec::new());
        }
        let with_query = format!("{path}?unknown_area=refuse&dry_run={}", self.dry_run);
        let answer = self.client.send(Method::POST, &with_query, NDJSON, body.as_bytes()).await?;
        match answer.status {
            // 422: the request was understood, and everything in it refused.
            StatusCode::OK | StatusCode::UNPROCESSABLE_ENTITY => {
                let receipt: Receipt = serde_json::from_slice(&answer.body)
                    .with_context(|| format!("{} answers what no wattmap server does", self.url))?;
                Ok(receipt.rejected)
            }
            _ => bail!("{}{path}: {}", self.url, answer.explained()),
        }
    }

    /// Orders what operators may.
    async fn operate<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: &[u8],
    ) -> anyhow::Result<T> {
        let with_query = format!("{path}?dry_run={}", self.dry_run);
        let answer = self.client.send(method, &with_query, content_type, body).await?;
        if answer.status != StatusCode::OK {
            bail!("{}{path}: {}", self.url, answer.explained());
        }
        serde_json::from_slice(&answer.body)
            .with_context(|| format!("{} answers what no wattmap server does", self.url))
    }

    /// Sends a geography as its bytes, or has the one forgotten that the server was sent before.
    pub(super) async fn geography(&mut self, bytes: Option<&[u8]>) -> anyhow::Result<NextGeography> {
        let method = if bytes.is_some() { Method::PUT } else { Method::DELETE };
        self.operate(method, "/api/v1/ops/geography", BYTES, bytes.unwrap_or_default()).await
    }

    /// Where checkpoints of imports through servers are: with this user, for the server has nothing to do with them.
    fn checkpoint_file(&self, identity: &str) -> Option<PathBuf> {
        let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let state = state.or_else(|| std::env::home_dir().map(|home| home.join(".local/state")))?;
        let server: String =
            self.url.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(80).collect();
        Some(state.join("wattmap/imports").join(format!("{server}-{identity}.json")))
    }
}

#[async_trait]
impl Destination for ThroughServer {
    fn batch(&self) -> usize {
        BATCH
    }

    async fn readings(&mut self, readings: Vec<Reading>) -> anyhow::Result<Vec<Rejection>> {
        let mut body = String::with_capacity(readings.len() * 100);
        for Reading { meter, interval, energy } in readings {
            // A meter's name has no character that JSON would have to escape; the energy is its own exact text.
            let (start, duration_s) = (interval.start(), interval.duration_s());
            body += &format!(
                "{{\"meter_id\":\"{meter}\",\"start\":\"{start}\",\"duration_s\":{duration_s},\"energy_wh\":{energy}}}\n"
            );
        }
        self.post("/api/v1/readings", &body).await
    }

    async fn meters(&mut self, meters: Vec<MeterDraft>) -> anyhow::Result<Vec<Rejection>> {
        let mut body = String::new();
        for MeterDraft { meter, place, dwelling } in meters {
            let mut line = json!({ "meter_id": meter, "dwelling": dwelling });
            match place {
                DraftPlace::Area(area) => line["area"] = json!(area),
                DraftPlace::Point { lat, lon } => {
                    line["lat"] = json!(lat);
                    line["lon"] = json!(lon);
                }
            }
            body += &format!("{line}\n");
        }
        self.post("/api/v1/meters", &body).await
    }

    async fn statistics(&mut self, year: u16, statistics: YearStatistics) -> anyhow::Result<Vec<Rejection>> {
        let path = format!("/api/v1/ops/statistics/{year}");
        let body = serde_json::to_vec(&statistics)?;
        let stored: Stored = self.operate(Method::PUT, &path, JSON, &body).await?;
        if !self.dry_run {
            self.notes.push(super::statistics::note(year, &stored));
        }
        let areas: Vec<AreaCode> = statistics.figures.into_iter().map(|statistic| statistic.area).collect();
        Ok(of_unknown_areas(&areas, &stored.unknown_areas))
    }

    async fn resume(&mut self, identity: &str) -> anyhow::Result<Option<Checkpoint>> {
        // Without one, all is sent again: slower, and harmless. A dry run looks at all of it.
        if self.dry_run {
            return Ok(None);
        }
        let text = self.checkpoint_file(identity).and_then(|path| std::fs::read(path).ok());
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    async fn note(&mut self, identity: &str, checkpoint: Option<&Checkpoint>) -> anyhow::Result<()> {
        let Some(path) = self.checkpoint_file(identity).filter(|_| !self.dry_run) else { return Ok(()) };
        let noted = match checkpoint {
            Some(checkpoint) => write_whole(&path, &serde_json::to_vec(checkpoint)?),
            None if path.exists() => std::fs::remove_file(&path),
            None => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(path = %path.display(), %error, "how far the import is can't be noted");
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> anyhow::Result<Vec<String>> {
        if self.dry_run {
            self.notes.push(super::dry::NOTE.to_owned());
        }
        Ok(self.notes)
    }
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &std::path::Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, content)?;
    std::fs::rename(unfinished, path)
}
