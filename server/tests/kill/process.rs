//! The program, started and killed.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

/// A key of each scope.
#[derive(Clone)]
pub(crate) struct Keys {
    ingest: String,
    operator: String,
}

/// A running program.
pub(crate) struct Process {
    child: std::process::Child,
    client: Option<Http>,
}

/// How it is asked.
#[derive(Clone)]
pub(crate) struct Http {
    address: String,
    keys: Keys,
    client: Client<HttpConnector, Full<Bytes>>,
}

fn command(dir: &Path, args: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wattmap"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATTMAP_")) {
        command.env_remove(name);
    }
    // What it says on stderr is of interest where it does not start.
    command.current_dir(dir).args(args).env("WATTMAP_LOG", "error").env("WATTMAP_DISK_RESERVE_MB", "1");
    command
}

pub(crate) fn make_keys(dir: &Path) -> Keys {
    let key = |scope| {
        let output = command(dir, &["keys", "create", "--name", "kill", "--scope", scope]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    Keys { ingest: key("ingest"), operator: key("operator") }
}

/// Has the program recompute every aggregate from the stored readings.
pub(crate) fn replay(dir: &Path) {
    let output = command(dir, &["replay"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(" 0 differ"), "{said}");
}

impl Process {
    /// Starts it, and does not wait.
    pub(crate) fn spawn(dir: &Path) -> Process {
        let child = command(dir, &["run", "--listen", "127.0.0.1:0", "--simulate", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Process { child, client: None }
    }

    /// Starts it, and waits until it serves.
    pub(crate) async fn start(dir: &Path, keys: &Keys) -> Process {
        let mut process = Process::spawn(dir);
        let stdout = tokio::process::ChildStdout::from_std(process.child.stdout.take().unwrap()).unwrap();
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line =
                tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await.unwrap().unwrap();
            let line = line.expect("it ends instead of serving; its stderr says why");
            if let Some(rest) = line.strip_prefix("The map is at http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        // What it prints later has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let client = Client::builder(TokioExecutor::new()).build_http();
        process.client = Some(Http { address, keys: keys.clone(), client });
        process
    }

    pub(crate) fn client(&self) -> Http {
        self.client.clone().expect("it was started")
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until everything in the log is in the store.
    pub(crate) async fn settled(&self) {
        let began = Instant::now();
        loop {
            let status = self.client().operate("/ingestion").await;
            if status["lag_records"] == 0 {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it does not settle: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Http {
    /// Posts; the status, or nothing if there was no whole answer.
    pub(crate) async fn post(&self, path: &str, body: String) -> Option<(u16, Value)> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://{}/api/v1{path}", self.address))
            .header("authorization", format!("Bearer {}", self.keys.ingest))
            .header("content-type", "application/json")
            .body(Full::new(body.into()))
            .unwrap();
        let response = self.client.request(request).await.ok()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, serde_json::from_slice(&body).ok()?))
    }

    pub(crate) async fn operate(&self, path: &str) -> Value {
        let request = Request::builder()
            .uri(format!("http://{}/api/v1/ops{path}", self.address))
            .header("authorization", format!("Bearer {}", self.keys.operator))
            .body(Full::default())
            .unwrap();
        let body =
            self.client.request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&body)))
    }
}
