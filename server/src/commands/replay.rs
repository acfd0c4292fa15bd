//! `wattmap replay`: recomputes every aggregate from the stored readings into another edition, compares it with the one
//! in use, and puts it in use. Others may work meanwhile.

mod catch_up;
mod compared;
mod recompute;

use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;
use engine::InEdition;
use metering::numerals::grouped;

use super::engine::aggregation_of;
use crate::clock::{Clock, SystemClock};
use crate::commands::{remark, say};
use crate::config::Config;
use crate::editions::{Making, in_use};
use crate::engines::{Opened, first_whole_day, must_be_there, open};
use crate::roles::aggregate::{Aggregation, drain};
use catch_up::catch_up;
use compared::Compared;
use recompute::Recompute;

/// `wattmap replay ...`
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Only compare: nothing is written
    #[arg(long)]
    compare: bool,
    /// Write every difference into this file, as CSV; the terminal is told of the first twenty
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Runs it: exit 1 if any aggregate is not what the readings say. What is in the log and not yet aggregated is
/// aggregated first.
pub async fn run(args: ReplayArgs, config: Config) -> anyhow::Result<ExitCode> {
    must_be_there(&config)?;
    let opened = open(&config).await?;
    let outcome = replay(&args, &config, &opened).await;
    opened.close().await?;
    let compared = outcome?;
    Ok(if compared.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn replay(args: &ReplayArgs, config: &Config, opened: &Opened) -> anyhow::Result<Compared> {
    let aggregation = aggregation_of(opened, config).await?;
    let ports = &aggregation.ports;
    drain(aggregation.clone(), opened.ownership_of_command(), |_| ()).await?;
    let now = SystemClock.now();
    let days = first_whole_day(config, ports, now).await?..now.window().day();
    let compared = Compared::with_report(args.report.as_deref())?;
    if args.compare {
        let edition = in_use(ports.editions.as_ref()).await?;
        let compared = Recompute::of(ports, edition, days, compared).await?.all(None).await?;
        ensure!(
            in_use(ports.editions.as_ref()).await? == edition,
            "other aggregates were put in use meanwhile: compare again"
        );
        say(&compared)?;
        return Ok(compared);
    }
    if opened.is_shared() {
        remark(
            "making aggregates anew beside those in use; whatever another replay has left is removed first ...",
        );
    }
    let mut making = Making::begin(ports.editions.clone(), opened.is_shared()).await?;
    let compared = match make(&making, &aggregation, days, compared).await {
        Ok(compared) => compared,
        Err(error) => {
            // What is left is removed by the next one otherwise.
            let _ = making.give_up().await;
            return Err(error);
        }
    };
    making.put_in_use().await?;
    say(&compared)?;
    say(match compared.different {
        0 => "the recomputed aggregates are in use now, and nothing has changed".to_owned(),
        different => format!("the recomputed aggregates are in use now: {} are mended", grouped(different)),
    })?;
    if opened.is_shared() {
        remark("removing the former ones, when everybody has heard of it ...");
    }
    making.remove_left().await?;
    Ok(compared)
}

/// Everything in the new edition, as in the log by now.
async fn make(
    making: &Making,
    aggregation: &Aggregation,
    days: Range<i32>,
    compared: Compared,
) -> anyhow::Result<Compared> {
    let (ports, from, to) = (&aggregation.ports, making.from(), making.to());
    let written = ports.editions.pipeline(&InEdition::new(to));
    let compared = Recompute::of(ports, from, days, compared).await?.all(Some(written.as_ref())).await?;
    catch_up(aggregation, from, to).await?;
    Ok(compared)
}
