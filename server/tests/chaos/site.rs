//! A system of its own: topics, a keyspace, and processes of every role.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::load::LastWords;
use crate::support::http::PATIENCE;
use crate::support::program::{Killed, run_command, wattmap};
use crate::support::{Http, Keys};

/// How long a process may take to end when it is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Topics and tables that nobody else uses, and what processes of the system are told.
pub(super) struct Site {
    dir: TempDir,
    name: String,
    partitions: u32,
    pub(super) keys: Keys,
}

/// A process of some role.
pub(super) struct Process {
    child: Killed,
    pub(super) name: String,
}

impl Site {
    /// Migrated, with a key of each scope.
    pub(super) fn new(partitions: u32) -> Site {
        let name = format!("chaos_{}_{:08x}", std::process::id(), rand::random::<u32>());
        let nobody = Keys { ingest: String::new(), operator: String::new() };
        let mut site = Site { dir: tempfile::tempdir().unwrap(), name, partitions, keys: nobody };
        println!("{}: partitions {partitions}, logs in {}", site.name, site.path().display());
        site.migrate();
        let key = |scope| {
            run_command(site.command(&["keys", "create", "--name", "test", "--scope", scope]))
                .trim()
                .to_owned()
        };
        site.keys = Keys { ingest: key("ingest"), operator: key("operator") };
        site
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The program as one of this system's.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = wattmap(self.path(), arguments);
        for (name, copies) in [
            ("WATTMAP_KAFKA_BROKERS", "WATTMAP_KAFKA_REPLICATION"),
            ("WATTMAP_CASSANDRA_NODES", "WATTMAP_CASSANDRA_REPLICATION"),
        ] {
            let addresses = std::env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set: `cargo xtask test engines` starts what is needed")
            });
            let nodes = addresses.split(',').count();
            command.env(copies, nodes.to_string()).env(name, addresses);
        }
        command
            .env("WATTMAP_KAFKA_PREFIX", &self.name)
            .env("WATTMAP_CASSANDRA_KEYSPACE", &self.name)
            .env("WATTMAP_PARTITIONS", self.partitions.to_string())
            .env("WATTMAP_CASSANDRA_BUCKETS", "24")
            .env("WATTMAP_CASSANDRA_SHARDS", "4")
            // Flushes all the time, so that kills meet them.
            .env("WATTMAP_FLUSH_MS", "300")
            .env("WATTMAP_LOG", "info,scylla=error");
        command
    }

    /// What it says that it did.
    pub(super) fn migrate(&self) -> String {
        run_command(self.command(&["migrate"]))
    }

    /// More partitions, under way or not.
    pub(super) fn grow(&mut self, partitions: u32) -> String {
        self.partitions = partitions;
        self.migrate()
    }

    /// A process, with something more in its environment.
    fn spawn(&self, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Child {
        let log =
            File::options().create(true).append(true).open(self.path().join(format!("{name}.log"))).unwrap();
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied()).stderr(log).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// A process that aggregates. It is not waited for.
    pub(super) fn aggregate(&self, name: &str, environment: &[(&str, &str)]) -> Process {
        let mut child = self.spawn(name, &["aggregate"], environment);
        drop(child.stdout.take());
        Process { child: Killed(child), name: name.to_owned() }
    }

    /// A process that serves, when it does.
    pub(super) async fn serve(&self, name: &str) -> (Process, Http) {
        let mut child = self.spawn(name, &["serve", "--listen", "127.0.0.1:0"], &[]);
        let stdout = tokio::process::ChildStdout::from_std(child.stdout.take().unwrap()).unwrap();
        let process = Process { child: Killed(child), name: name.to_owned() };
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("{name} does not serve: {}", self.said(name))).unwrap();
            let line = line.unwrap_or_else(|| panic!("{name} ends instead of serving: {}", self.said(name)));
            if let Some(rest) = line.strip_prefix("The map is at http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        // What it prints later has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        (process, Http::new(address, self.keys.clone()))
    }

    /// The last that a process said.
    pub(super) fn said(&self, name: &str) -> String {
        let said = std::fs::read_to_string(self.path().join(format!("{name}.log"))).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl LastWords for Site {
    fn last_words(&self) -> String {
        ["aggregate-0", "aggregate-1", "aggregate-2"].map(|name| self.said(name)).join("\n")
    }
}

impl Process {
    /// SIGKILL.
    pub(super) fn kill(mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.0), signal).unwrap();
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_some()
    }

    /// SIGTERM: it ends by itself, in the time that the contract gives it, and says that all is well.
    pub(super) async fn stop(mut self) -> Duration {
        self.signal(Signal::TERM);
        let began = Instant::now();
        while !self.has_ended() {
            assert!(began.elapsed() < ENDS_WITHIN, "{} does not end within {ENDS_WITHIN:?}", self.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let status = self.child.0.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{} after SIGTERM: {status}", self.name);
        began.elapsed()
    }
}
