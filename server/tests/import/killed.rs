//! An import that is killed goes on where it was, and in the end everything is counted once.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::tempdir;

use super::counted::{Counted, assert_same, expect, exported};
use super::files::written;
use crate::support::program::wattmap;

#[test]
fn killed_again_and_again_it_counts_everything_once() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("many.csv");
    let meters = written(&file, 30, 8_000);
    let arguments = ["import", "readings", file.to_str().unwrap(), "--area", "E01000001"];
    let (mut killed, mut resumed) = (0, 0);
    // The first kills come early; then they come later and later, until one comes too late.
    let mut life = Duration::from_millis(150);
    loop {
        assert!(life < Duration::from_secs(300), "it never ends");
        let mut command = wattmap(dir.path(), &arguments);
        // However fast the machine is, some die when they have just noted how far they are.
        if killed % 2 == 1 {
            command.env("FAILPOINTS", "import-noted=return");
        }
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let until = Instant::now() + life;
        life += life / 5;
        let status = loop {
            match process.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() >= until => break None,
                None => std::thread::sleep(Duration::from_millis(3)),
            }
        };
        if status.is_none() {
            // SIGKILL.
            process.kill().unwrap();
        }
        let output = process.wait_with_output().unwrap();
        resumed += u32::from(String::from_utf8_lossy(&output.stderr).contains("going on after"));
        if let Some(status) = status.filter(|status| status.code().is_some()) {
            assert!(status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(said.contains("240,000 readings accepted, 0 refused"), "{said}");
            break;
        }
        killed += 1;
    }
    assert!(killed >= 3 && resumed >= 1, "killed {killed} times, resumed {resumed} times");

    let mut expected = Counted::new();
    for (_, readings) in &meters {
        expect("E01000001", 1800, readings, &mut expected);
    }
    for place in expected.values_mut() {
        place.1 = 30;
    }
    assert_same(&exported(dir.path()), &expected);
}

#[test]
fn whoever_stops_it_is_told_how_far_it_came() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("many.csv");
    written(&file, 30, 20_000);
    let arguments = ["import", "readings", file.to_str().unwrap(), "--area", "E01000001"];
    // The first are stopped before anything was taken.
    let mut life = Duration::from_millis(300);
    loop {
        let mut command = wattmap(dir.path(), &arguments);
        let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(life);
        life += life / 3;
        assert!(Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap().success());
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "it came too late");
        if said.contains("the same command goes on behind it") {
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("many.csv: it was asked to stop\n"), "{said}");
            break;
        }
    }
    let ended = wattmap(dir.path(), &arguments).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success() && said.contains("going on after"), "{said}");
    let told = String::from_utf8(ended.stdout).unwrap();
    assert!(told.contains("600,000 readings accepted, 0 refused"), "{told}");
}
