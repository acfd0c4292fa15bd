//! What a comparison came to.

use std::fmt;

use metering::aggregate::Totals;
use metering::numerals::grouped;
use metering::{AreaCode, Window};

use crate::commands::say;

/// Differences that are told in full.
const TOLD: u64 = 20;

/// What was compared, and how much of it differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) days: u32,
    pub(super) readings: u64,
    pub(super) places: u64,
    pub(super) different: u64,
    /// Days that are older than their readings.
    pub(super) carried_over: u32,
}

impl Compared {
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
        }
        Ok(())
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared { days, readings, places, different, carried_over } = self;
        let (readings, places) = (grouped(*readings), grouped(*places));
        write!(
            f,
            "{readings} readings of {days} days recomputed; {places} aggregates compared, {different} differ"
        )?;
        match carried_over {
            0 => Ok(()),
            days => write!(f, "; {days} days are past the retention of their readings, and stay as they are"),
        }
    }
}

fn describe(totals: Totals) -> String {
    let Totals { energy, meters, meter_seconds } = totals;
    format!("{} mWh of {meters} meters over {meter_seconds} s", energy.mwh())
}
