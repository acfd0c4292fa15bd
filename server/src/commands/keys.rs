//! `wattmap keys`: works while the server runs and while it does not.

use std::io::{Write, stdout};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::clock::{Clock, SystemClock};
use crate::commands::say;
use crate::config::Config;
use crate::engines::{keys_only, must_be_there};
use crate::keys::{self, Scope};

/// `wattmap keys ...`
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and print it: it can't be shown again
    Create {
        /// Whose it is
        #[arg(long)]
        name: String,
        /// What it is for: ingest or operator
        #[arg(long)]
        scope: Scope,
    },
    /// All keys, without their secrets
    List,
    /// End a key's validity
    Revoke {
        /// The part of the key between wm_ and the next _, or the whole key
        id: String,
    },
}

/// Runs it.
pub async fn run(args: KeysArgs, config: &Config) -> anyhow::Result<()> {
    // The first key may well come before the first start; what is only looked for is not made.
    if !matches!(args.action, Action::Create { .. }) && !config.engine.data.is_dir() {
        must_be_there(config)?;
    }
    let documents = keys_only(config).await?;
    let documents = documents.as_ref();
    let now = SystemClock.now();
    match args.action {
        Action::Create { name, scope } => {
            let key = keys::create(documents, &name, scope, now).await?;
            // Unlike a report, it can't be had again.
            if let Err(error) = writeln!(stdout(), "{key}") {
                keys::revoke(documents, id_of(&key), now).await?;
                return Err(error).context("the key could not be printed, and is revoked: make another");
            }
        }
        Action::List => {
            say(format_args!("{:<10} {:<9} {:<21} {:<21} name", "id", "scope", "created", "revoked"))?;
            for key in keys::list(documents).await? {
                let revoked = key.revoked.map_or("-".to_owned(), |at| at.to_string());
                let created = key.created.to_string();
                say(format_args!(
                    "{:<10} {:<9} {created:<21} {revoked:<21} {}",
                    key.id,
                    key.scope.to_string(),
                    key.name
                ))?;
            }
        }
        Action::Revoke { id } => {
            let id = id_of(&id);
            if !keys::revoke(documents, id, now).await? {
                bail!("there is no key {id}; `wattmap keys list` shows all");
            }
            say(format_args!("The key {id} is revoked; a running server refuses it within a second."))?;
        }
    }
    Ok(())
}

/// The id in a key; what is no key is taken for an id.
fn id_of(key: &str) -> &str {
    key.strip_prefix("wm_").and_then(|rest| rest.split('_').next()).unwrap_or(key)
}
