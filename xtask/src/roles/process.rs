//! One role's process, and its lines in the common log.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::{ROLES, width};
use crate::command;

/// Colours of a terminal, one a role.
const COLOURS: [u8; 4] = [36, 33, 35, 32];

/// A process that is killed when nobody waits for it any more.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    logs: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it in a group of its own, so that a Ctrl-C at the terminal is not its own.
    pub(super) fn start(name: &'static str, mut command: Command) -> Result<Process> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("`{}` could not be started", command::line(&command)))?;
        let prefix = prefix(name);
        let mut logs = Vec::new();
        let streams = [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for stream in streams.into_iter().flatten() {
            let prefix = prefix.clone();
            logs.push(std::thread::spawn(move || pass_on(stream, &prefix)));
        }
        Ok(Process { name, child, logs })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, if it has; all that it said has been shown then.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            for log in self.logs.drain(..) {
                // A reader does not panic.
                let _ = log.join();
            }
        }
        Ok(status)
    }

    pub(super) fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.ended()?.is_none() {
            let pid = Pid::from_raw(i32::try_from(self.child.id())?).context("a process has a number")?;
            kill_process(pid, signal).with_context(|| format!("{} can't be told to end", self.name))?;
        }
        Ok(())
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill().with_context(|| format!("{} can't be killed", self.name))?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, and there is nobody left to tell.
        let _ = self.kill();
    }
}

fn prefix(name: &str) -> String {
    let width = width();
    if !io::stdout().is_terminal() {
        return format!("{name:<width$} | ");
    }
    let colour =
        ROLES.iter().position(|role| role.name == name).map_or(0, |role| COLOURS[role % COLOURS.len()]);
    format!("\x1b[{colour}m{name:<width$} |\x1b[0m ")
}

/// Shows what it says, line by line.
fn pass_on(stream: impl Read, prefix: &str) {
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { return };
        let whole = [prefix.as_bytes(), &line, b"\n"].concat();
        // Whoever stops reading the log changes nothing.
        let _ = io::stdout().lock().write_all(&whole);
    }
}
