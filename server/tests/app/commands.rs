//! The program itself.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn wattmap(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wattmap"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATTMAP_")) {
        command.env_remove(name);
    }
    command.current_dir(dir).args(args);
    command
}

fn output(dir: &Path, args: &[&str]) -> Output {
    wattmap(dir, args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server of the real program; killed with the test.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(dir: &Path, more: &[&str]) -> Server {
        let mut args = vec!["run", "--listen", "127.0.0.1:0", "--simulate", "0", "--disk-reserve-mb", "1"];
        args.extend_from_slice(more);
        let mut child = wattmap(dir, &args).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("The map is at ").map(|rest| rest.split(' ').next().unwrap().to_owned())
            })
            .expect("it names its page");
        Server { child, url }
    }

    fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_wrong_start_is_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let check = |args: &[&str], says: &[&str]| {
        let output = output(dir.path(), args);
        let said = stderr(&output);
        assert!(!output.status.success(), "{args:?} succeeded");
        assert_eq!(said.trim_end().lines().count(), 1, "{args:?}: {said}");
        for part in says {
            assert!(said.contains(part), "{part:?} is not in {said:?}");
        }
    };
    check(&["run", "--listen", &address], &["taken", &address]);
    check(&["run", "--listen", "here"], &["listen", "here", "127.0.0.1:3000"]);
    check(&["run", "--simulate", "-1"], &["simulate", "-1", "whole number"]);
    check(&["run", "--config", "none.toml"], &["none.toml"]);
    check(&["serve"], &["Kafka and Cassandra", "wattmap run"]);
    check(&["aggregate"], &["Kafka and Cassandra"]);
    check(&["keys", "create", "--name", " ", "--scope", "ingest"], &["1 to 80 characters"]);
    check(&["keys", "revoke", "nobody"], &["no key nobody"]);
    std::fs::write(dir.path().join("wattmap.toml"), "lisen = 1").unwrap();
    check(&["run"], &["lisen", "is listen meant?"]);
}

#[test]
fn the_configuration_is_shown_with_its_origins() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("wattmap.toml"), "simulate = 5\n").unwrap();
    let mut command = wattmap(dir.path(), &["config", "--listen", "127.0.0.1:7"]);
    let output = command.env("WATTMAP_HISTORY_DAYS", "3").env("WATTMAP_NONSENSE", "1").output().unwrap();
    assert!(output.status.success());
    for line in
        ["\"127.0.0.1:7\"", "from --listen", "from simulate in wattmap.toml", "from WATTMAP_HISTORY_DAYS"]
    {
        assert!(stdout(&output).contains(line), "{line}: {}", stdout(&output));
    }
    assert!(stderr(&output).contains("WATTMAP_NONSENSE"), "{}", stderr(&output));
}

#[test]
fn keys_are_made_listed_and_revoked_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let made = output(dir.path(), &["keys", "create", "--name", "ops", "--scope", "operator"]);
    let key = stdout(&made).trim_end().to_owned();
    assert!(made.status.success() && key.starts_with("wm_") && !key.contains(char::is_whitespace), "{key:?}");
    let ask = || {
        let bearer = format!("Authorization: Bearer {key}");
        let url = format!("{}api/v1/ops/ingestion", server.url);
        let output = Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", &bearer, &url])
            .output();
        stdout(&output.unwrap())
    };
    let becomes = |status: &str| {
        let began = Instant::now();
        while ask() != status {
            assert!(began.elapsed() < Duration::from_secs(2), "it stays {} instead of {status}", ask());
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    becomes("200");
    let list = stdout(&output(dir.path(), &["keys", "list"]));
    assert!(list.contains("operator") && list.contains("ops") && !list.contains(&key), "{list}");
    assert!(output(dir.path(), &["keys", "revoke", &key]).status.success());
    becomes("401");

    // What needs the directory for itself says who has it.
    let check = output(dir.path(), &["check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(stdout(&check).contains(&format!("process {}", server.child.id())), "{}", stdout(&check));
}

#[test]
fn a_signal_ends_it_in_time_with_code_0() {
    let dir = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(dir.path(), &["--simulate", "200", "--history-days", "1"]);
        std::thread::sleep(Duration::from_secs(2));
        let began = Instant::now();
        server.signal(signal);
        let status = server.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(began.elapsed() < Duration::from_secs(10), "{signal} took {:?}", began.elapsed());
    }
    let check = output(dir.path(), &["check", "--disk-reserve-mb", "1"]);
    assert!(stdout(&check).contains("ok    data directory"), "{}", stdout(&check));
    let replay = output(dir.path(), &["replay", "--disk-reserve-mb", "1"]);
    assert!(replay.status.success(), "{}{}", stdout(&replay), stderr(&replay));
    assert!(stdout(&replay).contains("0 differ"), "{}", stdout(&replay));
    let out = dir.path().join("out");
    let export =
        output(dir.path(), &["export", "readings", "--out", out.to_str().unwrap(), "--disk-reserve-mb", "1"]);
    assert!(export.status.success(), "{}", stderr(&export));
    assert!(std::fs::read_dir(&out).unwrap().count() > 0);
}
