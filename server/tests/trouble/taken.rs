//! A directory that another process has.

use super::OFTEN;
use crate::support::Program;
use crate::support::program::output;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_told_who_has_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), OFTEN).await;
    let data = dir.path().join("data").canonicalize().unwrap();
    let file = dir.path().join("a.csv");
    std::fs::write(&file, "meter_id,start,kwh\nA,2024-01-01T00:00:00Z,1\n").unwrap();
    let (file, out) = (file.to_str().unwrap(), dir.path().join("out"));
    for args in [
        vec!["run", "--listen", "127.0.0.1:0"],
        vec!["import", "readings", file, "--area", "E01000001", "--duration", "1800"],
        vec!["export", "aggregates", "--out", out.to_str().unwrap()],
        vec!["replay"],
    ] {
        let ended = output(dir.path(), &args);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {said}");
        for part in [data.to_str().unwrap(), &format!("process {}", program.id())] {
            assert!(said.contains(part), "{args:?}: {part} is not in {said:?}");
        }
    }
    // Nobody has been disturbed.
    program.http.settled().await;
    program.kill();
    // A process that is gone, however it went, has nothing any more.
    assert!(output(dir.path(), &["replay"]).status.success());
}
