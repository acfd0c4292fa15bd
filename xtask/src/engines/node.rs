//! One node: a directory with its configuration, its data and its log, and a process that we started.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::{say, workspace};

/// A node that does not answer by then has not started.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// A node that has not ended by then is killed.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// In which the kernel counts when processes began; `getconf CLK_TCK` has been 100 on every Linux for decades.
const TICKS_PER_SECOND: f64 = 100.0;

/// One node.
pub(super) struct Node {
    directory: PathBuf,
    name: String,
    address: SocketAddr,
}

/// Whether it runs.
pub(super) enum State {
    Stopped,
    Running {
        pid: i32,
        /// Resident.
        megabytes: u64,
        /// From its start to its first answer.
        started_in_s: Option<f64>,
        /// Since its start.
        up_s: f64,
    },
}

/// What tells our process from a later one of the same number.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
struct Process {
    pid: i32,
    /// Clock ticks since the machine's start.
    began: u64,
    ready_after_s: Option<f64>,
}

impl Process {
    fn up_s(&self) -> f64 {
        let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
        let machine_s: f64 = uptime.split(' ').next().and_then(|s| s.parse().ok()).unwrap_or(0.0);
        (machine_s - self.began as f64 / TICKS_PER_SECOND).max(0.0)
    }
}

impl Node {
    /// It answers clients at `address`.
    pub(super) fn new(directory: PathBuf, name: String, address: SocketAddr) -> Node {
        Node { directory, name, address }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn exists(&self) -> bool {
        self.directory.is_dir()
    }

    pub(super) fn log(&self) -> PathBuf {
        self.directory.join("log.txt")
    }

    fn process_file(&self) -> PathBuf {
        self.directory.join("process.json")
    }

    /// Our process, if it is still there.
    fn process(&self) -> Option<Process> {
        let text = fs::read(self.process_file()).ok()?;
        let process: Process = serde_json::from_slice(&text).ok()?;
        (began(process.pid) == Some(process.began)).then_some(process)
    }

    pub(super) fn is_running(&self) -> bool {
        self.process().is_some()
    }

    pub(super) fn state(&self) -> State {
        match self.process() {
            None => State::Stopped,
            Some(process) => State::Running {
                pid: process.pid,
                megabytes: resident_mb(process.pid).unwrap_or(0),
                started_in_s: process.ready_after_s,
                up_s: process.up_s(),
            },
        }
    }

    /// Writes a file into its directory.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        fs::create_dir_all(&self.directory)
            .and_then(|()| fs::write(&path, content))
            .with_context(|| format!("{} can't be written", path.display()))?;
        Ok(path)
    }

    /// Starts it, unless it runs. It outlives this task, and a Ctrl-C at this task's terminal is not its own.
    pub(super) fn start(&self, command: &mut Command) -> Result<()> {
        if let Some(process) = self.process() {
            say::detail(format!("{} runs already, process {}", self.name, process.pid));
            return Ok(());
        }
        if std::net::TcpStream::connect_timeout(&self.address, LOOK_EVERY).is_ok() {
            bail!("{} can't be started: something else listens on {}", self.name, self.address);
        }
        let log =
            File::create(self.log()).with_context(|| format!("{} can't be written", self.log().display()))?;
        let child = command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} can't be started", self.name))?;
        let pid = i32::try_from(child.id())?;
        let began = began(pid)
            .with_context(|| format!("{} ended at once; see {}", self.name, self.log().display()))?;
        self.note(Process { pid, began, ready_after_s: None })
    }

    fn note(&self, process: Process) -> Result<()> {
        fs::write(self.process_file(), serde_json::to_vec(&process)?)
            .context("which process it is can't be noted")
    }

    /// Waits until it answers.
    pub(super) fn wait_until(&self, mut answers: impl FnMut() -> Result<()>) -> Result<()> {
        let begun = Instant::now();
        loop {
            let Some(process) = self.process() else {
                bail!(
                    "{} has ended; the reason is in {}:\n{}",
                    self.name,
                    self.log().display(),
                    self.last_words()
                );
            };
            match answers() {
                Ok(()) if process.ready_after_s.is_some() => return Ok(()),
                Ok(()) => {
                    let ready_after_s = Some(process.up_s());
                    say::detail(format!("{} answers at {}", self.name, self.address));
                    return self.note(Process { ready_after_s, ..process });
                }
                Err(error) if begun.elapsed() > READY_WITHIN => {
                    return Err(error).with_context(|| {
                        let log = workspace::relative(&self.log());
                        format!(
                            "{} does not answer after {} s; its log is {log}",
                            self.name,
                            READY_WITHIN.as_secs()
                        )
                    });
                }
                Err(_) => sleep(LOOK_EVERY),
            }
        }
    }

    /// The end of its log.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        if let Some(Process { pid, .. }) = self.process() {
            let pid = Pid::from_raw(pid).context("a process has a number")?;
            // It may have ended in this very moment.
            let _ = kill_process(pid, signal);
        }
        Ok(())
    }

    fn has_ended_by(&self, until: Instant) -> bool {
        while self.process().is_some() {
            if Instant::now() > until {
                return false;
            }
            sleep(LOOK_EVERY);
        }
        true
    }
}

/// Stops them: politely, then not. All at once, because a broker that is the last of its cluster waits in vain for
/// the others to take over its partitions.
pub(super) fn stop(nodes: &[Node]) -> Result<()> {
    nodes.iter().try_for_each(|node| node.signal(Signal::TERM))?;
    let until = Instant::now() + STOPPED_WITHIN;
    for node in nodes {
        if !node.has_ended_by(until) {
            say::detail(format!("{} does not end; it is killed", node.name));
            node.signal(Signal::KILL)?;
            if !node.has_ended_by(Instant::now() + STOPPED_WITHIN) {
                bail!("{} can't even be killed", node.name);
            }
        }
    }
    Ok(())
}

/// When a process began; none if there is none, or only its shell.
fn began(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses that may have anything in it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let is_dead = matches!(fields.first(), Some(&"Z" | &"X"));
    fields.get(19)?.parse().ok().filter(|_| !is_dead)
}

fn resident_mb(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}
