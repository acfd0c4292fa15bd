//! The program under measurement.

use std::process::Stdio;

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;

/// A started program with a key of each scope, in a directory of its own.
pub(crate) struct Node {
    pub(crate) client: Client,
    child: Child,
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
        let address = address_of(&mut child).await?;
        let key = async |scope: &str| -> anyhow::Result<String> {
            let made = Command::new(binary)
                .args(["keys", "create", "--name", "bench", "--scope", scope, "--data", "data"])
                .current_dir(dir.path())
                .output()
                .await?;
            ensure!(made.status.success(), "no key was made");
            Ok(String::from_utf8(made.stdout)?.trim().to_owned())
        };
        let client = Client::new(address, key("ingest").await?, key("operator").await?);
        Ok(Node { client, child, _dir: dir })
    }

    /// What the process holds in memory.
    pub(crate) fn resident_mb(&self) -> anyhow::Result<f64> {
        resident_mb(&self.child)
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

/// Where a program that was just started serves, when it does. What it prints later is let go.
pub(crate) async fn address_of(child: &mut Child) -> anyhow::Result<String> {
    let mut lines = BufReader::new(child.stdout.take().context("it has no stdout")?).lines();
    loop {
        let line = lines.next_line().await?.context("it ended before it served")?;
        if let Some(rest) = line.strip_prefix("The map is at http://") {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(rest.split('/').next().unwrap_or_default().to_owned());
        }
    }
}

/// What a process holds in memory.
pub(crate) fn resident_mb(child: &Child) -> anyhow::Result<f64> {
    megabytes(child, "VmRSS:")
}

/// The most that it ever held.
pub(crate) fn peak_mb(child: &Child) -> anyhow::Result<f64> {
    megabytes(child, "VmHWM:")
}

fn megabytes(child: &Child, of: &str) -> anyhow::Result<f64> {
    let id = child.id().context("it has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(of)).with_context(|| format!("no {of}"))?;
    let kb: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kb / 1024.0)
}
