//! Kafka and Cassandra themselves: the tasks started them, a test ends them, and the tasks start them again.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::kernel::state_of;

/// One of those that we build on: how its nodes are called, and the variable that lists them.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Engine {
    name: &'static str,
    addresses: &'static str,
}

pub(super) const KAFKA: Engine = Engine { name: "kafka", addresses: "WATTMAP_KAFKA_BROKERS" };
pub(super) const CASSANDRA: Engine = Engine { name: "cassandra", addresses: "WATTMAP_CASSANDRA_NODES" };

/// One node, by its name: `kafka-1`, `cassandra-3`.
pub(super) struct Node(String);

/// All that are configured.
pub(super) fn nodes_of(engine: Engine) -> Vec<Node> {
    let addresses = variable(engine.addresses);
    let count = addresses.to_str().unwrap().split(',').count();
    (1..=count).map(|number| Node(format!("{}-{number}", engine.name))).collect()
}

fn variable(name: &str) -> PathBuf {
    let set = std::env::var_os(name);
    set.unwrap_or_else(|| panic!("{name} is not set: `cargo xtask test engines` sets it")).into()
}

impl Node {
    fn pid(&self) -> Pid {
        let file = variable("WATTMAP_TEST_ENGINES").join(&self.0).join("process.json");
        let process: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        Pid::from_raw(process["pid"].as_i64().unwrap() as i32).unwrap()
    }

    /// It hangs: it closes no connection and answers nothing, until what is given is dropped.
    pub(super) fn hang(&self) -> Hanging {
        let pid = self.pid();
        kill_process(pid, Signal::STOP).unwrap();
        println!("{} hangs", self.0);
        Hanging(pid)
    }

    /// Ends it as a power failure would.
    pub(super) fn kill(&self) {
        let pid = self.pid();
        kill_process(pid, Signal::KILL).unwrap();
        while !is_gone(pid) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        println!("{} is dead", self.0);
    }
}

/// A node that hangs, for so long as there is this.
pub(super) struct Hanging(Pid);

impl Drop for Hanging {
    fn drop(&mut self) {
        println!("it goes on: {:?}", kill_process(self.0, Signal::CONT));
    }
}

/// Whether it runs no more. Whoever started it may not have taken note yet.
fn is_gone(pid: Pid) -> bool {
    state_of(pid).is_none_or(|state| matches!(state, 'Z' | 'X'))
}

/// Starts those that are dead, and waits until they answer.
pub(super) fn revive() {
    assert!(are_revived().unwrap(), "those that are dead did not start");
}

fn are_revived() -> io::Result<bool> {
    let task = variable("WATTMAP_TEST_REVIVE");
    let mut words = task.to_str().unwrap().split(' ');
    Ok(Command::new(words.next().unwrap()).args(words).status()?.success())
}

/// Held by a test that ends them: should it fail, it leaves them alive to the others, who are not to fail for it.
pub(super) struct LeftAlive;

impl Drop for LeftAlive {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("those that a failed test ended are alive again: {:?}", are_revived());
        }
    }
}
