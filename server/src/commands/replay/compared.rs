//! What a comparison came to.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use metering::aggregate::Totals;
use metering::numerals::grouped;
use metering::{AreaCode, Window};

use crate::commands::say;

/// Differences that are told in full on the terminal.
const TOLD: u64 = 20;

/// The columns of a report.
const COLUMNS: &str = "area,start,stored_mwh,stored_meters,stored_meter_seconds,readings_mwh,readings_meters,readings_meter_seconds";

/// What was compared, and how much of it differs.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) days: u32,
    pub(super) readings: u64,
    pub(super) places: u64,
    pub(super) different: u64,
    /// Days that are older than their readings.
    pub(super) carried_over: u32,
    /// Where every difference is written.
    report: Option<BufWriter<File>>,
}

impl Compared {
    /// Nothing yet. Differences are written to a file as well, which must not be there yet.
    pub(super) fn with_report(report: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = report else { return Ok(Compared::default()) };
        let told = || format!("the report {} can't be written", path.display());
        let mut report = BufWriter::new(File::create_new(path).with_context(told)?);
        writeln!(report, "{COLUMNS}").with_context(told)?;
        Ok(Compared { report: Some(report), ..Compared::default() })
    }

    /// All of the report is in its file.
    pub(super) fn reported(mut self) -> anyhow::Result<Self> {
        if let Some(report) = &mut self.report {
            report.flush().context("the report can't be written")?;
        }
        Ok(self)
    }

    /// One place: what is stored of it, and what the readings say.
    pub(super) fn note(
        &mut self,
        area: &AreaCode,
        window: Window,
        stored: Totals,
        expected: Totals,
    ) -> anyhow::Result<()> {
        if stored == Totals::default() && expected == Totals::default() {
            return Ok(());
        }
        self.places += 1;
        if stored != expected {
            self.different += 1;
            if self.different <= TOLD {
                let (start, stored, expected) = (window.start(), describe(stored), describe(expected));
                say(format_args!("{area} {start}: stored {stored}, the readings say {expected}"))?;
            }
            if let Some(report) = &mut self.report {
                let (stored, expected) = (columns(stored), columns(expected));
                writeln!(report, "{area},{},{stored},{expected}", window.start())
                    .context("the report can't be written")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared { days, readings, places, different, carried_over, report } = self;
        let (readings, places) = (grouped(*readings), grouped(*places));
        write!(
            f,
            "{readings} readings of {days} days recomputed; {places} aggregates compared, {different} differ"
        )?;
        if *different > TOLD && report.is_none() {
            write!(f, ", of which the first {TOLD} are told above: --report FILE takes all")?;
        }
        match carried_over {
            0 => Ok(()),
            days => write!(f, "; {days} days are past the retention of their readings, and stay as they are"),
        }
    }
}

fn columns(totals: Totals) -> String {
    let Totals { energy, meters, meter_seconds } = totals;
    format!("{},{meters},{meter_seconds}", energy.mwh())
}

fn describe(totals: Totals) -> String {
    let Totals { energy, meters, meter_seconds } = totals;
    format!("{} mWh of {meters} meters over {meter_seconds} s", energy.mwh())
}
