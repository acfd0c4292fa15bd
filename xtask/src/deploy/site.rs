//! All that the Compose file says, running.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Docker, sources};
use crate::{command, say};

/// Not the name that a person's own would have.
const PROJECT: &str = "wattmap-test";
/// Where it is spoken to, and where it says how it is.
const PUBLISHED: &str = "127.0.0.1:13000";
const STATISTICS: &str = "127.0.0.1:18404";
/// Enough that a few areas have figures, and nearly all are left to those who know what they send.
const SIMULATED_HOMES: &str = "300";
/// Of kafka, cassandra, serve twice, aggregate twice, simulate and proxy.
const CONTAINERS: usize = 8;
const HEALTHY_WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The containers, networks and volumes of the Compose file.
pub(crate) struct Site<'a> {
    docker: &'a Docker,
}

impl<'a> Site<'a> {
    /// In that Docker. Nothing runs yet.
    pub(crate) fn of(docker: &'a Docker) -> Site<'a> {
        Site { docker }
    }

    fn compose(&self) -> Command {
        let mut compose = self.docker.compose();
        compose.args(["--project-name", PROJECT, "--file"]).arg(sources().join("compose.yaml"));
        compose.envs([("WATTMAP_PUBLISH", PUBLISHED), ("WATTMAP_PUBLISH_STATS", STATISTICS)]);
        compose.envs([("WATTMAP_SIMULATE", SIMULATED_HOMES), ("WATTMAP_HISTORY_DAYS", "1")]);
        compose
    }

    /// What tests have to be told of it.
    pub(crate) fn for_tests(&self) -> Vec<(&'static str, String)> {
        let file = sources().join("compose.yaml");
        let compose =
            format!("{} --project-name {PROJECT} --file {}", self.docker.compose_words(), file.display());
        vec![
            ("WATTMAP_TEST_DEPLOYED", PUBLISHED.to_owned()),
            ("WATTMAP_TEST_COMPOSE", compose),
            ("WATTMAP_TEST_SIMULATED", SIMULATED_HOMES.to_owned()),
        ]
    }

    /// Brings everything up, as a person does, and waits until all of it is healthy.
    pub(crate) fn up(&self) -> Result<()> {
        // What an interrupted run may have left.
        self.remove()?;
        say::step("docker compose up", || {
            command::run(self.compose().args(["up", "--detach", "--no-build"]), "see what it says above")
        })?;
        say::step("All containers are healthy", || self.wait_until_healthy())?;
        let format = "{{.Name}}: {{.MemUsage}}";
        let memory =
            command::output(self.docker.docker().args(["stats", "--no-stream", "--format", format]), "")?;
        memory.lines().for_each(say::detail);
        Ok(())
    }

    /// A line a container that runs: its name, its state, how it is.
    fn containers(&self, all: bool) -> Result<Vec<String>> {
        let mut list = self.docker.docker();
        list.args(["ps", "--filter", &format!("label=com.docker.compose.project={PROJECT}")]);
        list.args(["--format", "{{.Names}} {{.Status}}"]);
        let lines = command::output(if all { list.arg("--all") } else { &mut list }, "")?;
        Ok(lines.lines().map(str::to_owned).collect())
    }

    fn wait_until_healthy(&self) -> Result<()> {
        let until = Instant::now() + HEALTHY_WITHIN;
        loop {
            let containers = self.containers(false)?;
            let healthy = containers.iter().filter(|line| line.contains("(healthy)")).count();
            if healthy == CONTAINERS && containers.len() == CONTAINERS {
                return Ok(());
            }
            if Instant::now() > until {
                command::run(self.compose().args(["logs", "--tail", "20"]), "")?;
                bail!("{healthy} of {CONTAINERS} are healthy: {}", self.containers(true)?.join("; "));
            }
            sleep(LOOK_EVERY);
        }
    }

    /// Stops everything as a person does; the error says which role did not end by itself and well.
    pub(crate) fn stop(&self) -> Result<()> {
        say::step("docker compose stop", || {
            command::output(self.compose().arg("stop"), "see what it says above")?;
            let containers = self.containers(true)?;
            let roles = ["serve", "aggregate", "simulate", "migrate"];
            let of_roles = containers.iter().filter(|line| roles.iter().any(|role| line.contains(role)));
            let bad: Vec<_> = of_roles.filter(|line| !line.contains("Exited (0)")).cloned().collect();
            if bad.is_empty() { Ok(()) } else { bail!("not all ended well: {}", bad.join("; ")) }
        })
    }

    /// Removes all that there is of it, its data included.
    pub(crate) fn remove(&self) -> Result<()> {
        let mut down = self.compose();
        command::output(down.args(["down", "--volumes", "--remove-orphans"]), "see what it says above")
            .map(drop)
            .context("what the test made could not be removed")
    }
}
