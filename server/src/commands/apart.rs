//! The roles apart: they need Kafka and Cassandra.

use anyhow::bail;

use crate::commands::say;
use crate::config::Config;

/// `wattmap serve`, `aggregate` and `simulate`.
pub fn apart(role: &str, config: &Config) -> anyhow::Result<()> {
    if config.engine.distributed.is_some() {
        bail!(
            "`wattmap {role}` needs Kafka and Cassandra, which this version can't use yet; `wattmap run` has everything in one process"
        );
    }
    bail!(
        "`wattmap {role}` needs Kafka and Cassandra (kafka-brokers and cassandra-nodes are not set); \
         `wattmap run` has everything in one process without them"
    )
}

/// `wattmap migrate`
pub fn migrate(config: &Config) -> anyhow::Result<()> {
    if config.engine.distributed.is_some() {
        bail!("Kafka and Cassandra are configured, which this version can't use yet; nothing was done");
    }
    say(format_args!(
        "Nothing to do: the embedded engine makes what it needs in {}.",
        config.engine.data.display()
    ))
}
