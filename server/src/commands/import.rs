//! `wattmap import`: files into the engine, or through a running server.
//!
//! What is taken is durable. An import that was interrupted goes on where it was when it is started again;
//! what it sends twice counts once. What is refused is reported with its line.

mod checkpoint;
mod client;
mod destination;
mod direct;
mod dry;
mod geography;
mod interrupt;
mod meters;
mod options;
mod progress;
mod readings;
mod report;
mod source;
mod statistics;
mod through_server;

use std::process::ExitCode;

use anyhow::Context;

pub use options::ImportArgs;

use destination::Destination;
use direct::Direct;
use dry::Dry;
use interrupt::Interrupt;
use metering::door::Rules;
use options::{Common, What};
use source::Source;
use through_server::ThroughServer;

use crate::clock::{Clock, SystemClock};
use crate::commands::{remark, say};
use crate::config::Config;

/// The exit code of `--strict` where something was refused; 2 is that of a wrong command line.
const SOME_REFUSED: u8 = 3;

/// What a server decides later, and whoever sends readings by name alone may not think of.
const UNREGISTERED: &str = "readings count once their meter is registered there (wattmap import meters, or --area); \
     what came before that is kept as dead letters, which can be redriven";

/// What is said where counting could not be waited for.
const UNCOUNTED: &str = "what was taken is durable; what of it is not counted yet, the next start counts";

/// Runs it. Fails if a file could not be read to its end, or if nothing of a file could be used.
pub async fn run(args: ImportArgs, config: Config) -> anyhow::Result<ExitCode> {
    let common = match &args.what {
        What::Geography(args) => return geography::import(args, &config).await,
        What::Meters(args) => &args.common,
        What::Statistics(args) => &args.common,
        What::Readings(args) => {
            args.reading_options().check()?;
            &args.common
        }
    };
    // A file that is not there is said before anything is opened that takes time.
    let sources: Vec<Source> =
        common.files.iter().map(|file| Source::open(file)).collect::<Result<_, _>>()?;
    let mut destination = destination(common, &config).await?;
    let interrupt = Interrupt::listen()?;
    let outcome = import_all(&args.what, sources, destination.as_mut(), &config, &interrupt).await;
    // What was taken before a failure is counted, too; whoever is in a hurry leaves that to the next start.
    let notes = interrupt.unless(destination.finish()).await;
    let told = outcome?;
    let notes = if interrupt.is_asked() { notes.context(UNCOUNTED)? } else { notes? };
    for note in notes {
        say(note)?;
    }
    if let What::Readings(args) = &args.what
        && args.is_decided_elsewhere()
    {
        remark(UNREGISTERED);
    }
    Ok(match told {
        Told { useless: true, .. } => ExitCode::FAILURE,
        Told { refused: true, .. } if common.strict => ExitCode::from(SOME_REFUSED),
        Told { .. } => ExitCode::SUCCESS,
    })
}

async fn destination(common: &Common, config: &Config) -> anyhow::Result<Box<dyn Destination>> {
    Ok(match common.through.server_and_key() {
        Some((url, key)) => {
            let patience = common.through.patience;
            Box::new(ThroughServer::new(url, key.to_owned(), patience, common.dry_run)?)
        }
        _ if common.dry_run => Box::new(Dry::open(config).await?),
        _ => Box::new(Direct::open(config).await?),
    })
}

/// What the exit code tells of the files.
#[derive(Debug, Default)]
struct Told {
    /// One of them had nothing but what was refused.
    useless: bool,
    /// Something was refused.
    refused: bool,
}

/// Imports one file after the other.
async fn import_all(
    what: &What,
    sources: Vec<Source>,
    destination: &mut dyn Destination,
    config: &Config,
    interrupt: &Interrupt,
) -> anyhow::Result<Told> {
    let limits = config.door;
    let rules = || Rules {
        now: SystemClock.now(),
        future_tolerance_s: limits.future_tolerance_s,
        retention_s: limits.retention_s,
        batch: limits.batch,
    };
    let mut told = Told::default();
    for source in sources {
        let report = match what {
            What::Meters(args) => meters::import(args, source, destination, interrupt).await?,
            What::Readings(args) => readings::import(args, source, destination, &rules, interrupt).await?,
            What::Statistics(args) => statistics::import(args, source, destination, interrupt).await?,
            What::Geography(_) => continue,
        };
        say(&report)?;
        let refused = report.counts.refused_in_all() > 0;
        told.refused |= refused;
        told.useless |= refused && report.counts.accepted == 0;
    }
    Ok(told)
}
