//! Who sends and who looks.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// An address, and a key of each scope.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    ingest: String,
    operator: String,
    http: HyperClient<HttpConnector, Full<Bytes>>,
}

impl Client {
    pub(crate) fn new(address: String, ingest: String, operator: String) -> Client {
        Client { address, ingest, operator, http: HyperClient::builder(TokioExecutor::new()).build_http() }
    }

    /// Posts a gzip body; the answer has to be a receipt for `count`.
    pub(crate) async fn post(&self, path: &str, gzip: Bytes, count: u64) -> anyhow::Result<()> {
        loop {
            let request = Request::builder()
                .method(Method::POST)
                .uri(format!("http://{}/api/v1{path}", self.address))
                .header("authorization", format!("Bearer {}", self.ingest))
                .header("content-type", "application/json")
                .header("content-encoding", "gzip")
                .body(Full::new(gzip.clone()))?;
            let response = self.http.request(request).await?;
            let status = response.status();
            let wait =
                response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            let body = response.into_body().collect().await?.to_bytes();
            if status == 503 {
                tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1))).await;
                continue;
            }
            let receipt: Value = serde_json::from_slice(&body)?;
            if status != 200 || receipt["accepted"] != count {
                bail!("{status}: {receipt}");
            }
            return Ok(());
        }
    }

    /// A page or an answer, as an operator has it.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Bytes> {
        let request = Request::builder()
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {}", self.operator))
            .body(Full::default())?;
        let response = self.http.request(request).await?;
        let status = response.status();
        ensure!(status == 200, "{path}: {status}");
        Ok(response.into_body().collect().await?.to_bytes())
    }

    /// How ingestion stands.
    pub(crate) async fn ingestion(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.get("/api/v1/ops/ingestion").await?)?)
    }

    /// How many records the log has ever taken.
    pub(crate) async fn heads(&self) -> anyhow::Result<i64> {
        let status = self.ingestion().await?;
        let partitions = status["partitions"].as_array().context("no partitions")?;
        Ok(partitions.iter().filter_map(|one| one["head"].as_i64()).sum())
    }

    /// Records in the log that are not stored yet.
    pub(crate) async fn lag(&self) -> anyhow::Result<i64> {
        let status = self.ingestion().await?;
        ensure!(status["status"] != "stopped", "it has stopped: {status}");
        status["lag_records"].as_i64().ok_or_else(|| anyhow::anyhow!("no lag_records in {status}"))
    }

    /// Waits until everything is counted and stored.
    pub(crate) async fn drained(&self) -> anyhow::Result<()> {
        while self.lag().await? != 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}
