//! The program, as a process, and a client for it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

/// Files of the log and tables of the store come often, so that there are several of every kind.
const SETTINGS: [(&str, &str); 6] = [
    ("WATTMAP_DISK_RESERVE_MB", "1"),
    ("WATTMAP_SEGMENT_KB", "32"),
    ("WATTMAP_FLUSH_MS", "40"),
    ("WATTMAP_MEMTABLE_KB", "256"),
    ("WATTMAP_CHECKPOINT_MS", "100"),
    ("WATTMAP_LOG", "error"),
];

/// How long anything may take that takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The program on the data directory `dir/data`.
pub(crate) fn wattmap(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wattmap"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATTMAP_")) {
        command.env_remove(name);
    }
    command.current_dir(dir).envs(SETTINGS).env("WATTMAP_DATA", dir.join("data")).args(args);
    command
}

/// Runs a command that has to end soon.
pub(crate) fn output(dir: &Path, args: &[&str]) -> Output {
    ended(dir, args).unwrap_or_else(|| panic!("{args:?} goes on and on"))
}

/// Runs a command; nothing if it does not end.
pub(crate) fn ended(dir: &Path, args: &[&str]) -> Option<Output> {
    let mut command = wattmap(dir, args);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut child = Killed(child);
    let began = Instant::now();
    while child.0.try_wait().unwrap().is_none() {
        if began.elapsed() > PATIENCE {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (stdout, stderr) = (child.0.stdout.take(), child.0.stderr.take());
    let read = |stream: &mut dyn std::io::Read| {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    };
    Some(Output {
        status: child.0.wait().unwrap(),
        stdout: read(&mut stdout.unwrap()),
        stderr: read(&mut stderr.unwrap()),
    })
}

/// A process that does not outlive the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that serves, with a key of each scope.
pub(crate) struct Program {
    process: Killed,
    pub(crate) http: Http,
}

/// How it is asked.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) address: String,
    ingest: String,
    operator: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Program {
    /// `wattmap run` without simulated homes, on a free port; waits until it serves.
    pub(crate) async fn start(dir: &Path, settings: &[(&str, &str)]) -> Program {
        let key = |scope| {
            let made = output(dir, &["keys", "create", "--name", "trouble", "--scope", scope]);
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            String::from_utf8(made.stdout).unwrap().trim().to_owned()
        };
        let (ingest, operator) = (key("ingest"), key("operator"));
        Program::start_with_keys(dir, settings, ingest, operator).await
    }

    /// Once more, for those who have keys already.
    pub(crate) async fn start_again(dir: &Path, settings: &[(&str, &str)], http: &Http) -> Program {
        Program::start_with_keys(dir, settings, http.ingest.clone(), http.operator.clone()).await
    }

    async fn start_with_keys(
        dir: &Path,
        settings: &[(&str, &str)],
        ingest: String,
        operator: String,
    ) -> Program {
        let mut command = wattmap(dir, &["run", "--listen", "127.0.0.1:0", "--simulate", "0"]);
        command.envs(settings.iter().copied());
        // Beside the data: where that disk is full, its log can't be written either.
        let said = dir.join("stderr");
        let log = File::options().create(true).append(true).open(&said).unwrap();
        let mut process = Killed(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap());
        let stdout = tokio::process::ChildStdout::from_std(process.0.stdout.take().unwrap()).unwrap();
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            let line = line.unwrap_or_else(|| {
                panic!("it ends instead of serving: {}", std::fs::read_to_string(&said).unwrap_or_default())
            });
            if let Some(rest) = line.strip_prefix("The map is at http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        // What it prints later has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Program { process, http: Http { address, ingest, operator, client } }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Sends a signal and waits for the end; says how it was and how long it took.
    pub(crate) async fn signal(mut self, signal: &str) -> (ExitStatus, Duration) {
        let pid = self.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let began = Instant::now();
        loop {
            if let Some(status) = self.process.0.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < PATIENCE, "it does not end after {signal}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Http {
    /// Posts with the key for it; nothing if there was no whole answer.
    pub(crate) async fn post(&self, path: &str, body: String) -> Option<Answer> {
        self.send(Method::POST, path, &self.ingest, body).await
    }

    /// Asks as an operator.
    pub(crate) async fn operate(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, &format!("/ops{path}"), &self.operator, String::new()).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    async fn send(&self, method: Method, path: &str, key: &str, body: String) -> Option<Answer> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}/api/v1{path}", self.address))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::new(body.into()))
            .unwrap();
        let (head, body) = self.client.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Waits until everything in the log is in the store.
    pub(crate) async fn settled(&self) {
        let began = Instant::now();
        loop {
            let status = self.operate("/ingestion").await;
            if status["lag_records"] == 0 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it does not settle: {status}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
