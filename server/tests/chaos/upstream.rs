//! Kafka and Cassandra themselves: the tasks started them, a test ends them, and the tasks start them again.

use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// One node, by its name: `kafka-1`, `cassandra-3`.
pub(super) struct Node(pub(super) &'static str);

pub(super) const KAFKA: Node = Node("kafka-1");
pub(super) const CASSANDRA: Node = Node("cassandra-1");

fn variable(name: &str) -> PathBuf {
    let set = std::env::var_os(name);
    set.unwrap_or_else(|| panic!("{name} is not set: `cargo xtask test engines` sets it")).into()
}

impl Node {
    /// Ends it as a power failure would.
    pub(super) fn kill(&self) {
        let file = variable("WATTMAP_TEST_ENGINES").join(self.0).join("process.json");
        let process: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let pid = Pid::from_raw(process["pid"].as_i64().unwrap() as i32).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        while !is_gone(pid) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        println!("{} is dead", self.0);
    }
}

/// Whether it runs no more. Whoever started it may not have taken note yet.
fn is_gone(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let state = stat.as_deref().ok().and_then(|stat| stat.rsplit_once(')')?.1.trim_start().chars().next());
    state.is_none_or(|state| matches!(state, 'Z' | 'X'))
}

/// Starts those that are dead, and waits until they answer.
pub(super) fn revive() {
    let task = variable("WATTMAP_TEST_REVIVE");
    let mut words = task.to_str().unwrap().split(' ');
    let mut up = Command::new(words.next().unwrap());
    assert!(up.args(words).status().unwrap().success());
}
