//! `wattmap import meters`

use import::{Content, Meters, ParsedMeter, Trouble};
use metering::door::MeterDraft;

use super::destination::Destination;
use super::options::MeterArgs;
use super::progress::Progress;
use super::report::{Counts, Refusal, Rejects, Report, grouped};
use super::source::Source;

/// Imports one file. Registering again is harmless, so there is nothing to resume.
pub(super) async fn import(
    args: &MeterArgs,
    source: Source,
    destination: &mut dyn Destination,
) -> anyhow::Result<Report> {
    let format = source.format(args.common.format, Content::Meters)?;
    let mut report = Report::new(source.name(), "meters", Counts::default());
    let mut rejects = Rejects::open(args.common.rejects.as_deref(), false)?;
    let (progress, path) = (Progress::of(&source), source.path.clone());
    let stopped = |error: import::ImportError| anyhow::anyhow!("{}: {error}", path.display());
    let mut batch: Vec<ParsedMeter> = Vec::new();
    for item in Meters::new(format, source.reader).map_err(&stopped)? {
        match item {
            Ok(meter) => batch.push(meter),
            Err(Trouble::Refused(problem)) => report.refused(&problem.into(), &mut rejects)?,
            Err(Trouble::Stopped(error)) => return Err(stopped(error)),
        }
        if batch.len() >= destination.batch() {
            send(&mut batch, destination, &mut report, &mut rejects).await?;
            progress.show(|| format!("{} meters", grouped(report.counts.accepted)));
        }
    }
    send(&mut batch, destination, &mut report, &mut rejects).await?;
    rejects.flush()?;
    progress.end();
    Ok(report)
}

async fn send(
    batch: &mut Vec<ParsedMeter>,
    destination: &mut dyn Destination,
    report: &mut Report,
    rejects: &mut Rejects,
) -> anyhow::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let (lines, drafts): (Vec<u64>, Vec<MeterDraft>) =
        batch.drain(..).map(|parsed| (parsed.line, parsed.draft)).unzip();
    let count = drafts.len() as u64;
    let refused = destination.meters(drafts).await?;
    report.counts.accepted += count - refused.len() as u64;
    for rejection in refused {
        let refusal = Refusal {
            line: lines.get(rejection.index as usize).copied().unwrap_or_default(),
            column: None,
            field: rejection.field.into_owned(),
            value: String::new(),
            code: rejection.code.into_owned(),
            message: rejection.message,
        };
        report.refused(&refusal, rejects)?;
    }
    Ok(())
}
