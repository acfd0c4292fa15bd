//! How a task runs other programs.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::{say, workspace};

/// The cargo that runs this task, in the repository's root.
///
/// `cargo run` describes the package it runs in the environment; those variables would reach the nested
/// cargo's build scripts and make them run again for nothing.
pub(crate) fn cargo() -> Command {
    as_cargo(Command::new(cargo_itself()))
}

/// The same for what can wait: beside others it takes the processors that they leave.
pub(crate) fn cargo_that_can_wait() -> Command {
    if !say::is_beside_others() {
        return cargo();
    }
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"]).arg(cargo_itself());
    as_cargo(nice)
}

fn cargo_itself() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn as_cargo(mut command: Command) -> Command {
    command.current_dir(workspace::root());
    for (name, _) in std::env::vars_os() {
        let told_about_xtask = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || name == "CARGO_PRIMARY_PACKAGE"
        });
        if told_about_xtask {
            command.env_remove(name);
        }
    }
    command
}

/// A program in a directory of the repository.
pub(crate) fn program(name: impl AsRef<OsStr>, directory: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(directory);
    command
}

/// A program that takes processors when no page wants them: whoever waits for a page is a person, and what is not counted yet
/// waits in the log.
pub(crate) fn behind_pages(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "5"]).arg(name);
    command
}

/// Runs a command whose output the person should see; `advice` says what to do if it fails.
pub(crate) fn run(command: &mut Command, advice: &str) -> Result<()> {
    let status = if say::is_beside_others() {
        watched(command, |_| ())?
    } else {
        command.stdin(Stdio::null()).stdout(io::stderr());
        command.status().with_context(|| cannot_start(command))?
    };
    if !status.success() {
        bail!("`{}` failed ({status}): {advice}", line(command));
    }
    Ok(())
}

/// Runs a command for what it prints; its output is shown only if it fails.
pub(crate) fn output(command: &mut Command, advice: &str) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        let mut stderr = io::stderr().lock();
        stderr.write_all(&output.stdout)?;
        stderr.write_all(&output.stderr)?;
        bail!("`{}` failed ({}): {advice}", line(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed something that is not UTF-8", line(command)))
}

/// Runs a command, shows what it prints as it comes and hands each line of it to `each`. Returns whether it succeeded:
/// a failing test run is a result, not an error of the task.
pub(crate) fn watch(command: &mut Command, each: impl FnMut(&str)) -> Result<bool> {
    Ok(watched(command, each)?.success())
}

fn watched(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| cannot_start(command))?;
    let (lines, printed) = mpsc::channel();
    let stdout = child.stdout.take().context("the child's stdout was asked for as a pipe")?;
    let stderr = child.stderr.take().context("the child's stderr was asked for as a pipe")?;
    forward(stdout, lines.clone());
    forward(stderr, lines);
    for line in printed {
        let line = String::from_utf8_lossy(&line?).into_owned();
        say::line(&line);
        each(&line);
    }
    Ok(child.wait()?)
}

/// Reads lines in the background, to the end.
fn forward(from: impl Read + Send + 'static, to: mpsc::Sender<io::Result<Vec<u8>>>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            if to.send(line).is_err() {
                return;
            }
        }
    });
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn cannot_start(command: &Command) -> String {
    format!(
        "`{}` could not be started; is {} installed?",
        line(command),
        command.get_program().to_string_lossy()
    )
}
