//! `wattmap migrate`: topics, keyspace and tables.

use crate::commands::say;
use crate::config::Config;
use crate::engines;

/// Runs it.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let done = engines::migrate(config).await?;
    for line in &done {
        say(line)?;
    }
    match (&config.engine.distributed, done.is_empty()) {
        (None, _) => say(format_args!(
            "Nothing to do: the embedded engine makes what it needs in {}.",
            config.engine.data.display()
        )),
        (Some(_), true) => say("Nothing to do: everything is there."),
        (Some(_), false) => Ok(()),
    }
}
