//! The program, run as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A command that is about to be run on a data directory.
pub(crate) fn wattmap(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wattmap"));
    command.args(arguments).arg("--data").arg(data);
    // Where an import through a server notes how far it is.
    command.env("XDG_STATE_HOME", data.with_extension("state")).current_dir(data.parent().unwrap());
    command
}

/// Runs a command that has to succeed; gives what it printed.
pub(crate) fn run(data: &Path, arguments: &[&str]) -> String {
    let output = wattmap(data, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?} failed:\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that has to fail; gives all that it said.
pub(crate) fn run_in_vain(data: &Path, arguments: &[&str]) -> String {
    let output = wattmap(data, arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} did not fail:\n{}", said(&output));
    said(&output)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A server that ends with the test.
pub(crate) struct Server {
    process: Child,
    /// `host:port`
    pub(crate) authority: String,
}

impl Server {
    /// `wattmap run` without simulated homes, on a free port.
    pub(crate) fn start(data: &Path) -> Server {
        let mut command = wattmap(data, &["run", "--simulate", "0", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let authority = lines.by_ref().map(Result::unwrap).find_map(|line| {
            let (_, rest) = line.split_once("http://")?;
            rest.split(['/', ' ']).next().map(str::to_owned)
        });
        // Its last words have to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Server { process, authority: authority.expect("the server says where it is") }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// `GET`, with a key.
    pub(crate) fn get(&self, path: &str, key: &str) -> Value {
        let mut stream = TcpStream::connect(&self.authority).unwrap();
        let host = &self.authority;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{path}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Server {
    /// Ctrl-C, and waits for its end.
    pub(crate) fn stop(mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success(), "the server ends in order");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
