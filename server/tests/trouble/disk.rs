//! A disk that is full: a small one of its own, in memory, mounted where only this test sees it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::OFTEN;
use super::sender::{Sender, assert_exact};
use crate::support::Program;
use crate::support::http::{Answer, PATIENCE};
use crate::support::program::{output, said};

/// In the process that may mount: the directory to mount at.
const INSIDE: &str = "TROUBLE_TEST_INSIDE";

/// Runs a test of this file again, in a process that sees mounts of its own. A test that can't do that
/// fails, and says so.
fn with_own_mounts(test: &str) {
    let root = runs_as_root();
    // Made and removed out here, where nothing is mounted.
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    // Others than root may mount where they are root only among themselves.
    command.args(if root { &["--mount"][..] } else { &["--user", "--map-root-user", "--mount"] });
    command
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, dir.path());
    let output = command.output().unwrap_or_else(|error| panic!("unshare can't be run: {error}"));
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test} needs the right to mount a small disk in memory (root, or user namespaces), or it failed:\n{said}{errors}"
    );
}

fn runs_as_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim() == "0"
}

fn mount(dir: &Path, options: &str) {
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "wattmap-test"]).arg(dir).output();
    let mounted = mounted.unwrap();
    assert!(
        mounted.status.success(),
        "a disk in memory can't be mounted: {}",
        String::from_utf8_lossy(&mounted.stderr)
    );
}

/// Takes all the space that is left.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 20, 4096] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let problem = answer.json();
    assert_eq!(problem["status"], 503);
    assert!(problem["detail"].is_string() && problem.get("accepted").is_none(), "{problem}");
}

/// Sends until it is taken again.
async fn until_taken(program: &Program, sender: &mut Sender) {
    let began = Instant::now();
    while sender.send(&program.http).await.unwrap().status != 200 {
        assert!(began.elapsed() < PATIENCE, "there is space, and still nothing is taken");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Asks until it lacks nothing: the store tries again seldom.
async fn until_ready(program: &Program) {
    let began = Instant::now();
    loop {
        let ready = program.http.get("/readyz").await;
        if ready.status == 200 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "there is space, and it is not ready: {}", ready.text());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_recovers() {
    let Some(dir) = std::env::var_os(INSIDE).map(PathBuf::from) else {
        return with_own_mounts("trouble::disk::a_full_disk_refuses_and_recovers");
    };
    mount(&dir, "size=24m");
    let program = Program::start(&dir, OFTEN).await;
    let http = program.http.clone();
    let mut sender = Sender::register("M", &http).await;
    for _ in 0..20 {
        assert_eq!(sender.send(&http).await.unwrap().status, 200);
    }
    let filler = dir.join("filler");
    fill(&filler);
    // Also while the store can't write what it has in memory.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        assert_refused(&sender.send(&http).await.unwrap());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whoever asks whether it is ready is told what it lacks, and `check` says the same.
    let ready = http.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.json()["ready"].as_bool()), (503, Some(false)));
    assert!(ready.json()["missing"].to_string().contains("a log that takes readings"), "{:?}", ready.json());
    let checked = said(&output(&dir, &["check"]));
    assert!(checked.contains("FAIL  server") && checked.contains("a log that takes readings"), "{checked}");
    let meters = http.post("/meters", r#"{"meters":[{"meter_id":"N","area":"E01000001"}]}"#.to_owned()).await;
    assert_refused(&meters.unwrap());
    // What was accepted is there to be read all the while.
    http.operate("/areas/E01000001/exact?by=month").await;
    std::fs::remove_file(&filler).unwrap();
    until_taken(&program, &mut sender).await;
    until_ready(&program).await;
    assert_exact(&http, std::slice::from_ref(&sender)).await;

    // Once more, and this time it is killed while the disk is full, and starts on it.
    fill(&filler);
    assert_refused(&sender.send(&http).await.unwrap());
    program.kill();
    let program = Program::start_with(&dir, OFTEN, &http.keys).await;
    // Known before anybody has sent anything.
    assert_eq!(program.http.get("/readyz").await.status, 503);
    assert_refused(&sender.send(&program.http).await.unwrap());
    std::fs::remove_file(&filler).unwrap();
    until_taken(&program, &mut sender).await;
    assert_exact(&program.http, std::slice::from_ref(&sender)).await;
    assert_eq!(program.signal("-TERM").await.0.code(), Some(0));
    let program = Program::start_with(&dir, OFTEN, &http.keys).await;
    assert_exact(&program.http, &[sender]).await;
}

/// Nobody else writes: the log and the store fill the disk by themselves, to the last byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_by_itself_loses_nothing() {
    let Some(dir) = std::env::var_os(INSIDE).map(PathBuf::from) else {
        return with_own_mounts("trouble::disk::a_disk_that_fills_up_by_itself_loses_nothing");
    };
    mount(&dir, "size=6m");
    let program = Program::start(&dir, OFTEN).await;
    let http = program.http.clone();
    let mut senders = Vec::new();
    for meter in ["A", "BB", "CCC", "DDDD"] {
        senders.push(Sender::register(meter, &http).await);
    }
    let began = Instant::now();
    let mut refused = 0;
    while refused < 40 {
        assert!(began.elapsed() < 2 * PATIENCE, "the disk does not fill up");
        for sender in &mut senders {
            let answer = sender.send(&http).await.unwrap();
            if answer.status == 503 {
                assert_refused(&answer);
                refused += 1;
            }
        }
    }
    let sent: usize = senders.iter().map(|sender| sender.acknowledged.len()).sum();
    assert!(sent > 5000, "only {sent} readings filled the disk");
    // On the full disk, a stop and a start lose nothing. It can't note that it stopped, nor say so; it ends.
    let (status, _) = program.signal("-TERM").await;
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    let program = Program::start_with(&dir, OFTEN, &http.keys).await;
    // It may have made some room by then: but what it takes is there.
    senders[0].send(&program.http).await.unwrap();
    mount(&dir, "remount,size=64m");
    until_taken(&program, &mut senders[0]).await;
    assert_exact(&program.http, &senders).await;
    program.kill();
    let program = Program::start_with(&dir, OFTEN, &http.keys).await;
    assert_exact(&program.http, &senders).await;
}
