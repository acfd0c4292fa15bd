//! `wattmap migrate`: topics, keyspace and tables.

use crate::commands::say;
use crate::config::Config;
use crate::engines::{self, Migrated};

/// Runs it.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let Migrated { done, left } = engines::migrate(config).await?;
    for line in &done {
        say(line)?;
    }
    for line in &left {
        say(format_args!("LEFT AS IT IS: {line}"))?;
    }
    match (&config.engine.distributed, done.is_empty(), left.is_empty()) {
        (None, ..) => say(format_args!(
            "Nothing to do: the embedded engine makes what it needs in {}.",
            config.engine.data.display()
        )),
        (Some(_), true, true) => say("Nothing to do: everything is there."),
        (Some(_), true, false) => say("Nothing was done: everything is there, but for what is said above."),
        (Some(_), false, _) => Ok(()),
    }
}
