//! `wattmap check`: a line for everything that has to be there.

use std::process::ExitCode;

use engine_embedded::EmbeddedDocuments;

use super::engine::{geography_of, open};
use crate::config::Config;
use crate::keys;
use crate::roles::aggregate::undecided;

/// Runs it.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let mut sound = true;
    let mut say = |what: &str, outcome: Result<String, anyhow::Error>| match outcome {
        Ok(detail) => println!("ok    {what}: {detail}"),
        Err(error) => {
            sound = false;
            println!("FAIL  {what}: {error:#}");
        }
    };
    say("keys", keys_of(&config).await);
    match open(&config).await {
        Ok(opened) => {
            say(
                "data directory",
                Ok(format!("{} can be opened, and is whole", config.engine.data.display())),
            );
            let (log, mut records) = (&opened.ports.log, 0);
            for partition in 0..log.partitions() {
                records += log.head(partition).await?;
            }
            say("log", Ok(format!("{} partitions, {records} records", log.partitions())));
            let left = undecided(&opened.ports).await;
            say("store", left.map(|left| format!("{left} records are still to be aggregated")));
            let geography = geography_of(&config, opened.ports.documents.as_ref()).await;
            say(
                "geography",
                geography.map(|found| format!("{}, {} areas", found.name(), found.areas().len())),
            );
            opened.close().await?;
        }
        Err(error) => say("data directory", Err(error)),
    }
    say("site", crate::site::missing().map_or(Ok("built".to_owned()), |why| Err(anyhow::anyhow!(why))));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn keys_of(config: &Config) -> anyhow::Result<String> {
    let documents = EmbeddedDocuments::keys_only(&config.engine.data)?;
    let valid = keys::list(&documents).await?.iter().filter(|key| key.revoked.is_none()).count();
    Ok(format!("{valid} valid"))
}
