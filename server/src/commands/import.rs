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
mod meters;
mod options;
mod progress;
mod readings;
mod report;
mod source;
mod statistics;
mod through_server;

use std::process::ExitCode;

pub use options::ImportArgs;

use destination::Destination;
use direct::Direct;
use dry::Dry;
use metering::door::Rules;
use options::{Common, What};
use source::Source;
use through_server::ThroughServer;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;

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
    let outcome = import_all(&args.what, sources, destination.as_mut(), &config).await;
    // What was taken before a failure is counted, too.
    let notes = destination.finish().await;
    let useful = outcome?;
    for note in notes? {
        println!("{note}");
    }
    Ok(if useful { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn destination(common: &Common, config: &Config) -> anyhow::Result<Box<dyn Destination>> {
    Ok(match (&common.server, &common.key) {
        _ if common.dry_run => Box::new(Dry),
        (Some(url), Some(key)) => Box::new(ThroughServer::new(url, key.clone())?),
        _ => Box::new(Direct::open(config).await?),
    })
}

/// Imports one file after the other; false if one of them had nothing but what was refused.
async fn import_all(
    what: &What,
    sources: Vec<Source>,
    destination: &mut dyn Destination,
    config: &Config,
) -> anyhow::Result<bool> {
    let limits = config.door;
    let rules = || Rules {
        now: SystemClock.now(),
        future_tolerance_s: limits.future_tolerance_s,
        retention_s: limits.retention_s,
        batch: limits.batch,
    };
    let mut useful = true;
    for source in sources {
        let report = match what {
            What::Meters(args) => meters::import(args, source, destination).await?,
            What::Readings(args) => readings::import(args, source, destination, &rules).await?,
            What::Statistics(args) => statistics::import(args, source, destination).await?,
            What::Geography(_) => continue,
        };
        println!("{report}");
        useful &= report.counts.accepted > 0 || report.counts.refused_in_all() == 0;
    }
    Ok(useful)
}
