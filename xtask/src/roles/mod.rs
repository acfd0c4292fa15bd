//! `cargo xtask run --engines`: the roles as processes of their own, on Kafka and Cassandra.

mod arguments;
mod process;

use std::process::Command;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use self::arguments::Arguments;
use self::process::Process;
use crate::{binary, command, engines, say};

pub(crate) use self::arguments::{HELP, asks_for_engines, asks_for_help};

/// How the roles are called in the common log.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ROLES.iter().map(|role| role.name)
}

/// What runs, in the order in which it is started. Two aggregate, so that what is only right for one is seen.
const ROLES: [Role; 4] = [
    Role { name: "serve", command: "serve" },
    Role { name: "aggregate-1", command: "aggregate" },
    Role { name: "aggregate-2", command: "aggregate" },
    Role { name: "simulate", command: "simulate" },
];
/// The order in which they are stopped: whoever sends before whoever receives.
const STOPPED: [&str; 3] = ["simulate", "serve", "aggregate"];
/// How long one may take to stop; the contract of `wattmap`.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

struct Role {
    name: &'static str,
    command: &'static str,
}

/// Starts everything, waits for a signal, stops what was started.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::parse(arguments)?;
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => binary::release()?,
    };
    let up = engines::ensure_up(arguments.nodes, arguments.of_tests)?;
    let addresses = up.addresses();
    let copies = arguments.nodes.to_string();
    let wattmap = |command: &str| {
        let mut wattmap =
            if command == "serve" { Command::new(&binary) } else { command::behind_pages(&binary) };
        wattmap.arg(command).args(&arguments.passed_on).envs(addresses.iter().map(|(name, at)| (name, at)));
        wattmap
            .envs(["WATTMAP_KAFKA_REPLICATION", "WATTMAP_CASSANDRA_REPLICATION"].map(|name| (name, &copies)));
        wattmap
    };
    let outcome =
        say::step("wattmap migrate", || command::run(&mut wattmap("migrate"), "see what it says above"))
            .and_then(|()| {
                let addresses: Vec<String> =
                    addresses.iter().map(|(name, at)| format!("{name}={at}")).collect();
                say::detail(format!(
                    "for commands beside it: {} {} ...",
                    addresses.join(" "),
                    binary.display()
                ));
                supervise(&arguments, wattmap)
            });
    if arguments.keep_engines {
        say::detail("Kafka and Cassandra stay up; `cargo xtask engines down` stops them");
        return outcome;
    }
    up.stop_what_was_started()?;
    outcome
}

fn supervise(arguments: &Arguments, wattmap: impl Fn(&str) -> Command) -> Result<()> {
    // From now on a signal is ours to pass on.
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals can't be waited for")?;
    let mut running = Vec::new();
    let outcome = start(arguments, wattmap, &mut running).and_then(|()| wait(&mut running, &mut signals));
    stop(&mut running, &mut signals)?;
    outcome
}

fn start(arguments: &Arguments, wattmap: impl Fn(&str) -> Command, running: &mut Vec<Process>) -> Result<()> {
    for (number, role) in ROLES.iter().enumerate() {
        let mut command = wattmap(role.command);
        if role.command != "serve"
            && let Some(address) = arguments.status_of(number as u16 - 1)
        {
            command.args(["--status-listen", &address.to_string()]);
        }
        say::detail(format!("starting {}: {}", role.name, command::line(&command)));
        running.push(Process::start(role.name, command)?);
    }
    Ok(())
}

/// Until a signal comes, or a role ends by itself, which none should.
fn wait(running: &mut [Process], signals: &mut Signals) -> Result<()> {
    loop {
        if signals.pending().next().is_some() {
            return Ok(());
        }
        for process in running.iter_mut() {
            if let Some(status) = process.ended()? {
                bail!("{} ended by itself ({status}); all others were stopped", process.name());
            }
        }
        sleep(LOOK_EVERY);
    }
}

/// Stops those who send, then those who receive. Whoever asks a second time means at once.
fn stop(running: &mut [Process], signals: &mut Signals) -> Result<()> {
    let mut at_once = false;
    for role in STOPPED {
        let mut stopping: Vec<&mut Process> =
            running.iter_mut().filter(|process| process.name().starts_with(role)).collect();
        for process in &mut stopping {
            process.signal(Signal::TERM)?;
        }
        let until = Instant::now() + STOPPED_WITHIN;
        for process in stopping {
            while process.ended()?.is_none() && !at_once && Instant::now() < until {
                at_once |= signals.pending().next().is_some();
                sleep(LOOK_EVERY);
            }
            let status = match process.ended()? {
                Some(status) => status,
                None => process.kill()?,
            };
            say::detail(format!("{} ended ({status})", process.name()));
        }
    }
    Ok(())
}

/// The width of the longest name.
fn width() -> usize {
    static WIDTH: OnceLock<usize> = OnceLock::new();
    *WIDTH.get_or_init(|| ROLES.iter().map(|role| role.name.len()).max().unwrap_or(0))
}
