//! A Docker: that of this machine, or one that is started for this alone.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::directory;
use crate::tools::{self, Needed};
use crate::{command, say, workspace};

const DOCKER: [Needed; 1] = [Needed { program: "dockerd", package: "docker.io" }];
/// The Compose of those who do not have it as a part of `docker`.
const COMPOSE: [Needed; 1] = [Needed { program: "docker-compose", package: "docker-compose" }];
/// How containers get networks; `docker.io` only recommends it.
const NETWORKS: [Needed; 1] = [Needed { program: "iptables", package: "iptables" }];

const ANSWERS_WITHIN: Duration = Duration::from_secs(60);
/// Containers that still run are given their time by it.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What it is started as. In namespaces of its own: rules of its networks and its mounts are gone when it is. What it
/// publishes on the loopback interface needs that to be up.
const IN_ITS_NAMESPACES: &str =
    "mount --make-rshared / && ip link set lo up && exec dockerd --config-file \"$0\"";

/// A Docker that answers.
pub(crate) struct Docker {
    own: Option<Own>,
    /// `docker compose` or `docker-compose`.
    compose: Vec<&'static str>,
}

/// One that we started, and stop.
struct Own {
    socket: PathBuf,
    process: Child,
}

/// Docker, its daemon and its Compose.
pub(super) fn ensure_programs() -> Result<()> {
    tools::ensure_programs(&DOCKER)?;
    tools::ensure_programs(&NETWORKS)?;
    if compose_is_a_part() { Ok(()) } else { tools::ensure_programs(&COMPOSE) }
}

fn compose_is_a_part() -> bool {
    succeeds(Command::new("docker").args(["compose", "version"]))
}

fn compose() -> Vec<&'static str> {
    if compose_is_a_part() { vec!["docker", "compose"] } else { vec!["docker-compose"] }
}

fn succeeds(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Docker {
    /// The one that `docker` speaks to, if it answers.
    pub(super) fn of_this_machine() -> Option<Docker> {
        succeeds(Command::new("docker").arg("info")).then(|| Docker { own: None, compose: compose() })
    }

    /// One of our own. A machine that forbids raising limits gets along with it.
    pub(super) fn start() -> Result<Docker> {
        say::step("A Docker of our own", || {
            let at = directory();
            fs::create_dir_all(&at).with_context(|| format!("{} can't be made", at.display()))?;
            let (socket, configuration) = (at.join("docker.sock"), at.join("daemon.json"));
            let settings = serde_json::json!({
                "data-root": at.join("docker"),
                "exec-root": at.join("run"),
                "pidfile": at.join("docker.pid"),
                "hosts": [format!("unix://{}", socket.display())],
                // Else it wants to be the last that a machine without memory ends, which needs rights.
                "oom-score-adjust": 0,
                "exec-opts": ["native.cgroupdriver=cgroupfs"],
                // Whatever else runs here has addresses, too.
                "bip": "10.213.0.1/24",
                "default-address-pools": [{ "base": "10.214.0.0/16", "size": 24 }],
            });
            fs::write(&configuration, settings.to_string()).context("daemon.json can't be written")?;
            let log = File::create(at.join("log.txt")).context("its log can't be written")?;
            // It ends with this task, however that ends.
            let process = Command::new("setpriv")
                .args(["--pdeathsig", "TERM", "unshare", "--mount", "--net", "sh", "-c", IN_ITS_NAMESPACES])
                .arg(&configuration)
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .context("setpriv and unshare could not be started")?;
            let mut own = Own { socket, process };
            own.wait_until_it_answers()?;
            say::detail(format!("process {}, log {}", own.process.id(), at.join("log.txt").display()));
            Ok(Docker { own: Some(own), compose: compose() })
        })
    }

    /// `docker`, which speaks to it.
    pub(super) fn docker(&self) -> Command {
        self.told(command::program("docker", workspace::root()))
    }

    /// Whether it has an image of that name.
    pub(super) fn has(&self, image: &str) -> bool {
        succeeds(self.docker().args(["image", "inspect", image]))
    }

    /// Its Compose.
    pub(super) fn compose(&self) -> Command {
        let mut compose = command::program(self.compose[0], workspace::root());
        compose.args(&self.compose[1..]);
        self.told(compose)
    }

    /// What `compose` begins with, as words.
    pub(super) fn compose_words(&self) -> String {
        self.compose.join(" ")
    }

    fn told(&self, mut command: Command) -> Command {
        command.envs(self.variables());
        command
    }

    /// What tells programs where it is.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let Some(own) = &self.own else { return Vec::new() };
        // The builder that is a part of it: the other one is a package more.
        vec![("DOCKER_HOST", format!("unix://{}", own.socket.display())), ("DOCKER_BUILDKIT", "0".to_owned())]
    }

    /// The same program where the ports are that it publishes.
    pub(crate) fn beside_its_ports(&self, program: &Command) -> Command {
        let mut command = match &self.own {
            None => Command::new(program.get_program()),
            Some(own) => {
                let mut enter = Command::new("nsenter");
                enter
                    .args(["--target", &own.process.id().to_string(), "--net", "--"])
                    .arg(program.get_program());
                enter
            }
        };
        command.args(program.get_args()).envs(self.variables());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = program.get_current_dir() {
            command.current_dir(directory);
        }
        command
    }
}

impl Own {
    fn wait_until_it_answers(&mut self) -> Result<()> {
        let until = Instant::now() + ANSWERS_WITHIN;
        let host = format!("unix://{}", self.socket.display());
        while !succeeds(Command::new("docker").arg("info").env("DOCKER_HOST", &host)) {
            if self.process.try_wait()?.is_some() || Instant::now() > until {
                let log = fs::read_to_string(directory().join("log.txt")).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                bail!(
                    "dockerd does not start, which needs root; the end of its log:\n{}",
                    lines[lines.len().saturating_sub(15)..].join("\n")
                );
            }
            sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.process.id())?).context("a process has a number")?;
        kill_process(pid, Signal::TERM)?;
        let until = Instant::now() + ENDS_WITHIN;
        while self.process.try_wait()?.is_none() && Instant::now() < until {
            sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) && self.stop().is_err() {
            say::detail(format!("dockerd, process {}, could not be stopped", self.process.id()));
        }
        // Whatever is left of it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
