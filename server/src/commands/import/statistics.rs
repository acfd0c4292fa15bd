//! `wattmap import statistics`

use std::collections::BTreeMap;

use import::{Content, ParsedStatistic, Statistics, Trouble};
use metering::AreaCode;
use metering::door::{Code, Rejection};
use metering::numerals::grouped;
use metering::statistics::{AreaStatistic, YearStatistics};

use super::destination::Destination;
use super::interrupt::Interrupt;
use super::options::StatisticsArgs;
use super::progress::Progress;
use super::report::{Counts, Refusal, Rejects, Report, stopped};
use super::source::Source;

/// Figures of a file at most: every small area of a large country, for ten years.
const FIGURES_MAX: usize = 5_000_000;

/// Refused lines that are remembered at once.
const REFUSED_TOGETHER: usize = 10_000;

/// How to go on after a stop.
const AGAIN: &str =
    "start it again when that is mended: figures take the place of those of the same area and year";

/// Figures by year, each with its line.
type ByYear = BTreeMap<u16, (Vec<u64>, Vec<AreaStatistic>)>;

/// Imports one file. Its figures take the place of former ones of the same areas and years.
pub(super) async fn import(
    args: &StatisticsArgs,
    source: Source,
    destination: &mut dyn Destination,
    interrupt: &Interrupt,
) -> anyhow::Result<Report> {
    source.format(args.common.format, Content::Statistics)?;
    let (progress, path) = (Progress::of(&source), source.path.clone());
    let mut import = Import {
        report: Report::new(source.name(), "figures", Counts::default()),
        rejects: Rejects::open(args.common.rejects.as_deref(), false)?,
    };
    let statistics = Statistics::new(source.reader, args.year)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let attribution = args.attribution.as_deref();
    let outcome = import.all(statistics, attribution, destination, &progress, interrupt).await;
    progress.end();
    import.report.settle(&mut import.rejects)?;
    import.rejects.flush()?;
    outcome.map_err(|error| stopped(&path, &error, &import.report, args.common.to_go_on(AGAIN)))?;
    Ok(import.report)
}

/// An import under way.
struct Import {
    report: Report,
    rejects: Rejects,
}

impl Import {
    /// All is read before anything is taken: a file that is cut off leaves no half of a year.
    async fn all(
        &mut self,
        statistics: impl Iterator<Item = Result<ParsedStatistic, Trouble>>,
        attribution: Option<&str>,
        destination: &mut dyn Destination,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> anyhow::Result<()> {
        let (mut by_year, mut count) = (ByYear::new(), 0);
        for item in statistics {
            interrupt.check()?;
            match item {
                Ok(ParsedStatistic { line, statistic }) => {
                    count += 1;
                    let (lines, figures) = by_year.entry(statistic.year).or_default();
                    lines.push(line);
                    figures.push(statistic);
                }
                Err(Trouble::Refused(problem)) => self.report.refuse(problem.into()),
                Err(Trouble::Stopped(error)) => return Err(error.into()),
            }
            if self.report.waiting() >= REFUSED_TOGETHER {
                self.report.settle(&mut self.rejects)?;
            }
            anyhow::ensure!(count <= FIGURES_MAX, "it holds more than {FIGURES_MAX} figures");
            progress.show(|| format!("{} figures", grouped(count as u64)));
        }
        for (year, (lines, figures)) in by_year {
            let statistics = YearStatistics { attribution: attribution.map(str::to_owned), figures };
            let refused = interrupt.unless(destination.statistics(year, statistics)).await?;
            self.report.counts.accepted += (lines.len() - refused.len()) as u64;
            for rejection in refused {
                let line = lines.get(rejection.index as usize).copied().unwrap_or_default();
                self.report.refuse(Refusal::at(line, None, rejection));
            }
        }
        Ok(())
    }
}

/// The figures whose areas the map does not have, as refusals. `areas` is their areas as they came.
pub(super) fn of_unknown_areas(areas: &[AreaCode], unknown: &[AreaCode]) -> Vec<Rejection> {
    let unknown: std::collections::HashSet<&AreaCode> = unknown.iter().collect();
    let refused = (0..).zip(areas).filter(|(_, area)| unknown.contains(area));
    let rejection = |(index, area): (u32, &AreaCode)| Rejection {
        index,
        code: Code::UnknownArea.into(),
        field: "area".into(),
        message: format!("area {area} is not on the map"),
    };
    refused.map(rejection).collect()
}

/// What came of a year's figures, as a sentence.
pub(super) fn note(year: u16, stored: &crate::statistics::Stored) -> String {
    format!("{year}: figures of {} areas are stored", grouped(stored.areas as u64))
}
