//! The program itself.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use axum::http::Method;

use crate::support::program::{output, wattmap};
use crate::support::{AREA, Program};

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
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
    check(&["run", "--listen", "127.0.0.1:0", "--geography", "none.geo"], &["none.geo can't be read"]);
    assert!(!dir.path().join("data").exists());
    check(&["serve"], &["Kafka and Cassandra", "wattmap run"]);
    check(&["aggregate"], &["Kafka and Cassandra"]);
    check(&["keys", "create", "--name", " ", "--scope", "ingest"], &["1 to 80 characters"]);
    check(&["keys", "revoke", "nobody"], &["no key nobody"]);
    std::fs::write(dir.path().join("wattmap.toml"), "lisen = 1").unwrap();
    check(&["run"], &["lisen", "is listen meant?"]);
}

#[test]
fn looking_where_nothing_is_says_so_and_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    for args in [
        &["check"][..],
        &["keys", "list"],
        &["keys", "revoke", "nobody"],
        &["replay"],
        &["export", "aggregates", "--out", out],
    ] {
        let looked = output(dir.path(), args);
        let said = format!("{}{}", stdout(&looked), stderr(&looked));
        assert_eq!(looked.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("no data of wattmap in ") && said.contains("--data"), "{args:?}: {said}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{args:?} made something");
    }
}

#[test]
fn who_stops_reading_a_report_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.csv");
    std::fs::write(&file, "start,kwh\n2024-01-01T00:00:00Z,1\n2024-01-01T00:30:00Z,x\n").unwrap();
    let import = ["import", "readings", "--dry-run", "--strict", "--meter", "A", file.to_str().unwrap()];
    let begin = ["import", "readings", "--meter", "A", file.to_str().unwrap()];
    assert!(output(dir.path(), &begin).status.success());
    let unread = |args: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = wattmap(dir.path(), args);
        let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        drop(command);
        child.wait_with_output().unwrap()
    };
    for args in [&import[..], &["config"], &["keys", "list"], &["check"], &["replay"], &["migrate"]] {
        let (read, unread) = (output(dir.path(), args), unread(args));
        assert_eq!(unread.status.code(), read.status.code(), "{args:?}: {}", stderr(&unread));
        assert_eq!(stderr(&unread), stderr(&read), "{args:?}");
    }
    // A key is no report: nobody can have it again.
    let key = unread(&["keys", "create", "--name", "a", "--scope", "ingest"]);
    assert_eq!((key.status.code(), stderr(&key).contains("could not be printed")), (Some(1), true));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_made_listed_and_revoked_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    let made = output(dir.path(), &["keys", "create", "--name", "ops", "--scope", "operator"]);
    let key = stdout(&made).trim_end().to_owned();
    assert!(made.status.success() && key.starts_with("wm_") && !key.contains(char::is_whitespace), "{key:?}");
    let bearer = format!("Bearer {key}");
    let ask = async || {
        let headers = [("authorization", bearer.as_str())];
        let answer = server.http.send(Method::GET, "/api/v1/ops/ingestion", &headers, "").await;
        answer.expect("an answer").status.as_u16()
    };
    let becomes = async |status: u16| {
        let began = Instant::now();
        while ask().await != status {
            assert!(began.elapsed() < Duration::from_secs(2), "it does not become {status}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    becomes(200).await;
    let list = stdout(&output(dir.path(), &["keys", "list"]));
    assert!(list.contains("operator") && list.contains("ops") && !list.contains(&key), "{list}");
    assert!(output(dir.path(), &["keys", "revoke", &key]).status.success());
    becomes(401).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_beside_a_running_server_asks_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    server.http.settled().await;
    let check = output(dir.path(), &["check"]);
    let said = stdout(&check);
    // The site is not in every build that is tested; it is no matter of the directory.
    let expected = i32::from(said.contains("FAIL  site"));
    assert_eq!(check.status.code(), Some(expected), "{said}");
    assert_eq!(said.matches("FAIL").count() as i32, expected, "{said}");
    for part in
        ["ok    server: ", &format!("process {}", server.id()), &server.http.url(), "asked and is ready"]
    {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(said.contains("not looked into: log, store and geography"), "{said}");

    // One that does not answer is not healthy.
    let pid = server.id().to_string();
    let signal = |signal: &str| std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(signal("-STOP").success());
    let check = output(dir.path(), &["check"]);
    let said = stdout(&check);
    assert!(signal("-CONT").success());
    assert_eq!(check.status.code(), Some(1), "{said}");
    assert!(said.contains("FAIL  server: ") && said.contains("does not answer"), "{said}");

    // Without a server everything is looked into, and nothing of the one before misleads.
    server.kill();
    let said = stdout(&output(dir.path(), &["check"]));
    for part in ["ok    data directory: ", "ok    log: ", "ok    store: ", "ok    geography: London"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

/// As a container's health check does, which knows no more than the process's own settings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_can_be_asked_whether_it_is_ready() {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    server.http.settled().await;
    for setting in ["--listen", "--status-listen"] {
        let ready = output(dir.path(), &["check", "--ready", setting, &server.http.address]);
        assert!(ready.status.success(), "{setting}: {}", stdout(&ready));
        assert_eq!(stdout(&ready).lines().count(), 1, "{}", stdout(&ready));
    }
    let address = server.http.address.clone();
    server.kill();
    let ready = output(dir.path(), &["check", "--ready", "--listen", &address]);
    assert_eq!(ready.status.code(), Some(1), "{}", stdout(&ready));
    assert!(stdout(&ready).starts_with("FAIL  server: "), "{}", stdout(&ready));
}

/// Everything below a directory with its permissions.
fn permissions(dir: &Path) -> Vec<(PathBuf, bool, u32)> {
    let mut found = Vec::new();
    let mut paths = vec![dir.to_owned()];
    while let Some(path) = paths.pop() {
        // The store's tables come and go.
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_dir() {
            paths.extend(std::fs::read_dir(&path).into_iter().flatten().map(|entry| entry.unwrap().path()));
        }
        found.push((path, metadata.is_dir(), metadata.permissions().mode() & 0o777));
    }
    found
}

fn assert_private(dir: &Path) {
    let all = permissions(dir);
    let open: Vec<_> =
        all.iter().filter(|(_, is_dir, mode)| *mode != if *is_dir { 0o700 } else { 0o600 }).collect();
    assert!(open.is_empty(), "{open:?}");
    for part in ["log", "store", "keys"] {
        assert!(all.iter().any(|(path, is_dir, _)| !is_dir && path.starts_with(dir.join(part))), "no {part}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_are_their_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let often = [("WATTMAP_MEMTABLE_KB", "1"), ("WATTMAP_FLUSH_MS", "20"), ("WATTMAP_CHECKPOINT_MS", "20")];
    let server = Program::start(dir.path(), &often).await;
    let body = format!("{{\"meters\":[{{\"meter_id\":\"A\",\"area\":\"{AREA}\"}}]}}");
    assert_eq!(server.http.post("/meters", body).await.unwrap().status, 200);
    server.http.settled().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_private(&data);
    let keys = server.http.keys.clone();
    server.stop().await;
    assert_private(&data);
    let out = dir.path().join("out");
    assert!(output(dir.path(), &["export", "aggregates", "--out", out.to_str().unwrap()]).status.success());
    assert!(permissions(&out).iter().all(|(_, _, mode)| mode & 0o077 == 0), "{:?}", permissions(&out));

    // What an older version or a copy has left open is closed by the next start.
    for (path, is_dir, _) in permissions(&data) {
        let mode = if is_dir { 0o755 } else { 0o644 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let server = Program::start_with(dir.path(), &[], &keys).await;
    assert_private(&data);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_it_in_time_with_code_0() {
    let dir = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let simulated = [("WATTMAP_SIMULATE", "200"), ("WATTMAP_HISTORY_DAYS", "1")];
        let server = Program::start(dir.path(), &simulated).await;
        // In the midst of it.
        let under_way = async || {
            while !server.http.get("/metrics").await.text().contains("accepted_total{kind=\"reading\"} ") {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), under_way())
            .await
            .expect("readings of simulated homes");
        let (status, took) = server.signal(signal).await;
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(took < Duration::from_secs(10), "{signal} took {took:?}");
    }
    let check = output(dir.path(), &["check"]);
    assert!(stdout(&check).contains("ok    data directory"), "{}", stdout(&check));
    let replay = output(dir.path(), &["replay"]);
    assert!(replay.status.success(), "{}{}", stdout(&replay), stderr(&replay));
    assert!(stdout(&replay).contains("0 differ"), "{}", stdout(&replay));
    let out = dir.path().join("out");
    let export = output(dir.path(), &["export", "readings", "--out", out.to_str().unwrap()]);
    assert!(export.status.success(), "{}", stderr(&export));
    assert!(std::fs::read_dir(&out).unwrap().count() > 0);
}
