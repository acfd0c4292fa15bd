//! `wattmap import meters`

use import::{Content, Meters, ParsedMeter, Trouble};
use metering::door::MeterDraft;
use metering::numerals::grouped;

use super::destination::Destination;
use super::interrupt::Interrupt;
use super::options::MeterArgs;
use super::progress::Progress;
use super::report::{Counts, Refusal, Rejects, Report, stopped};
use super::source::Source;

/// How to go on after a stop.
const AGAIN: &str = "start it again when that is mended: what is registered twice counts once";

/// Imports one file. Registering again is harmless, so there is nothing to resume.
pub(super) async fn import(
    args: &MeterArgs,
    source: Source,
    destination: &mut dyn Destination,
    interrupt: &Interrupt,
) -> anyhow::Result<Report> {
    let format = source.format(args.common.format, Content::Meters)?;
    let (progress, path) = (Progress::of(&source), source.path.clone());
    let mut import = Import {
        report: Report::new(source.name(), "meters", Counts::default()),
        rejects: Rejects::open(args.common.rejects.as_deref(), false)?,
        batch: Vec::new(),
    };
    let meters =
        Meters::new(format, source.reader).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let outcome = import.all(meters, destination, &progress, interrupt).await;
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
    batch: Vec<ParsedMeter>,
}

impl Import {
    async fn all(
        &mut self,
        meters: impl Iterator<Item = Result<ParsedMeter, Trouble>>,
        destination: &mut dyn Destination,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        for item in meters {
            interrupt.check()?;
            match item {
                Ok(meter) => self.batch.push(meter),
                Err(Trouble::Refused(problem)) => self.report.refuse(problem.into()),
                // What came before is sound, and taken.
                Err(Trouble::Stopped(error)) => outcome = Err(error.into()),
            }
            if self.batch.len() + self.report.waiting() >= destination.batch() {
                self.send(destination, interrupt).await?;
                progress.show(|| format!("{} meters", grouped(self.report.counts.accepted)));
            }
        }
        self.send(destination, interrupt).await?;
        outcome
    }

    async fn send(&mut self, destination: &mut dyn Destination, interrupt: &Interrupt) -> anyhow::Result<()> {
        if self.batch.is_empty() {
            return self.report.settle(&mut self.rejects);
        }
        let (lines, drafts): (Vec<u64>, Vec<MeterDraft>) =
            self.batch.drain(..).map(|parsed| (parsed.line, parsed.draft)).unzip();
        let count = drafts.len() as u64;
        let refused = interrupt.unless(destination.meters(drafts)).await?;
        self.report.counts.accepted += count - refused.len() as u64;
        for rejection in refused {
            let line = lines.get(rejection.index as usize).copied().unwrap_or_default();
            self.report.refuse(Refusal::at(line, None, rejection));
        }
        self.report.settle(&mut self.rejects)
    }
}
