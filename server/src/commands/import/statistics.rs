//! `wattmap import statistics`

use std::collections::BTreeMap;

use import::{Content, Statistics, Trouble};
use metering::statistics::AreaStatistic;

use super::destination::Destination;
use super::options::StatisticsArgs;
use super::progress::Progress;
use super::report::{Counts, Rejects, Report, grouped};
use super::source::Source;

/// Figures of a file at most: every small area of a large country, for ten years.
const FIGURES_MAX: usize = 5_000_000;

/// Imports one file. Its figures take the place of former ones of the same areas and years.
pub(super) async fn import(
    args: &StatisticsArgs,
    source: Source,
    destination: &mut dyn Destination,
) -> anyhow::Result<Report> {
    source.format(args.common.format, Content::Statistics)?;
    let mut report = Report::new(source.name(), "figures", Counts::default());
    let mut rejects = Rejects::open(args.common.rejects.as_deref(), false)?;
    let (progress, path) = (Progress::of(&source), source.path.clone());
    let stopped = |error: import::ImportError| anyhow::anyhow!("{}: {error}", path.display());
    let mut by_year: BTreeMap<u16, Vec<AreaStatistic>> = BTreeMap::new();
    for item in Statistics::new(source.reader, args.year).map_err(&stopped)? {
        match item {
            Ok(statistic) => {
                report.counts.accepted += 1;
                by_year.entry(statistic.year).or_default().push(statistic);
            }
            Err(Trouble::Refused(problem)) => report.refused(&problem.into(), &mut rejects)?,
            Err(Trouble::Stopped(error)) => return Err(stopped(error)),
        }
        anyhow::ensure!(
            report.counts.accepted <= FIGURES_MAX as u64,
            "{} holds more than {FIGURES_MAX} figures",
            path.display()
        );
        progress.show(|| format!("{} figures", grouped(report.counts.accepted)));
    }
    for (year, statistics) in by_year {
        destination.statistics(year, statistics).await?;
    }
    rejects.flush()?;
    progress.end();
    Ok(report)
}

/// What came of a year's figures, as a sentence.
pub(super) fn note(year: u16, stored: &crate::statistics::Stored) -> String {
    let mut note = format!("{year}: figures of {} areas are stored", grouped(stored.areas as u64));
    if stored.not_on_the_map > 0 {
        let elsewhere = grouped(stored.not_on_the_map as u64);
        note.push_str(&format!("; {elsewhere} are of areas that are not on this map"));
    }
    note
}
