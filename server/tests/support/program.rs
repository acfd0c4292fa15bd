//! The program, as a process.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};

use super::http::{Http, Keys, PATIENCE};

/// Settings of a program, as variables of its environment.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

/// The program, with the data directory `dir/data`. Nothing is set but what a test sets.
pub(crate) fn wattmap(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wattmap"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATTMAP_")) {
        command.env_remove(name);
    }
    command.current_dir(dir).args(args);
    command.env("WATTMAP_DATA", dir.join("data")).env("WATTMAP_DISK_RESERVE_MB", "1");
    // Where an import through a server notes how far it is.
    command.env("XDG_STATE_HOME", dir.join("state"));
    command
}

/// Runs a command that has to end soon.
pub(crate) fn output(dir: &Path, args: &[&str]) -> Output {
    ended(wattmap(dir, args)).unwrap_or_else(|| panic!("{args:?} goes on and on"))
}

/// Runs a command; nothing if it does not end.
pub(crate) fn ended(mut command: Command) -> Option<Output> {
    let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let streams = (stdout.try_clone().unwrap(), stderr.try_clone().unwrap());
    let child = command.stdin(Stdio::null()).stdout(streams.0).stderr(streams.1).spawn().unwrap();
    let mut child = Killed(child);
    let began = Instant::now();
    let status = loop {
        match child.0.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > 2 * PATIENCE => return None,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    Some(Output { status, stdout: all_of(stdout), stderr: all_of(stderr) })
}

fn all_of(mut file: File) -> Vec<u8> {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Runs a command that has to succeed; gives what it printed.
pub(crate) fn run(dir: &Path, args: &[&str]) -> String {
    run_command(wattmap(dir, args))
}

/// The same, of one that was set up otherwise.
pub(crate) fn run_command(command: Command) -> String {
    let shown = format!("{command:?}");
    let output = ended(command).unwrap_or_else(|| panic!("{shown} goes on and on"));
    assert!(output.status.success(), "{shown} failed:\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that has to fail; gives all that it said.
pub(crate) fn run_in_vain(dir: &Path, args: &[&str]) -> String {
    let output = output(dir, args);
    assert!(!output.status.success(), "{args:?} did not fail:\n{}", said(&output));
    said(&output)
}

/// All that a command said.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

impl Keys {
    /// Has the program make a key of each scope.
    pub(crate) fn make(dir: &Path) -> Keys {
        let key = |scope| run(dir, &["keys", "create", "--name", "test", "--scope", scope]).trim().to_owned();
        Keys { ingest: key("ingest"), operator: key("operator") }
    }
}

/// A process that does not outlive the test.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that serves, and a client with a key of each scope.
pub(crate) struct Program {
    process: Killed,
    pub(crate) http: Http,
}

impl Program {
    /// `wattmap run` without simulated homes, on a free port; waits until it serves.
    pub(crate) async fn start(dir: &Path, settings: Settings<'_>) -> Program {
        Program::start_with(dir, settings, &Keys::make(dir)).await
    }

    /// Once more, for those who have keys already.
    pub(crate) async fn start_with(dir: &Path, settings: Settings<'_>, keys: &Keys) -> Program {
        let mut process = Program::spawn(dir, settings);
        let stdout = tokio::process::ChildStdout::from_std(process.0.stdout.take().unwrap()).unwrap();
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            let line = line.unwrap_or_else(|| {
                let said = std::fs::read_to_string(dir.join("stderr")).unwrap_or_default();
                panic!("it ends instead of serving: {said}")
            });
            if let Some(rest) = line.strip_prefix("The map is at http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        // What it prints later has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Program { process, http: Http::new(address, keys.clone()) }
    }

    /// Starts it, and does not wait. What it says on stderr goes to `dir/stderr`, beside the data: where that
    /// disk is full, its log can't be written either.
    pub(crate) fn spawn(dir: &Path, settings: Settings<'_>) -> Killed {
        let mut command = wattmap(dir, &["run", "--listen", "127.0.0.1:0"]);
        command.env("WATTMAP_SIMULATE", "0").envs(settings.iter().copied());
        let log = File::options().create(true).append(true).open(dir.join("stderr")).unwrap();
        Killed(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap())
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

    /// SIGTERM: it ends by itself, in the time that the contract gives it, and says that all is well.
    pub(crate) async fn stop(self) {
        let (status, took) = self.signal("-TERM").await;
        assert_eq!(status.code(), Some(0), "after SIGTERM: {status}");
        assert!(took < Duration::from_secs(10), "it took {took:?} to end");
    }
}
