//! Builds and starts `wattmap`.

use std::io::BufReader;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, TargetKind};

use crate::{command, say, site, tools};

/// `cargo xtask run`: the same binary as `build`'s, started in place of this task, so that signals and the exit
/// code are its own.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let binary = release()?;
    say::detail(format!("starting: wattmap run {}", arguments.join(" ")));
    let error = Command::new(&binary).arg("run").args(arguments).exec();
    Err(error).with_context(|| format!("{} could not be started", binary.display()))
}

/// `cargo xtask build`.
pub(crate) fn build() -> Result<()> {
    let binary = release()?;
    println!("{}", binary.display());
    Ok(())
}

/// The release binary with the site inside.
pub(crate) fn release() -> Result<PathBuf> {
    site::build()?;
    say::step("wattmap, release build", || {
        let mut cargo = command::cargo();
        cargo.envs(tools::openssl_inside());
        executable(cargo.args(["build", "--release", "--package", "server"]))
    })
}

/// The binary that the browser tests start.
///
/// It is built by the same cargo command as the tests: were it built alone, cargo would unify the features of
/// shared dependencies differently and build the larger part of them a second time. A task asks cargo for it once: later cargo
/// may be at work on something else, and let nobody in until that is done.
pub(crate) fn for_tests() -> Result<PathBuf> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(built) = BUILT.get() {
        return Ok(built.clone());
    }
    let built = say::step("wattmap, as the tests build it", || {
        executable(command::cargo().arg("build").args(NATIVE_PACKAGES).args(["--bins", "--tests"]))
    })?;
    Ok(BUILT.get_or_init(|| built).clone())
}

/// All that runs natively and is tested together: the page's own crate is for browsers, and the tasks would
/// draw their tools' features into everything.
pub(crate) const NATIVE_PACKAGES: [&str; 7] =
    ["--workspace", "--exclude", "frontend", "--exclude", "frontend-own-data", "--exclude", "xtask"];

/// Runs a cargo build and returns where it put the binary `wattmap`.
fn executable(cargo: &mut Command) -> Result<PathBuf> {
    let artifacts = artifacts(cargo)?;
    artifacts
        .into_iter()
        .filter(|artifact| {
            artifact.target.name == "wattmap" && artifact.target.kind.contains(&TargetKind::Bin)
        })
        .find_map(|artifact| if artifact.profile.test { None } else { artifact.executable })
        .map(PathBuf::from)
        .context("cargo built the server, but no binary named wattmap; mend server/Cargo.toml")
}

/// Runs a cargo build and returns what it made; its warnings and errors are shown as they come.
pub(crate) fn artifacts(cargo: &mut Command) -> Result<Vec<cargo_metadata::Artifact>> {
    cargo.arg("--message-format=json-render-diagnostics").stdin(Stdio::null()).stdout(Stdio::piped());
    let shown = command::line(cargo);
    let mut child = cargo.spawn().with_context(|| format!("`{shown}` could not be started"))?;
    let stdout = BufReader::new(child.stdout.take().context("cargo's stdout was asked for as a pipe")?);
    let mut artifacts = Vec::new();
    for message in Message::parse_stream(stdout) {
        if let Message::CompilerArtifact(artifact) =
            message.with_context(|| format!("`{shown}` printed a line that is not one of cargo's"))?
        {
            artifacts.push(artifact);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{shown}` failed ({status}): mend what the compiler says above");
    }
    Ok(artifacts)
}
