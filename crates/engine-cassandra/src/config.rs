//! Where Cassandra is, and how it is spoken to.

use std::time::Duration;

use crate::{Login, Tls};

/// Where Cassandra is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct CassandraConfig {
    /// `host:port`; names are resolved again on every reconnect. One that answers is enough, it tells of the others.
    pub nodes: Vec<String>,
    /// The keyspace: letters, digits and underscores.
    pub keyspace: String,
    /// The datacentre that this process belongs to: others are not spoken to. None: whichever there is.
    pub datacenter: Option<String>,
    /// Through TLS; none: in the clear.
    pub tls: Option<Tls>,
    /// As whom; none: as nobody.
    pub login: Option<Login>,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// Requests under way at a time, of the whole process.
    pub requests_max: usize,
    /// Connections to each node.
    pub connections_per_node: usize,
}

impl CassandraConfig {
    /// The defaults, for these nodes.
    pub fn new(nodes: Vec<String>) -> Self {
        CassandraConfig {
            nodes,
            keyspace: "wattmap".to_owned(),
            datacenter: None,
            tls: None,
            login: None,
            request_timeout: Duration::from_secs(10),
            requests_max: 128,
            connections_per_node: 2,
        }
    }
}

/// How large things are. Decided by the first migration: what is stored is found by it for ever after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizing {
    /// Groups of meters. A multiple of the log's partitions, so that an owner's meters are in few of them; a day of
    /// readings of one group is a partition of the table, which should stay below 100 MB: 37 million meters need
    /// 3,840 of them, a million 240.
    pub buckets: u32,
    /// Groups of areas. A day of one group's aggregates is a partition of the table.
    pub shards: u32,
    /// Copies of every row in the datacentre.
    pub replication: u32,
}

impl Default for Sizing {
    fn default() -> Self {
        Sizing { buckets: 240, shards: 64, replication: 1 }
    }
}
