//! `wattmap check`: a line for everything that has to be there.
//!
//! Kafka and Cassandra are looked at one by one, before anything that needs both. A data directory has one process. Where a
//! server has it, that one is asked, and what only a look into the files could tell is said to be open. Of roles that run
//! apart there may be many: `--ready` asks the one that has this command's configuration, and nothing else; that is cheap
//! enough to be done every few seconds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use engine_embedded::OpenError;
use hyper::StatusCode;

use super::connection;
use super::engine::geography_of;
use crate::commands::say;
use crate::config::Config;
use crate::engines::{Opened, keys_only, must_be_there, open, parts};
use crate::keys;
use crate::roles::aggregate::undecided;

/// How long a server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// `wattmap check ...`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Ask only the process that was started with the same settings whether it is ready: at status-listen, or at listen
    /// if that is not set
    #[arg(long)]
    ready: bool,
}

/// Prints a line each, and remembers whether all was well.
struct Lines {
    sound: bool,
}

impl Lines {
    fn say(&mut self, what: &str, outcome: anyhow::Result<String>) -> anyhow::Result<()> {
        match outcome {
            Ok(detail) => say(format_args!("ok    {what}: {detail}")),
            Err(error) => {
                self.sound = false;
                say(format_args!("FAIL  {what}: {error:#}"))
            }
        }
    }

    fn outcome(&self) -> ExitCode {
        if self.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Runs it.
pub async fn run(args: &CheckArgs, config: Config) -> anyhow::Result<ExitCode> {
    let mut lines = Lines { sound: true };
    if args.ready {
        let address = config.web.status_listen.unwrap_or(config.web.listen);
        lines.say("server", ask(address, "the process that has these settings,").await)?;
        return Ok(lines.outcome());
    }
    if let Err(nothing) = must_be_there(&config) {
        lines.say("data directory", Err(nothing))?;
        return Ok(lines.outcome());
    }
    for (what, outcome) in parts(&config).await {
        lines.say(what, outcome)?;
    }
    if lines.sound {
        lines.say("keys", keys_of(&config).await)?;
        look(&config, &mut lines).await?;
    } else {
        say("      not looked into: keys, log, store and geography, which need all of these")?;
    }
    lines.say(
        "site",
        crate::site::missing().map_or(Ok("built".to_owned()), |why| Err(anyhow::anyhow!(why))),
    )?;
    Ok(lines.outcome())
}

/// What is in the engine, or what the process says that has it.
async fn look(config: &Config, lines: &mut Lines) -> anyhow::Result<()> {
    match open(config).await {
        Ok(opened) => look_into(opened, config, lines).await,
        Err(error) => match error.downcast_ref::<OpenError>() {
            Some(OpenError::InUse { serves: Some(address), .. }) => {
                let address = *address;
                lines.say("server", ask(address, &format!("{error:#},")).await)?;
                say(
                    "      not looked into: log, store and geography, which that process has; it checked every \
                     file when it started",
                )
            }
            Some(OpenError::InUse { serves: None, .. }) => {
                let hint = "which does not serve, or not yet; look again when it does, or has ended";
                lines.say("data directory", Err(anyhow::anyhow!("{error:#}, {hint}")))
            }
            _ if config.engine.distributed.is_some() => lines.say("engines", Err(error)),
            _ => lines.say("data directory", Err(error)),
        },
    }
}

/// Everything that is in an engine that can be opened.
async fn look_into(opened: Opened, config: &Config, lines: &mut Lines) -> anyhow::Result<()> {
    if !opened.is_shared() {
        let data = config.engine.data.display();
        lines.say("data directory", Ok(format!("{data} can be opened, and is whole")))?;
    }
    let (log, mut records) = (&opened.ports.log, 0);
    for partition in 0..log.partitions() {
        records += log.head(partition).await?;
    }
    let size = format!("{} partitions, {records} records", log.partitions());
    lines.say("log", log.refuses().await.map_or(Ok(size), |why| Err(anyhow::anyhow!(why))))?;
    let left = undecided(&opened.ports).await;
    lines.say("store", left.map(|left| format!("{left} records are still to be aggregated")))?;
    let geography = geography_of(config, opened.ports.documents.as_ref()).await;
    lines.say(
        "geography",
        geography.map(|found| format!("{}, {} areas", found.name(), found.areas().len())),
    )?;
    opened.close().await
}

/// What a server says of itself; `which` begins the sentence.
async fn ask(address: SocketAddr, which: &str) -> anyhow::Result<String> {
    #[derive(serde::Deserialize)]
    struct Ready {
        missing: Vec<String>,
    }
    let address = from_here(address);
    let whose = format!("{which} at http://{address}");
    let (status, body) = connection::get(&address.to_string(), "/readyz", ANSWER_WITHIN)
        .await
        .map_err(|error| error.context(format!("{whose}, which does not answer")))?;
    match (status, serde_json::from_slice::<Ready>(&body)) {
        (StatusCode::OK, Ok(_)) => Ok(format!("{whose}, which was asked and is ready")),
        (StatusCode::SERVICE_UNAVAILABLE, Ok(Ready { missing })) => {
            anyhow::bail!("{whose}, which is not ready; it lacks {}", missing.join(", "))
        }
        _ => anyhow::bail!("{whose}, which answers /readyz with {status} and what no wattmap server says"),
    }
}

/// The address for a client on this machine: a server may listen on all that it has.
fn from_here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn keys_of(config: &Config) -> anyhow::Result<String> {
    let documents = keys_only(config).await?;
    let valid = keys::list(documents.as_ref()).await?.iter().filter(|key| key.revoked.is_none()).count();
    Ok(format!("{valid} valid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_on_this_machine() {
        for (listens, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.7:80", "10.0.0.7:80")]
        {
            assert_eq!(from_here(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
