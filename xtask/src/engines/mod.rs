//! `cargo xtask engines`: real Kafka and real Cassandra on this machine's loopback addresses, one node of each or three.
//!
//! Nothing is installed system-wide but Java and Maven: the jars, the configuration, the data and the logs are all in
//! `target/engines`. What it started it stops, and nothing else.

mod cassandra;
mod jars;
mod kafka;
mod node;
mod probe;
mod tls;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

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
    },
    /// What runs, where, since when, with how much memory.
    Status,
    /// Stop what `up` started. The data stays for the next `up`.
    Down {
        /// Remove the data, too.
        #[arg(long)]
        wipe: bool,
    },
}

fn one_or_three(text: &str) -> Result<u32, String> {
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
        Engines::Up { nodes, fresh } => up(nodes, fresh),
        Engines::Status => status(),
        Engines::Down { wipe } => down(wipe),
    }
}

/// Starts so many nodes of each.
pub(crate) fn up(nodes: u32, fresh: bool) -> Result<()> {
    refuse_another_number(nodes)?;
    if fresh {
        down(true)?;
    }
    let libraries = jars::ensure()?;
    tls::ensure()?;
    // Brokers need each other to be ready, so all are started before any is waited for.
    say::step(&format!("Kafka, {nodes} of {nodes}"), || {
        let started: Vec<Node> =
            (1..=nodes).map(|number| kafka::start(number, nodes, &libraries.kafka)).collect::<Result<_>>()?;
        started.iter().try_for_each(|node| node.wait_until(|| probe::kafka(node.address(), nodes)))
    })?;
    // A Cassandra node joins a ring that stands still: one after the other.
    for number in 1..=nodes {
        say::step(&format!("Cassandra, {number} of {nodes}"), || {
            let node = cassandra::start(number, &libraries.cassandra)?;
            node.wait_until(|| probe::cassandra(node.address()))
        })?;
    }
    status()
}

/// Does something that needs engines, told where they are as the environment tells `wattmap`. Those that were started
/// for it are stopped again.
pub(crate) fn with_one_node_of_each(work: impl FnOnce(&[(&str, &str)]) -> Result<()>) -> Result<()> {
    let before = all_nodes()?;
    let is_running = |node: &Node| matches!(node.state(), State::Running { .. });
    let ran = !before.is_empty() && before.iter().all(is_running);
    up(1, false)?;
    let authority = tls::authority();
    let done = work(&[
        ("WATTMAP_KAFKA_BROKERS", "127.0.0.1:9092"),
        ("WATTMAP_CASSANDRA_NODES", "127.0.0.1:9042"),
        // Where one has to log in, in the clear and through TLS; Cassandra takes both at one address.
        ("WATTMAP_TEST_KAFKA_LOGIN", "127.0.0.1:9192"),
        ("WATTMAP_TEST_KAFKA_TLS", "127.0.0.1:9292"),
        ("WATTMAP_TEST_AUTHORITY", &authority.to_string_lossy()),
    ]);
    if !ran {
        // What somebody has kept there is not ours to remove.
        down(before.is_empty())?;
    }
    done
}

/// A cluster of another size is another cluster: its data would not fit.
fn refuse_another_number(nodes: u32) -> Result<()> {
    let there = all_nodes()?.len();
    if there > 0 && there != 2 * nodes as usize {
        bail!(
            "there are {} nodes of each in {}; `cargo xtask engines down --wipe` removes them",
            there / 2,
            workspace::relative(&directory())
        );
    }
    Ok(())
}

/// The nodes that were ever started and not wiped, brokers first.
fn all_nodes() -> Result<Vec<Node>> {
    let numbered = |number| [kafka::node(number), cassandra::node(number)];
    let mut nodes: Vec<Node> = (1..=3).flat_map(numbered).filter(Node::exists).collect();
    nodes.sort_by_key(|node| node.name().starts_with('c'));
    Ok(nodes)
}

fn status() -> Result<()> {
    let nodes = all_nodes()?;
    if nodes.is_empty() {
        println!("no engines; `cargo xtask engines up` starts one node of each");
    }
    for node in nodes {
        let said = match node.state() {
            State::Stopped => "stopped".to_owned(),
            State::Running { pid, megabytes, started_in_s } => {
                let ready = started_in_s.map(|s| format!(", answered after {s:.0} s")).unwrap_or_default();
                format!("process {pid}, {megabytes} MB{ready}")
            }
        };
        println!(
            "{:<12} {:<15} {said}; log {}",
            node.name(),
            node.address(),
            workspace::relative(&node.log())
        );
    }
    Ok(())
}

fn down(wipe: bool) -> Result<()> {
    // Cassandra first, newest first: a seed that goes last spares the others their complaints.
    for node in all_nodes()?.iter().rev() {
        if matches!(node.state(), State::Running { .. }) {
            say::step(&format!("Stopping {}", node.name()), || node.stop())?;
        }
        if wipe {
            fs::remove_dir_all(node.directory())
                .with_context(|| format!("{} can't be removed", node.directory().display()))?;
        }
    }
    Ok(())
}
