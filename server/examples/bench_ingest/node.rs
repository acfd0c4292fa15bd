//! The program under measurement.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A started program with a key of each scope, in a directory of its own.
pub(crate) struct Node {
    pub(crate) address: String,
    child: Child,
    ingest: String,
    operator: String,
    client: Client<HttpConnector, Full<Bytes>>,
    _dir: TempDir,
}

impl Node {
    pub(crate) async fn start(binary: &str) -> anyhow::Result<Node> {
        let dir = tempfile::tempdir()?;
        let mut child = Command::new(binary)
            .args(["run", "--listen", "127.0.0.1:0", "--simulate", "0", "--data", "data"])
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{binary} can't be started"))?;
        let mut lines = BufReader::new(child.stdout.take().context("it has no stdout")?).lines();
        let address = loop {
            let line = lines.next_line().await?.context("it ended before it served")?;
            if let Some(rest) = line.strip_prefix("The map is at http://") {
                break rest.split('/').next().unwrap_or_default().to_owned();
            }
        };
        let key = async |scope: &str| -> anyhow::Result<String> {
            let made = Command::new(binary)
                .args(["keys", "create", "--name", "bench", "--scope", scope, "--data", "data"])
                .current_dir(dir.path())
                .output()
                .await?;
            ensure!(made.status.success(), "no key was made");
            Ok(String::from_utf8(made.stdout)?.trim().to_owned())
        };
        let (ingest, operator) = (key("ingest").await?, key("operator").await?);
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Node { address, child, ingest, operator, client, _dir: dir })
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
            let response = self.client.request(request).await?;
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

    /// Waits until everything is counted and stored.
    pub(crate) async fn drained(&self) -> anyhow::Result<()> {
        loop {
            let request = Request::builder()
                .uri(format!("http://{}/api/v1/ops/ingestion", self.address))
                .header("authorization", format!("Bearer {}", self.operator))
                .body(Full::default())?;
            let body = self.client.request(request).await?.into_body().collect().await?.to_bytes();
            let status: Value = serde_json::from_slice(&body)?;
            if status["lag_records"] == 0 {
                return Ok(());
            }
            ensure!(status["status"] != "stopped", "it has stopped: {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the process holds in memory.
    pub(crate) fn resident_mb(&self) -> anyhow::Result<f64> {
        let id = self.child.id().context("it has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kb: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kb / 1024.0)
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}
