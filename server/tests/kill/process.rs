//! The program, started and killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::oracle::{Counted, Readings};

/// Everything happens often: files of the log end after a second's load and are soon dropped, the store is
/// written to disk several times in a life, and what is quiet is packed at once.
const SETTINGS: [(&str, &str); 8] = [
    ("WATTMAP_DISK_RESERVE_MB", "1"),
    ("WATTMAP_SEGMENT_KB", "64"),
    ("WATTMAP_LOG_LIMIT_KB", "256"),
    ("WATTMAP_FLUSH_MS", "40"),
    ("WATTMAP_MEMTABLE_KB", "128"),
    ("WATTMAP_CHECKPOINT_MS", "100"),
    ("WATTMAP_PACK_AFTER_S", "0"),
    // What it says on stderr is of interest where it does not start.
    ("WATTMAP_LOG", "error"),
];

/// A key of each scope.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) ingest: String,
    operator: String,
}

/// A running program that serves, or will.
pub(crate) struct Process {
    child: Child,
    client: Option<Http>,
}

/// How it is asked.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) address: String,
    pub(crate) keys: Keys,
    client: Client<HttpConnector, Full<Bytes>>,
}

pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wattmap"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATTMAP_")) {
        command.env_remove(name);
    }
    command.current_dir(dir).args(args).envs(SETTINGS);
    // Where an import through a server notes how far it is.
    command.env("XDG_STATE_HOME", dir.join("state"));
    command
}

/// Runs a command that has to succeed; what it printed.
fn run(dir: &Path, args: &[&str]) -> String {
    let output = command(dir, args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

pub(crate) fn make_keys(dir: &Path) -> Keys {
    let key = |scope| run(dir, &["keys", "create", "--name", "kill", "--scope", scope]).trim().to_owned();
    Keys { ingest: key("ingest"), operator: key("operator") }
}

/// Has the program recompute every aggregate from the stored readings.
pub(crate) fn replay(dir: &Path) {
    let said = run(dir, &["replay"]);
    assert!(said.contains(" 0 differ"), "{said}");
}

/// All stored readings.
pub(crate) fn exported_readings(dir: &Path) -> Readings {
    let out = dir.join("exported");
    run(dir, &["export", "readings", "--out", out.to_str().unwrap()]);
    let mut readings = Readings::new();
    for file in std::fs::read_dir(&out).unwrap() {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines().skip(1) {
            let [meter, start, duration_s, energy_mwh, area] =
                line.split(',').collect::<Vec<_>>().try_into().unwrap();
            let start = metering::UtcSecond::parse(start).unwrap().0;
            let counted =
                Counted { duration_s: duration_s.parse().unwrap(), energy_mwh: energy_mwh.parse().unwrap() };
            let before = readings.insert((meter.to_owned(), start), (counted, area.to_owned()));
            assert_eq!(before, None, "{line}");
        }
    }
    readings
}

fn files(dir: PathBuf) -> Vec<String> {
    let entries = std::fs::read_dir(&dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Segments of the log were begun and dropped, and tables of the store written and merged: or kills in
/// the middle of that were not tried.
pub(crate) fn assert_it_rolled_and_wrote(dir: &Path) {
    let numbers = |dir: PathBuf| -> Vec<u64> {
        files(dir).iter().filter_map(|name| name.split('.').next()?.parse().ok()).collect()
    };
    let segments = numbers(dir.join("wattmap-data/log"));
    assert!(segments.iter().all(|&number| number > 5), "the log was never cut off behind: {segments:?}");
    let tables = numbers(dir.join("wattmap-data/store/tree/tables"));
    let newest = tables.iter().max().copied().unwrap_or(0);
    assert!(newest > 50 && tables.len() < 40, "the store was hardly written or merged: {tables:?}");
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

    /// SIGTERM: it ends by itself, soon, and says that all is well.
    pub(crate) async fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "it does not end after SIGTERM");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(status.code(), Some(0), "after SIGTERM");
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
            tokio::time::sleep(Duration::from_millis(10)).await;
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
