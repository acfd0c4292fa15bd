//! Nodes that know each other: their addresses and where they are kept.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::node::Node;
use super::{cassandra, directory, kafka, tls};
use crate::workspace;

/// The most nodes of each.
const NODES_MAX: u32 = 3;

/// One or three brokers, and as many nodes of Cassandra.
pub(super) struct Cluster {
    directory: PathBuf,
    /// Its loopback addresses are 127.0.`network`.1 and on.
    network: u8,
}

impl Cluster {
    /// That of `cargo xtask engines`.
    pub(super) fn of_developers() -> Cluster {
        Cluster { directory: directory(), network: 0 }
    }

    /// One that tests start for themselves, beside whatever else runs.
    pub(super) fn of_tests() -> Cluster {
        Cluster { directory: directory().join("tests"), network: 1 }
    }

    /// Where its node of that number is, counted from 1.
    pub(super) fn ip(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, self.network, number as u8)
    }

    /// All of Cassandra's management ports are on 127.0.0.1.
    pub(super) fn management_port(&self, number: u32) -> u32 {
        7198 + 10 * u32::from(self.network) + number
    }

    pub(super) fn node(&self, name: &str, number: u32, port: u16) -> Node {
        let name = format!("{name}-{number}");
        Node::new(self.directory.join(&name), name, (self.ip(number), port).into())
    }

    /// The nodes that were ever started and not wiped, brokers first.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let all = |node: fn(&Cluster, u32) -> Node| (1..=NODES_MAX).map(move |number| node(self, number));
        all(kafka::node).chain(all(cassandra::node)).filter(Node::exists).collect()
    }

    /// How many brokers were ever started and not wiped.
    pub(super) fn brokers(&self) -> usize {
        (1..=NODES_MAX).filter(|&number| kafka::node(self, number).exists()).count()
    }

    /// Whether so many nodes of each are there and run.
    pub(super) fn runs(&self, nodes: u32) -> bool {
        let there = self.nodes();
        there.len() == 2 * nodes as usize && there.iter().all(Node::is_running)
    }

    /// Where so many nodes are, as the environment tells `wattmap`.
    pub(super) fn addresses(&self, nodes: u32) -> Vec<(&'static str, String)> {
        let list = |node: fn(&Cluster, u32) -> Node| {
            let addresses: Vec<String> =
                (1..=nodes).map(|number| node(self, number).address().to_string()).collect();
            addresses.join(",")
        };
        let mut told = vec![
            ("WATTMAP_KAFKA_BROKERS", list(kafka::node)),
            ("WATTMAP_CASSANDRA_NODES", list(cassandra::node)),
        ];
        if cassandra::is_guarded(nodes) {
            told.push(("WATTMAP_CASSANDRA_USER", cassandra::USER.to_owned()));
            told.push(("WATTMAP_CASSANDRA_PASSWORD", cassandra::PASSWORD.to_owned()));
        }
        told
    }

    /// For tests that end nodes: where their processes are named, and how they are had back.
    pub(super) fn for_tests(&self, nodes: u32) -> Result<Vec<(&'static str, String)>> {
        let task = std::env::current_exe().context("the path of this program is not known")?;
        let of_tests = if self.network == 0 { "" } else { " --of-tests" };
        let of_first = |port: u16| format!("{}:{port}", self.ip(1));
        Ok(vec![
            ("WATTMAP_TEST_ENGINES", self.directory.display().to_string()),
            ("WATTMAP_TEST_REVIVE", format!("{} engines up --nodes {nodes}{of_tests}", task.display())),
            // Where one has to log in, in the clear and through TLS; Cassandra takes both at one address.
            ("WATTMAP_TEST_KAFKA_LOGIN", of_first(9192)),
            ("WATTMAP_TEST_KAFKA_TLS", of_first(9292)),
            ("WATTMAP_TEST_AUTHORITY", tls::authority().display().to_string()),
            // Where one has to show a certificate: Kafka at an address of its own, Cassandra if it is guarded.
            ("WATTMAP_TEST_KAFKA_CERTIFIED", of_first(9392)),
            ("WATTMAP_TEST_CASSANDRA_GUARDED", cassandra::is_guarded(nodes).to_string()),
            ("WATTMAP_TEST_KEY", tls::key().display().to_string()),
        ])
    }

    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        workspace::relative(&self.directory)
    }
}
