//! `wattmap replay`: recomputes every aggregate from the stored readings into another edition, compares it with the one
//! in use, and puts it in use. Others may work meanwhile.

mod catch_up;
mod compared;
mod recompute;

use std::ops::Range;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use engine::{InEdition, PipelineStore};
use metering::numerals::grouped;

use super::engine::aggregation_of;
use crate::clock::{Clock, SystemClock};
use crate::commands::{remark, say};
use crate::config::Config;
use crate::editions::Making;
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
    drain(aggregation.clone(), opened.ownership_of_command(), |_| ()).await?;
    let now = SystemClock.now();
    let days = first_whole_day(config, now)..now.window().day();
    if args.compare {
        let compared = Recompute::of(&aggregation, days).await?.all(None).await?;
        say(&compared)?;
        return Ok(compared);
    }
    let making = Making::begin(aggregation.ports.editions.clone()).await?;
    let made = make(&making, &aggregation, days).await;
    if made.is_err() {
        // What is left is removed by the next one.
        let _ = making.give_up().await;
    }
    let compared = made?;
    making.put_in_use().await?;
    say(&compared)?;
    say(match compared.different {
        0 => "the recomputed aggregates are in use now, and nothing has changed".to_owned(),
        different => format!("the recomputed aggregates are in use now: {} are mended", grouped(different)),
    })?;
    if opened.is_shared() {
        remark("removing the former ones, when everybody has heard of it ...");
    }
    making.remove_former(opened.is_shared()).await?;
    Ok(compared)
}

/// Everything in the new edition, as in the log by now.
async fn make(making: &Making, aggregation: &Aggregation, days: Range<i32>) -> anyhow::Result<Compared> {
    let to: Arc<dyn PipelineStore> = making.editions().pipeline(&InEdition::new(making.to));
    let compared = Recompute::of(aggregation, days).await?.all(Some(to.as_ref())).await?;
    catch_up(aggregation, making.to).await?;
    Ok(compared)
}
