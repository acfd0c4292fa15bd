//! A system of its own: topics, a keyspace, and processes of every role.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::kernel::{peak_mb_of, state_of};
use super::load::LastWords;
use crate::support::http::PATIENCE;
use crate::support::oracle::{Area, Readings, Sums, read_export};
use crate::support::program::{Killed, run_command, wattmap};
use crate::support::{Http, Keys};

/// As whom Cassandra is spoken to, where one has to log in.
const CASSANDRA_USER: &str = "WATTMAP_CASSANDRA_USER";
const CASSANDRA_PASSWORD: &str = "WATTMAP_CASSANDRA_PASSWORD";

/// How long a process may take to end when it is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Topics and tables that nobody else uses, and what processes of the system are told.
pub(super) struct Site {
    dir: TempDir,
    name: String,
    partitions: u32,
    pub(super) keys: Keys,
    /// Whether each role speaks to Cassandra as a user of its own.
    has_users: bool,
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell_what_was_warned_of();
        }
    }
}

/// The password of each of them.
const PASSWORD_OF_ROLES: &str = "let-me-in";

/// A process of some role.
pub(super) struct Process {
    child: Killed,
    pub(super) name: String,
    log: PathBuf,
    /// Where in its log it began.
    begins: Mark,
}

/// A place in a process's log, and when it was there.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    at: usize,
    pub(super) when: Instant,
}

impl Site {
    /// Migrated, with a key of each scope.
    pub(super) fn new(partitions: u32) -> Site {
        let mut site = Site::not_migrated(partitions);
        site.migrate();
        site.make_keys();
        site
    }

    /// Nothing is there yet.
    pub(super) fn not_migrated(partitions: u32) -> Site {
        let name = format!("chaos_{}_{:08x}", std::process::id(), rand::random::<u32>());
        let nobody = Keys { ingest: String::new(), operator: String::new() };
        let dir = tempfile::tempdir().unwrap();
        let site = Site { dir, name, partitions, keys: nobody, has_users: false };
        println!("{}: partitions {partitions}, logs in {}", site.name, site.path().display());
        site
    }

    /// A key of each scope.
    pub(super) fn make_keys(&mut self) {
        let key = |scope| {
            run_command(self.command(&["keys", "create", "--name", "test", "--scope", scope]))
                .trim()
                .to_owned()
        };
        self.keys = Keys { ingest: key("ingest"), operator: key("operator") };
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn partitions(&self) -> u32 {
        self.partitions
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
        if self.has_users {
            command
                .env(CASSANDRA_USER, self.user_of(arguments[0]))
                .env(CASSANDRA_PASSWORD, PASSWORD_OF_ROLES);
        } else {
            for name in [CASSANDRA_USER, CASSANDRA_PASSWORD] {
                command.envs(std::env::var(name).map(|value| (name, value)));
            }
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

    /// A process, with something more in its environment. It is not waited for.
    fn spawn(&self, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Process {
        let log = self.log(name);
        let begins = Mark::in_log(&log);
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied()).stderr(stderr).stdout(Stdio::piped());
        Process { child: Killed(command.spawn().unwrap()), name: name.to_owned(), log, begins }
    }

    /// A process that aggregates. It is not waited for.
    pub(super) fn aggregate(&self, name: &str, environment: &[(&str, &str)]) -> Process {
        let mut process = self.spawn(name, &["aggregate"], environment);
        drop(process.child.0.stdout.take());
        process
    }

    /// A process that makes aggregates anew. It is not waited for.
    pub(super) fn replay(&self, name: &str, environment: &[(&str, &str)]) -> Process {
        let mut process = self.spawn(name, &["replay"], environment);
        drop(process.child.0.stdout.take());
        process
    }

    /// A process that simulates homes, with some days of their past.
    pub(super) fn simulate(&self, name: &str, homes: u32, days: u32) -> Process {
        let [homes, days] = [homes, days].map(|number| number.to_string());
        let arguments = ["simulate", "--simulate", &homes, "--history-days", &days];
        let mut process = self.spawn(name, &arguments, &[]);
        drop(process.child.0.stdout.take());
        process
    }

    /// A process that serves, when it does.
    pub(super) async fn serve(&self, name: &str) -> (Process, Http) {
        self.serves(self.will_serve(name)).await
    }

    /// A process that will serve. It is not waited for.
    pub(super) fn will_serve(&self, name: &str) -> Process {
        self.spawn(name, &["serve", "--listen", "127.0.0.1:0"], &[])
    }

    /// Such a one, when it does.
    pub(super) async fn serves(&self, mut process: Process) -> (Process, Http) {
        let name = &process.name;
        let stdout = tokio::process::ChildStdout::from_std(process.child.0.stdout.take().unwrap()).unwrap();
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

    /// Every reading that is stored.
    pub(super) fn exported_readings(&self) -> Readings {
        let out = tempfile::tempdir_in(self.path()).unwrap();
        run_command(self.command(&["export", "readings", "--out", out.path().to_str().unwrap()]));
        let mut readings = Readings::new();
        for file in std::fs::read_dir(out.path()).unwrap() {
            read_export(&std::fs::read_to_string(file.unwrap().path()).unwrap(), &mut readings);
        }
        readings
    }

    fn user_of(&self, role: &str) -> String {
        format!("{}_{role}", self.name)
    }

    /// From now on each role is a user of its own, who may do nothing until something is granted. Whether that can be: where
    /// nobody logs in there are no users.
    pub(super) async fn tell_roles_apart(&mut self, roles: &[&str]) -> bool {
        let guarded = std::env::var("WATTMAP_TEST_CASSANDRA_GUARDED");
        if guarded.expect("`cargo xtask test engines` sets it") != "true" {
            println!(
                "these nodes let everybody do everything: `cargo xtask test engines` has one that does not"
            );
            return false;
        }
        let session = self.cassandra().await;
        for role in roles {
            let user = self.user_of(role);
            let made = format!("CREATE ROLE {user} WITH LOGIN = true AND PASSWORD = '{PASSWORD_OF_ROLES}'");
            session.query_unpaged(made, ()).await.unwrap();
        }
        self.has_users = true;
        true
    }

    /// A user may do this.
    pub(super) async fn grant(&self, what: &str, on: &str, to: &str) {
        let granted = format!("GRANT {what} ON {on} TO {}", self.user_of(to));
        self.cassandra().await.query_unpaged(granted, ()).await.unwrap();
    }

    /// Cassandra itself, as somebody who may do everything.
    pub(super) async fn cassandra(&self) -> Session {
        let variable = |name| std::env::var(name);
        let nodes = variable("WATTMAP_CASSANDRA_NODES").unwrap();
        let mut builder = SessionBuilder::new().known_nodes(nodes.split(','));
        if let (Ok(user), Ok(password)) = (variable(CASSANDRA_USER), variable(CASSANDRA_PASSWORD)) {
            builder = builder.user(user, password);
        }
        builder.build().await.unwrap()
    }

    /// Every aggregate that is stored, and the areas that there are any of.
    pub(super) fn exported_aggregates(&self) -> (Sums, BTreeMap<String, Area>) {
        let out = tempfile::tempdir_in(self.path()).unwrap();
        run_command(self.command(&["export", "aggregates", "--out", out.path().to_str().unwrap()]));
        let (mut sums, mut areas) = (Sums::default(), BTreeMap::new());
        for file in std::fs::read_dir(out.path()).unwrap() {
            sums.read_export(&std::fs::read_to_string(file.unwrap().path()).unwrap(), &mut areas);
        }
        (sums, areas)
    }

    /// Of all logs what was warned of, the newest last: logs go with the test.
    fn tell_what_was_warned_of(&self) {
        for entry in std::fs::read_dir(self.path()).into_iter().flatten().flatten() {
            let Ok(log) = std::fs::read_to_string(entry.path()) else { continue };
            let warned: Vec<&str> =
                log.lines().filter(|line| line.contains(" WARN ") || line.contains(" ERROR ")).collect();
            for line in &warned[warned.len().saturating_sub(20)..] {
                println!("{}: {line}", entry.file_name().display());
            }
        }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.path().join(format!("{name}.log"))
    }

    /// The last that a process said.
    pub(super) fn said(&self, name: &str) -> String {
        let said = std::fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl LastWords for Site {
    fn last_words(&self) -> String {
        ["aggregate-0", "aggregate-1", "aggregate-2"].map(|name| self.said(name)).join("\n")
    }
}

impl Mark {
    fn in_log(log: &Path) -> Mark {
        Mark { at: std::fs::metadata(log).map_or(0, |log| log.len() as usize), when: Instant::now() }
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

    /// Waits until it has stopped itself, at a fail point that says so.
    pub(super) async fn is_asleep(&self, within: Duration) {
        let began = Instant::now();
        while state_of(Pid::from_child(&self.child.0)) != Some('T') {
            assert!(began.elapsed() < within, "{} does not fall asleep", self.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The most memory that it ever had at once, MB.
    pub(super) fn peak_mb(&self) -> u64 {
        peak_mb_of(Pid::from_child(&self.child.0))
    }

    /// How it has ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.0.try_wait().unwrap()
    }

    /// Waits until it has ended by itself.
    pub(super) async fn ends(&mut self, within: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(began.elapsed() < within, "{} does not end", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What it has said until now.
    pub(super) fn mark(&self) -> Mark {
        Mark::in_log(&self.log)
    }

    /// What it has said since then.
    pub(super) fn said_since(&self, mark: Mark) -> String {
        let said = std::fs::read(&self.log).unwrap();
        String::from_utf8_lossy(&said[mark.at..]).into_owned()
    }

    /// Waits until it has said something since its start.
    pub(super) async fn says(&self, what: &str, within: Duration) {
        self.says_since(self.begins, what, within).await;
    }

    /// The same, since then.
    pub(super) async fn says_since(&self, mark: Mark, what: &str, within: Duration) {
        let began = Instant::now();
        loop {
            let said = self.said_since(mark);
            if said.contains(what) {
                return;
            }
            assert!(began.elapsed() < within, "{} does not say {what:?}: {said}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it has been given partitions; says how long after its start that was.
    pub(super) async fn owns_something(&self, within: Duration) -> Duration {
        self.owns_something_since(self.begins, within).await
    }

    /// The same, since then.
    pub(super) async fn owns_something_since(&self, mark: Mark, within: Duration) -> Duration {
        loop {
            let said = self.said_since(mark);
            let came = |line: &str| line.contains("partitions came") && !line.contains("moved={}");
            if said.lines().any(came) {
                return mark.when.elapsed();
            }
            assert!(mark.when.elapsed() < within, "{} owns nothing: {said}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGTERM: it ends by itself, in the time that the contract gives it, and says that all is well.
    pub(super) async fn stop(mut self) -> Duration {
        self.signal(Signal::TERM);
        let began = Instant::now();
        while self.ended().is_none() {
            assert!(began.elapsed() < ENDS_WITHIN, "{} does not end within {ENDS_WITHIN:?}", self.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let status = self.child.0.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{} after SIGTERM: {status}", self.name);
        began.elapsed()
    }
}
