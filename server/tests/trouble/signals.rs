//! Ctrl-C and SIGTERM while readings come in.

use std::time::Duration;

use super::OFTEN;
use super::sender::{Sender, assert_exact};
use crate::support::Program;

/// What the contract allows.
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_under_load_loses_nothing() {
    for signal in ["-INT", "-TERM"] {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::start(dir.path(), OFTEN).await;
        let http = program.http.clone();
        let mut loads = Vec::new();
        for number in 0..4 {
            let sender = Sender::register(&format!("{}{number}", "M".repeat(number + 1)), &http).await;
            loads.push(tokio::spawn(sender.send_until_nobody_answers(http.clone())));
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let (status, took) = program.signal(signal).await;
        assert_eq!(status.code(), Some(0), "{signal}: {status}");
        assert!(took < STOP_WITHIN, "{signal} took {took:?}");
        let mut senders = Vec::new();
        for load in loads {
            senders.push(load.await.unwrap());
        }
        let sent: usize = senders.iter().map(|sender| sender.acknowledged.len()).sum();
        assert!(sent > 1000, "only {sent} readings were sent");
        let program = Program::start_with(dir.path(), OFTEN, &http.keys).await;
        assert_exact(&program.http, &senders).await;
        assert_eq!(program.signal("-TERM").await.0.code(), Some(0));
    }
}
