//! `wattmap import readings`

use std::collections::HashSet;

use engine::crash_point;
use import::{Content, FieldNumbers, ParsedReading, Readings, Trouble};
use metering::door::{DraftPlace, MeterDraft, Rules};
use metering::numerals::grouped;
use metering::{Dwelling, MeterId, Reading};

use super::checkpoint::Checkpoint;
use super::destination::Destination;
use super::interrupt::Interrupt;
use super::options::ReadingArgs;
use super::progress::Progress;
use super::report::{Counts, Refusal, Rejects, Report, stopped};
use super::source::Source;
use crate::commands::remark;

/// Values between two notes of how far the import is: about a second's work.
const NOTE_EVERY: u64 = 100_000;

/// Meters of a file that can be registered on the way; each is remembered.
const METERS_MAX: usize = 1_000_000;

/// How to go on after a stop.
const AGAIN: &str = "what was accepted is kept; the same command goes on behind it";

/// Where a reading stands in its file.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: u64,
    columns: FieldNumbers,
    rounded: bool,
}

/// What goes into the destination together.
#[derive(Default)]
struct Batch {
    registrations: Vec<MeterDraft>,
    readings: Vec<Reading>,
    places: Vec<Place>,
}

/// Imports one file.
pub(super) async fn import(
    args: &ReadingArgs,
    source: Source,
    destination: &mut dyn Destination,
    rules: &dyn Fn() -> Rules,
    interrupt: &Interrupt,
) -> anyhow::Result<Report> {
    let format = source.format(args.format(), Content::Readings)?;
    let identity = source.identity(&format!("{format} {:?} {:?}", args.reading_options(), args.area));
    let resumed = destination.resume(&identity).await?;
    let passed_over = resumed.as_ref().map_or(0, |checkpoint| checkpoint.done);
    if let Some(checkpoint) = &resumed {
        remark(format_args!("{}: going on after {} values", checkpoint.file, grouped(checkpoint.done)));
    }
    let counts = resumed.map(|one| one.counts).unwrap_or_default();
    let mut import = Import {
        args,
        interrupt,
        report: Report::new(source.name(), "readings", counts.clone()),
        rejects: Rejects::open(args.common.rejects.as_deref(), passed_over > 0)?,
        batch: Batch::default(),
        registered: HashSet::new(),
        identity,
        done: 0,
        kept: Kept { done: passed_over, counts },
        noted: passed_over,
    };
    let (progress, path) = (Progress::of(&source), source.path.clone());
    let mut readings = Readings::new(format, source.reader, &args.reading_options())
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let outcome = import.all(&mut readings, destination, rules, &progress).await;
    progress.end();
    import.report.assumes(readings.assumptions());
    if let Err(error) = outcome {
        if import.kept.done > passed_over {
            // Where it can't be noted, what was taken is sent again: slower, and harmless.
            let _ = import.note(destination).await;
        }
        import.report.counts = import.kept.counts;
        return Err(stopped(&path, &error, &import.report, args.common.to_go_on(AGAIN)));
    }
    destination.note(&import.identity, None).await?;
    Ok(import.report)
}

/// An import under way.
struct Import<'a> {
    args: &'a ReadingArgs,
    interrupt: &'a Interrupt,
    report: Report,
    rejects: Rejects,
    batch: Batch,
    registered: HashSet<MeterId>,
    identity: String,
    /// Values that were dealt with, or are in the batch.
    done: u64,
    /// How far everything was dealt with when the last batch was taken.
    kept: Kept,
    /// How many values the last checkpoint has.
    noted: u64,
}

/// What a stop leaves behind.
struct Kept {
    done: u64,
    counts: Counts,
}

impl Import<'_> {
    /// Reads the file to its end, behind what was dealt with before.
    async fn all(
        &mut self,
        readings: impl Iterator<Item = Result<ParsedReading, Trouble>>,
        destination: &mut dyn Destination,
        rules: &dyn Fn() -> Rules,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let passed_over = self.kept.done;
        let mut outcome = Ok(());
        for item in readings {
            self.interrupt.check()?;
            self.done += 1;
            if self.done <= passed_over {
                continue;
            }
            match item {
                Ok(reading) => self.take(reading)?,
                Err(Trouble::Refused(problem)) => self.report.refuse(problem.into()),
                // What came before is kept: it is sound, and the next run goes on behind it.
                Err(Trouble::Stopped(error)) => {
                    self.done -= 1;
                    outcome = Err(error.into());
                }
            }
            if self.batch.readings.len() + self.report.waiting() >= destination.batch() {
                self.send(destination, rules).await?;
                progress.show(|| format!("{} readings", grouped(self.report.counts.accepted)));
            }
        }
        self.send(destination, rules).await?;
        self.rejects.flush()?;
        outcome
    }

    fn take(&mut self, parsed: ParsedReading) -> anyhow::Result<()> {
        let place = Place { line: parsed.line, columns: parsed.columns, rounded: parsed.rounded };
        let Some(reading) = parsed.into_reading(None) else {
            anyhow::bail!("it names no meter: say whose it is with --meter ID");
        };
        if let Some(area) = &self.args.area
            && !self.registered.contains(&reading.meter)
        {
            anyhow::ensure!(
                self.registered.len() < METERS_MAX,
                "more than {METERS_MAX} meters can't be registered on the way: use wattmap import meters"
            );
            self.registered.insert(reading.meter.clone());
            self.batch.registrations.push(MeterDraft {
                meter: reading.meter.clone(),
                place: DraftPlace::Area(area.clone()),
                dwelling: Dwelling::default(),
            });
        }
        self.batch.readings.push(reading);
        self.batch.places.push(place);
        Ok(())
    }

    fn report_file(&self) -> String {
        let files = &self.args.common.files;
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Has the batch judged by the door's rules, and taken.
    async fn send(
        &mut self,
        destination: &mut dyn Destination,
        rules: &dyn Fn() -> Rules,
    ) -> anyhow::Result<()> {
        let Batch { registrations, readings, places } = std::mem::take(&mut self.batch);
        if !registrations.is_empty() {
            let refused = self.interrupt.unless(destination.meters(registrations)).await?;
            if let Some(first) = refused.first() {
                anyhow::bail!("the meters can't be registered in {}: {}", self.area(), first.message);
            }
        }
        if !readings.is_empty() {
            let judged = metering::door::judge(readings, &rules());
            let (kept, readings): (Vec<usize>, Vec<Reading>) =
                judged.accepted.into_iter().map(|(index, reading)| (index as usize, reading)).unzip();
            let refused_there = self.interrupt.unless(destination.readings(readings)).await?;
            let elsewhere: HashSet<usize> =
                refused_there.iter().filter_map(|one| kept.get(one.index as usize).copied()).collect();
            let taken = || kept.iter().filter(|index| !elsewhere.contains(*index));
            self.report.counts.accepted += taken().count() as u64;
            self.report.counts.rounded += taken().filter(|&&index| places[index].rounded).count() as u64;
            let there =
                refused_there.into_iter().filter_map(|one| Some((*kept.get(one.index as usize)?, one)));
            let here = judged.rejected.into_iter().map(|one| (one.index as usize, one));
            for (index, rejection) in here.chain(there) {
                let Place { line, columns, .. } = places[index];
                let column = columns.named(&rejection.field);
                self.report.refuse(Refusal::at(line, column, rejection));
            }
        }
        self.report.settle(&mut self.rejects)?;
        self.kept = Kept { done: self.done, counts: self.report.counts.clone() };
        if self.done - self.noted >= NOTE_EVERY {
            self.note(destination).await?;
        }
        Ok(())
    }

    fn area(&self) -> &str {
        self.args.area.as_ref().map_or("", |area| area.as_str())
    }

    /// Notes how far the import is; all that is counted is durable by now.
    async fn note(&mut self, destination: &mut dyn Destination) -> anyhow::Result<()> {
        self.rejects.flush()?;
        let Kept { done, counts } = &self.kept;
        let checkpoint = Checkpoint { file: self.report_file(), done: *done, counts: counts.clone() };
        self.noted = *done;
        destination.note(&self.identity, Some(&checkpoint)).await?;
        crash_point("import-noted");
        Ok(())
    }
}
