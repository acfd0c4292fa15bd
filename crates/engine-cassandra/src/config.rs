//! Where Cassandra is, and how it is spoken to.

use std::fmt;
use std::time::Duration;

/// Where Cassandra is, and how it is spoken to.
#[derive(Clone)]
pub struct CassandraConfig {
    /// `host:port`; names are resolved again on every reconnect. One that answers is enough, it tells of the others.
    pub nodes: Vec<String>,
    /// The keyspace: letters, digits and underscores.
    pub keyspace: String,
    /// The datacentre that this process belongs to: others are not spoken to. None: whichever there is.
    pub datacenter: Option<String>,
    /// Name and password.
    pub login: Option<(String, String)>,
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
            login: None,
            request_timeout: Duration::from_secs(10),
            requests_max: 128,
            connections_per_node: 2,
        }
    }
}

/// The password is nobody's business.
impl fmt::Debug for CassandraConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = self.login.as_ref().map(|(name, _)| format!("{name}, password hidden"));
        f.debug_struct("CassandraConfig")
            .field("nodes", &self.nodes)
            .field("keyspace", &self.keyspace)
            .field("datacenter", &self.datacenter)
            .field("login", &login)
            .field("request_timeout", &self.request_timeout)
            .field("requests_max", &self.requests_max)
            .field("connections_per_node", &self.connections_per_node)
            .finish()
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
