//! `wattmap run`, `serve`, `aggregate` and `simulate`: a process with some of the roles.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use simulator::SimulatorProgress;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::signals::Signals;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::engines::open_patiently;
use crate::figures::{BRITISH_ZONE, Holidays};
use crate::roles::Roles;
use crate::roles::node::{Running, start};
use crate::tariffs;

/// From the first signal to the exit, at most. What has not ended by then is cut off, which loses
/// nothing that was acknowledged: the log has it, and the next start goes on from there.
const STOP_WITHIN: Duration = Duration::from_millis(9500);

/// Runs until SIGINT or SIGTERM.
pub async fn run(roles: Roles, config: Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        roles == Roles::ALL || config.engine.distributed.is_some(),
        "roles run apart on Kafka and Cassandra (kafka-brokers and cassandra-nodes are not set); `wattmap run` has \
         everything in one process without them"
    );
    // From the first moment on: whoever is told the address may already ask it to stop.
    let mut signals = Signals::listen()?;
    let (setting, listens) = if roles.serves {
        ("listen", Some(config.web.listen))
    } else {
        ("status-listen", config.web.status_listen)
    };
    let listener = match listens {
        Some(address) => Some(bind(setting, address).await?),
        None => None,
    };
    // A mistyped path leaves no empty data directory behind, and is said before anything is waited for.
    if let Some(path) = &config.web.geography {
        std::fs::metadata(path).with_context(|| format!("the geography {} can't be read", path.display()))?;
    }
    if let Some(holidays) = config.web.holidays.as_deref() {
        Holidays::of(Some(holidays), BRITISH_ZONE)?;
    }
    if let Some(path) = config.web.tariffs.as_deref() {
        tariffs::of(Some(path), BRITISH_ZONE)?;
    }
    say(&format!("wattmap {}: opening {} ...", env!("CARGO_PKG_VERSION"), what_opens(&config)));
    let starting = async {
        let opened = open_patiently(&config).await?;
        start(roles, config, opened, listener, Arc::new(SystemClock)).await
    };
    let running = tokio::select! {
        running = starting => running?,
        () = signals.asked_to_stop() => {
            // What a start does may be cut off anywhere: the next one does it again.
            say("Stopped before it served.");
            std::process::exit(0);
        }
    };
    introduce(roles, &running);
    if roles.simulates {
        tokio::spawn(tell_of_the_past(running.state.simulation.own_progress()));
    }
    let stop = running.stopper();
    tokio::spawn(async move {
        signals.asked_to_stop().await;
        say("Stopping: finishing what is under way ...");
        stop.cancel();
        tokio::select! {
            () = tokio::time::sleep(STOP_WITHIN) => {
                tracing::warn!("not everything ended in time; the next start goes on from the log");
                std::process::exit(0);
            }
            // Whoever asks twice means it.
            () = signals.interrupted() => std::process::exit(130),
        }
    });
    let ingestion = running.state.ingestion.clone();
    running.ended().await?;
    say(match ingestion.is_left_to_the_log() {
        false => "Stopped. Everything that was accepted is stored.",
        true => {
            "Stopped. Everything that was accepted is in the log; what the store did not take is decided again from it."
        }
    });
    Ok(())
}

fn what_opens(config: &Config) -> String {
    match &config.engine.distributed {
        None => config.engine.data.display().to_string(),
        Some(at) => {
            format!("Kafka at {}, Cassandra at {}", at.log.brokers.join(","), at.store.nodes.join(","))
        }
    }
}

/// Takes the port that a setting says.
async fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{setting} is {address}, which is taken by another program; allowed is another port, such as 0 for a free one"
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "{setting} is {address}, which needs rights that this user does not have; allowed are ports from 1024 up"
        ),
        ErrorKind::AddrNotAvailable => anyhow!(
            "{setting} is {address}, which is no address of this machine; allowed are those that it has, and 0.0.0.0 for all"
        ),
        _ => anyhow!(error).context(format!("{setting} is {address}, where nothing can listen")),
    })
}

fn introduce(roles: Roles, running: &Running) {
    let state = &running.state;
    let geography = &state.geography;
    let levels: Vec<String> =
        geography.levels().iter().map(|level| format!("{} {}", level.len(), level.names.plural)).collect();
    say(&format!("{}: {}.", geography.name(), levels.join(", ")));
    let simulated = state.config.simulation;
    if roles.simulates && simulated.homes > 0 {
        let unless =
            if state.config.engine.distributed.is_some() { ", unless another process has them" } else { "" };
        say(&format!(
            "{} simulated homes, with {} days of their past{unless}; --simulate 0 leaves them out.",
            simulated.homes, simulated.history_days
        ));
    }
    if !roles.serves {
        let at =
            running.address.map_or(String::new(), |at| format!(", says how it is at http://{at}/readyz"));
        return say(&format!("It runs{at} (Ctrl-C to stop)."));
    }
    if let Some(why) = crate::site::missing() {
        say(why);
    }
    if let Some(address) = running.address {
        say(&format!("The map is at http://{address}/ (Ctrl-C to stop)."));
    }
}

/// How much has arrived of what simulated homes used before they went live.
async fn tell_of_the_past(mut progress: watch::Receiver<SimulatorProgress>) {
    let mut past = Past::default();
    while progress.changed().await.is_ok() {
        let left = progress.borrow_and_update().history_left;
        if let Some(line) = past.told(left) {
            say(&line);
        }
    }
}

/// What was told of it.
#[derive(Default)]
struct Past {
    /// Readings that were left when it began to arrive.
    all: u64,
    /// And that were left when it was last looked.
    left: u64,
    /// How many parts of [`PARTS_OF_THE_PAST`] were told to be there.
    parts: u64,
}

const PARTS_OF_THE_PAST: u64 = 4;

impl Past {
    /// A line where there is something new to tell.
    fn told(&mut self, left: u64) -> Option<String> {
        let before = std::mem::replace(&mut self.left, left);
        // More homes, or a night without them: another past.
        if left > before {
            *self = Past { all: left, left, parts: 0 };
            return Some("Their past arrives, the newest day first ...".to_owned());
        }
        let parts = ((self.all - left) * PARTS_OF_THE_PAST).checked_div(self.all)?;
        if parts <= self.parts {
            return None;
        }
        self.parts = parts;
        Some(match parts {
            PARTS_OF_THE_PAST => "Their past is there.".to_owned(),
            parts => format!("  {} % of their past is there", 100 * parts / PARTS_OF_THE_PAST),
        })
    }
}

/// To whoever started it. A closed stdout is no reason to end.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_told_of_in_parts_and_once() {
        let mut past = Past::default();
        let mut told = |left| past.told(left).unwrap_or_default();
        let begins = "Their past arrives, the newest day first ...";
        assert_eq!([0, 0, 4000].map(&mut told), ["", "", begins]);
        assert_eq!([3999, 3000, 2999].map(&mut told), ["", "  25 % of their past is there", ""]);
        assert_eq!([900, 0, 0].map(&mut told), ["  75 % of their past is there", "Their past is there.", ""]);
        // Others bring one of their own, however little.
        assert_eq!([100, 0].map(&mut told), [begins, "Their past is there."]);
    }
}
