//! Readings of a file, whatever its format.

use std::io::BufRead;

use metering::time::IntervalError;
use metering::{Energy, Interval, MeterId, Reading, UtcSecond};

use crate::columns::ColumnReadings;
use crate::green_button::GreenButtonReadings;
use crate::options::ReadingOptions;
use crate::problem::{ImportError, Reason, Rule, Trouble};
use crate::recognise::{Content, Format};
use crate::week_matrix::WeekMatrixReadings;

/// A reading as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedReading {
    /// Whose, if the file or the options say so.
    pub meter: Option<MeterId>,
    /// When.
    pub interval: Interval,
    /// How much, to the mWh.
    pub energy: Energy,
    /// The line it stands in, from 1.
    pub line: u64,
    /// Where in it.
    pub columns: FieldNumbers,
    /// Whether the file's value was finer than a mWh.
    pub rounded: bool,
}

/// Numbers of fields in a line, from 1; none where a format has no fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldNumbers {
    /// That of the time.
    pub start: Option<u32>,
    /// That of the energy.
    pub energy: Option<u32>,
}

impl FieldNumbers {
    /// Of fields counted from 0.
    pub(crate) fn of(start: usize, energy: usize) -> Self {
        let number = |field: usize| u32::try_from(field + 1).ok();
        FieldNumbers { start: number(start), energy: number(energy) }
    }

    /// That of the field that a reading has under this name at the door.
    pub fn named(self, field: &str) -> Option<u32> {
        match field {
            "start" => self.start,
            "energy_wh" => self.energy,
            _ => None,
        }
    }
}

impl ParsedReading {
    /// As the domain's reading, of the meter that the file or else `meter` names.
    pub fn into_reading(self, meter: Option<&MeterId>) -> Option<Reading> {
        let meter = self.meter.or_else(|| meter.cloned())?;
        Some(Reading { meter, interval: self.interval, energy: self.energy })
    }
}

/// The readings of a file, one after the other, in memory that does not grow with the file. After
/// [`Trouble::Stopped`] there are no more.
pub struct Readings<R> {
    source: Source<R>,
    stopped: bool,
}

enum Source<R> {
    Columns(Box<ColumnReadings<R>>),
    GreenButton(Box<GreenButtonReadings<R>>),
    WeekMatrix(Box<WeekMatrixReadings<R>>),
}

impl<R: BufRead> Readings<R> {
    /// Begins to read. Tables' headers are read here already, so what is wrong with them is said here.
    pub fn new(format: Format, reader: R, options: &ReadingOptions) -> Result<Self, ImportError> {
        options.check()?;
        let source = match format {
            Format::LowCarbonLondon | Format::StartValue | Format::Columns => {
                Source::Columns(Box::new(ColumnReadings::new(format, reader, options)?))
            }
            Format::GreenButton => Source::GreenButton(Box::new(GreenButtonReadings::new(reader, options))),
            Format::WeekMatrix => Source::WeekMatrix(Box::new(WeekMatrixReadings::new(reader, options))),
            Format::Statistics | Format::MetersTable | Format::MetersJson | Format::GeoJson => {
                return Err(wrong_content(format, Content::Readings));
            }
        };
        Ok(Readings { source, stopped: false })
    }

    /// What was taken for granted about the file, in sentences that name the option to say otherwise.
    /// All that is known when everything was read.
    pub fn assumptions(&self) -> Vec<String> {
        match &self.source {
            Source::Columns(source) => source.assumptions(),
            Source::GreenButton(_) => Vec::new(),
            Source::WeekMatrix(source) => source.assumptions.clone(),
        }
    }
}

impl<R: BufRead> Iterator for Readings<R> {
    type Item = Result<ParsedReading, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        let next = match &mut self.source {
            Source::Columns(source) => source.next(),
            Source::GreenButton(source) => source.next(),
            Source::WeekMatrix(source) => source.next(),
        };
        self.stopped = matches!(next, None | Some(Err(Trouble::Stopped(_))));
        next
    }
}

/// That a file is for another command.
pub(crate) fn wrong_content(format: Format, wanted: Content) -> ImportError {
    ImportError::BadOption {
        option: "--format",
        value: format.to_string(),
        rule: match (wanted, format.content()) {
            (_, Content::Readings) => "holds readings: wattmap import readings",
            (_, Content::Meters) => "holds meters: wattmap import meters",
            (_, Content::Statistics) => "holds statistics: wattmap import statistics",
            (_, Content::Geography) => "holds a geography: wattmap import geography",
        },
    }
}

/// The rules of an interval, as reasons.
pub(crate) fn interval(start: i64, duration_s: i64) -> Result<Interval, Reason> {
    Interval::new(UtcSecond(start), duration_s).map_err(|error| {
        let rule = match error {
            IntervalError::Duration(_) => Rule::BadDuration,
            IntervalError::Misaligned { .. } => Rule::Misaligned,
            IntervalError::OutOfRange => Rule::BadStart,
        };
        match error {
            IntervalError::Duration(seconds) => Reason::new(
                rule,
                format_args!(
                    "makes a reading of {seconds} s; allowed are the divisors of 1800 from 10 up, and 3600"
                ),
            ),
            other => Reason::new(rule, other),
        }
    })
}

/// The meter of a row that has a field for it; an empty one is filled from the options.
pub(crate) fn own_meter(text: &str, fallback: Option<&MeterId>) -> Result<MeterId, Reason> {
    match fallback {
        Some(meter) if text.is_empty() => Ok(meter.clone()),
        _ => MeterId::parse(text).map_err(|error| Reason::new(Rule::BadMeterId, error)),
    }
}
