//! `cargo xtask engines`: real Kafka and real Cassandra on this machine's loopback addresses, one node of each or three.
//!
//! Nothing is installed system-wide but Java and Maven: the jars, the configuration, the data and the logs are all in
//! `target/engines`. What it started it stops, and nothing else.

mod cassandra;
mod cluster;
mod jars;
mod kafka;
mod node;
mod probe;
mod tls;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use self::cluster::Cluster;
pub(crate) use self::jars::ensure as ensure_jars;
use self::node::{Node, State};
use crate::{say, workspace};

/// What can be done with the engines.
#[derive(Subcommand)]
pub(crate) enum Engines {
    /// Fetch what is missing, start the nodes that do not run, and wait until each answers its protocol.
    Up {
        /// Of Kafka and of Cassandra.
        #[arg(long, default_value_t = 1, value_parser = one_or_three)]
        nodes: u32,
        /// Begin with empty data.
        #[arg(long)]
        fresh: bool,
        /// Those of the tests that run just now: how a test has a node back that it ended.
        #[arg(long, hide = true)]
        of_tests: bool,
    },
    /// What runs, where, since when, with how much memory.
    Status {
        /// All nodes are told of, however many there are.
        #[arg(long, hide = true, value_parser = one_or_three)]
        nodes: Option<u32>,
    },
    /// Stop what `up` started, all of it. The data stays for the next `up`.
    Down {
        /// All nodes are stopped, however many there are.
        #[arg(long, hide = true, value_parser = one_or_three)]
        nodes: Option<u32>,
        /// Remove the data, too.
        #[arg(long)]
        wipe: bool,
        /// Those of the tests, too: an interrupted run may have left them.
        #[arg(long)]
        of_tests: bool,
    },
}

/// How many nodes of each there can be.
pub(crate) fn one_or_three(text: &str) -> Result<u32, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("1 or 3 are allowed".to_owned()),
    }
}

/// Where all of it is.
pub(crate) fn directory() -> PathBuf {
    workspace::root().join("target/engines")
}

/// Does it.
pub(crate) fn run(what: &Engines) -> Result<()> {
    match *what {
        Engines::Up { nodes, fresh, of_tests } => {
            let cluster = if of_tests { Cluster::of_tests() } else { Cluster::of_developers() };
            if fresh {
                down(&cluster, true)?;
            }
            up(&cluster, nodes)?;
            status()
        }
        Engines::Status { .. } => status(),
        Engines::Down { wipe, of_tests, .. } => {
            if of_tests {
                down(&Cluster::of_tests(), wipe)?;
            }
            down(&Cluster::of_developers(), wipe)
        }
    }
}

/// What Cassandra's jars need of Java.
pub(crate) fn java_options_of_cassandra() -> Vec<String> {
    cassandra::java_options()
}

fn clusters() -> [Cluster; 2] {
    [Cluster::of_developers(), Cluster::of_tests()]
}

/// Starts what does not run of so many nodes of each.
fn up(cluster: &Cluster, nodes: u32) -> Result<()> {
    refuse_another_number(cluster, nodes)?;
    let libraries = jars::ensure()?;
    tls::ensure()?;
    // Brokers need each other to be ready, so all are started before any is waited for.
    say::step(&format!("Kafka, {nodes} of {nodes}"), || {
        let start = |number| kafka::start(cluster, number, nodes, &libraries.kafka);
        let started: Vec<Node> = (1..=nodes).map(start).collect::<Result<_>>()?;
        started.iter().try_for_each(|node| node.wait_until(|| probe::kafka(node.address(), nodes)))
    })?;
    // A Cassandra node joins a ring that stands still: one after the other.
    let start = |number| {
        say::step(&format!("Cassandra, {number} of {nodes}"), || {
            let node = cassandra::start(cluster, number, nodes, &libraries.cassandra)?;
            node.wait_until(|| probe::cassandra(node.address()))?;
            Ok(node)
        })
    };
    let started: Vec<Node> = (1..=nodes).map(start).collect::<Result<_>>()?;
    if nodes > 1 {
        say::step(&format!("Cassandra, the ring of {nodes}"), || {
            started.iter().try_for_each(|node| node.wait_until(|| probe::ring(node.address())))
        })?;
    }
    Ok(())
}

/// Does something that needs so many nodes of each, told where they are as the environment tells `wattmap`. Those of
/// `cargo xtask engines` are taken if they run and are as many; else some are started for this alone.
pub(crate) fn with_nodes(nodes: u32, work: impl FnOnce(&[(&str, &str)]) -> Result<()>) -> Result<()> {
    let developers = Cluster::of_developers();
    let (cluster, is_ours) =
        if developers.runs(nodes) { (developers, false) } else { (Cluster::of_tests(), true) };
    if is_ours {
        // What an interrupted run may have left.
        down(&cluster, true)?;
    }
    let done = up(&cluster, nodes).and_then(|()| {
        let variables = [cluster.addresses(nodes), cluster.for_tests(nodes)?].concat();
        work(&variables.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
    });
    if is_ours {
        down(&cluster, true)?;
    }
    done
}

/// Nodes that run, and which of them somebody else had started.
pub(crate) struct Up {
    cluster: Cluster,
    nodes: u32,
    ran_before: Vec<String>,
}

/// Starts those of `cargo xtask engines` that do not run, or of the tests, for as long as is wanted.
pub(crate) fn ensure_up(nodes: u32, of_tests: bool) -> Result<Up> {
    let cluster = if of_tests { Cluster::of_tests() } else { Cluster::of_developers() };
    let running = cluster.nodes().into_iter().filter(Node::is_running);
    let ran_before = running.map(|node| node.name().to_owned()).collect();
    let started = Up { cluster, nodes, ran_before };
    match up(&started.cluster, nodes) {
        Ok(()) => Ok(started),
        Err(error) => {
            started.stop_what_was_started()?;
            Err(error)
        }
    }
}

impl Up {
    /// Where they are, as the environment tells `wattmap`.
    pub(crate) fn addresses(&self) -> Vec<(&'static str, String)> {
        self.cluster.addresses(self.nodes)
    }

    /// Their data stays.
    pub(crate) fn stop_what_was_started(&self) -> Result<()> {
        let started = |node: &Node| !self.ran_before.iter().any(|name| name == node.name());
        stop(&self.cluster.nodes().into_iter().filter(started).collect::<Vec<_>>())
    }
}

/// A cluster of another size is another cluster: its data would not fit.
fn refuse_another_number(cluster: &Cluster, nodes: u32) -> Result<()> {
    let there = cluster.brokers();
    if there > 0 && there != nodes as usize {
        bail!(
            "there are brokers in {}, {there} of them; `cargo xtask engines down --wipe` removes them and the nodes of \
             Cassandra",
            cluster.shown()
        );
    }
    Ok(())
}

fn status() -> Result<()> {
    let nodes: Vec<Node> = clusters().iter().flat_map(Cluster::nodes).collect();
    if nodes.is_empty() {
        println!("no engines; `cargo xtask engines up` starts one node of each");
    }
    for node in &nodes {
        let said = match node.state() {
            State::Stopped => "stopped".to_owned(),
            State::Running { pid, megabytes, started_in_s, up_s } => {
                let ready = match started_in_s {
                    Some(seconds) => format!("answered after {seconds:.0} s"),
                    None => "has not answered".to_owned(),
                };
                format!("process {pid} for {}, {megabytes} MB, {ready}", say::lasting(up_s))
            }
        };
        println!(
            "{:<12} {:<15} {said}; log {}",
            node.name(),
            node.address(),
            workspace::relative(&node.log())
        );
    }
    if clusters().iter().any(|cluster| cluster.brokers() == 1) {
        println!(
            "Where there is one node of Cassandra one has to log in: user {}, password {}",
            cassandra::USER,
            cassandra::PASSWORD
        );
    }
    Ok(())
}

fn down(cluster: &Cluster, wipe: bool) -> Result<()> {
    let nodes = cluster.nodes();
    stop(&nodes)?;
    if wipe {
        for node in &nodes {
            fs::remove_dir_all(node.directory())
                .with_context(|| format!("{} can't be removed", node.directory().display()))?;
        }
    }
    Ok(())
}

fn stop(nodes: &[Node]) -> Result<()> {
    let running: Vec<&str> = nodes.iter().filter(|node| node.is_running()).map(Node::name).collect();
    if running.is_empty() {
        return Ok(());
    }
    say::step(&format!("Stopping {}", running.join(", ")), || node::stop(nodes))
}
