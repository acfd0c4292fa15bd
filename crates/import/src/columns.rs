//! Tables with a column for the time and one for the energy. Low Carbon London's files and the
//! two-column `start,value` files are such tables, about which a little more is known.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::BufRead;

use metering::{Interval, MeterId, UtcSecond};

use crate::amount::{self, Unit};
use crate::clock::{Clock, ClockError, Stamp};
use crate::lines::{Line, Lines};
use crate::options::ReadingOptions;
use crate::problem::{ImportError, LineProblem, Reason, Rule, Trouble};
use crate::readings::{FieldNumbers, ParsedReading, interval, own_meter};
use crate::recognise::Format;
use crate::table::{Header, Splitter, guess_delimiter, plain};

/// Plain names of columns that hold the time a reading starts, the surest first.
pub(crate) const START: &[&str] = &[
    "start",
    "tstp",
    "starttime",
    "startdatetime",
    "starttimestamp",
    "intervalstart",
    "periodstart",
    "from",
    "datetime",
    "datetimeutc",
    "timestamp",
    "timestamputc",
    "readingdatetime",
    "datetimelocal",
    "localtime",
    "time",
];
/// Those that hold the time it ends.
pub(crate) const END: &[&str] =
    &["end", "endtime", "enddatetime", "endtimestamp", "intervalend", "periodend", "to", "readingend"];
/// Those that hold the energy.
pub(crate) const ENERGY: &[&str] = &[
    "energywh",
    "energymwh",
    "energykwh",
    "energykwhhh",
    "kwhhhperhalfhour",
    "kwhhh",
    "kwh",
    "wh",
    "consumptionkwh",
    "consumptionwh",
    "usagekwh",
    "usagewh",
    "importkwh",
    "energy",
    "consumption",
    "usage",
    "value",
];
const METER: &[&str] = &["meterid", "meter", "lclid", "mpan", "nmi", "householdid", "meteringpoint", "vid"];
const DURATION: &[&str] = &["durations", "duration", "durationseconds", "intervallength"];

/// Lines, and bytes of them, that are looked at to tell how long a reading lasts: a file that is sorted by
/// time has a line of every meter before one of them comes again.
const LOOKED_AT: usize = 5000;
const LOOKED_AT_BYTES: usize = 1 << 20;

/// Where things stand in a row.
#[derive(Debug)]
struct Layout {
    time: usize,
    energy: usize,
    meter: Option<usize>,
    duration: Duration,
    unit: Unit,
    stamp: Stamp,
}

#[derive(Debug, Clone, Copy)]
enum Duration {
    Fixed(i64),
    InColumn(usize),
    /// The column that holds the end.
    UntilColumn(usize),
    /// To be seen from the first lines.
    Unknown,
}

/// The readings of a table.
pub(crate) struct ColumnReadings<R> {
    lines: Lines<R>,
    row: Splitter,
    header: Header,
    layout: Layout,
    clock: Clock,
    meter: Option<MeterId>,
    decimal_comma: bool,
    /// Lines that were looked at already.
    ahead: VecDeque<(u64, Result<String, LineProblem>)>,
    /// What ended the look at them; it comes after them.
    broken: Option<ImportError>,
    assumptions: Vec<String>,
}

impl<R: BufRead> ColumnReadings<R> {
    /// Reads the header, and as much as it takes to know how to read the rest.
    pub(crate) fn new(format: Format, reader: R, options: &ReadingOptions) -> Result<Self, ImportError> {
        let mut lines = Lines::new(reader);
        let (line, first) = match lines.next()?.ok_or(ImportError::Empty)? {
            (line, Line::Text(text)) => (line, text.to_owned()),
            (line, Line::Refused(_)) => {
                return Err(Header { line, names: Vec::new() }.lacks("the time", "--start-column"));
            }
        };
        let mut row = Splitter::new(options.delimiter.unwrap_or_else(|| guess_delimiter(&first)));
        if row.split(line, &first).is_err() {
            return Err(Header { line, names: vec![first] }.lacks("the time", "--start-column"));
        }
        let header = Header::new(line, &row)?;
        let mut assumptions = Vec::new();
        let layout = layout(format, &header, options, &mut assumptions)?;
        let mut zone = options.time_zone.clone();
        if zone.is_none() && matches!(format, Format::LowCarbonLondon | Format::StartValue) {
            zone = Some(jiff::tz::TimeZone::UTC);
            assumptions.push("times without an offset are UTC, all year (--tz)".to_owned());
        }
        let clock = Clock::new(zone, options.time_format.clone(), layout.stamp);
        let mut readings = ColumnReadings {
            lines,
            row,
            header,
            layout,
            clock,
            meter: options.meter.clone(),
            decimal_comma: options.decimal_comma,
            ahead: VecDeque::new(),
            broken: None,
            assumptions,
        };
        if let Duration::Unknown = readings.layout.duration {
            readings.look_ahead()?;
        }
        Ok(readings)
    }

    /// What was taken for granted so far.
    pub(crate) fn assumptions(&self) -> Vec<String> {
        let in_doubt = match self.clock.in_doubt() {
            0 => None,
            1 => Some("1 local time".to_owned()),
            count => Some(format!("{count} local times")),
        };
        let in_doubt = in_doubt.map(|times| {
            format!(
                "{times} of an hour that comes twice, when clocks go back, found here once: the first of the two, in a \
                 file that runs backwards the last (times with offsets leave no doubt)"
            )
        });
        self.assumptions.iter().cloned().chain(in_doubt).collect()
    }

    /// Tells from the first lines how long a reading lasts: the step between two of a meter that is there
    /// most often; of equals, the shortest. So neither a gap nor one odd line misleads.
    fn look_ahead(&mut self) -> Result<(), ImportError> {
        let mut bytes = 0;
        while self.ahead.len() < LOOKED_AT && bytes < LOOKED_AT_BYTES {
            let (line, content) = match self.lines.next() {
                Ok(Some(next)) => next,
                Ok(None) => break,
                // What came before it is sound, and is read first.
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            };
            let content = match content {
                Line::Text(text) => Ok(text.to_owned()),
                Line::Refused(problem) => Err(problem),
            };
            bytes += content.as_ref().map_or(0, String::len);
            self.ahead.push_back((line, content));
        }
        // What is only looked at must leave no trace in the clock.
        let mut clock = self.clock.clone();
        let mut last: HashMap<Option<MeterId>, i64> = HashMap::new();
        let mut steps: BTreeMap<i64, u32> = BTreeMap::new();
        for (line, content) in &self.ahead {
            let Ok(text) = content else { continue };
            if self.row.split(*line, text).is_err() {
                continue;
            }
            let Some(time) = self.row.get(self.layout.time) else { continue };
            let meter = self
                .layout
                .meter
                .and_then(|column| self.row.get(column))
                .and_then(|m| MeterId::parse(m).ok());
            let second = match clock.instant(time, meter.as_ref()) {
                Ok(instant) => instant.0,
                Err(ClockError::Refused(_)) => continue,
                Err(ClockError::NoTimeZone) => {
                    return Err(ImportError::NoTimeZone {
                        line: *line,
                        value: time.chars().take(40).collect(),
                    });
                }
            };
            if let Some(before) = last.insert(meter, second).filter(|&before| before != second) {
                *steps.entry((second - before).abs()).or_default() += 1;
            }
        }
        let (step, _) = (steps.into_iter().max_by_key(|&(step, count)| (count, -step))).ok_or_else(|| {
            let unknown = || ImportError::UnknownDuration { saw: "no two times of one meter".to_owned() };
            self.broken.take().unwrap_or_else(unknown)
        })?;
        if Interval::new(UtcSecond(0), step).is_err() {
            let saw = format!("the usual step between two times is {step} s");
            return Err(ImportError::UnknownDuration { saw });
        }
        self.assumptions.push(format!("a reading lasts {step} s, as the first lines show (--duration)"));
        self.layout.duration = Duration::Fixed(step);
        Ok(())
    }

    /// The next reading, or what is wrong with the next line.
    pub(crate) fn next(&mut self) -> Option<Result<ParsedReading, Trouble>> {
        if let Some((line, content)) = self.ahead.pop_front() {
            let split = content.and_then(|text| self.row.split(line, &text));
            return Some(split.map_err(Trouble::from).and_then(|()| self.reading(line)));
        }
        if let Some(error) = self.broken.take() {
            return Some(Err(Trouble::Stopped(error)));
        }
        match self.lines.next() {
            Err(error) => Some(Err(Trouble::Stopped(error))),
            Ok(None) => None,
            Ok(Some((_, Line::Refused(problem)))) => Some(Err(problem.into())),
            Ok(Some((line, Line::Text(text)))) => {
                let split = self.row.split(line, text).map_err(Trouble::from);
                Some(split.and_then(|()| self.reading(line)))
            }
        }
    }

    fn reading(&mut self, line: u64) -> Result<ParsedReading, Trouble> {
        let (row, header) = (&self.row, &self.header);
        header.holds(line, row)?;
        let name = |column: usize| header.names.get(column).map_or("", String::as_str);
        let refuse = |column: usize, reason: Reason| {
            let value = row.get(column).unwrap_or_default();
            LineProblem::new(line, name(column), value, reason).in_column(column + 1)
        };
        let field = |column: usize| {
            row.get(column).ok_or_else(|| {
                refuse(
                    column,
                    Reason::new(
                        Rule::MissingField,
                        format_args!("is missing: the row ends after {} fields", row.len()),
                    ),
                )
            })
        };
        let meter = match self.layout.meter {
            None => self.meter.clone(),
            Some(column) => Some(
                own_meter(field(column)?, self.meter.as_ref()).map_err(|reason| refuse(column, reason))?,
            ),
        };
        // The energy first: a row without a value often has a time off the beat, and the value is why.
        let energy_column = self.layout.energy;
        let text = field(energy_column)?;
        let amount = match self.decimal_comma {
            true => amount::parse(&text.replacen(',', ".", 1), self.layout.unit.scale()),
            false => amount::parse(text, self.layout.unit.scale()),
        }
        .map_err(|reason| refuse(energy_column, reason))?;

        let clock = &mut self.clock;
        let mut instant = |column: usize| -> Result<i64, Trouble> {
            let text = field(column)?;
            clock.instant(text, meter.as_ref()).map(|at| at.0).map_err(|error| match error {
                ClockError::Refused(reason) => refuse(column, reason).into(),
                ClockError::NoTimeZone => {
                    ImportError::NoTimeZone { line, value: text.chars().take(40).collect() }.into()
                }
            })
        };
        let time_column = self.layout.time;
        let stamp = instant(time_column)?;
        let (duration_column, duration) = match self.layout.duration {
            Duration::Fixed(seconds) => (time_column, seconds),
            Duration::Unknown => (time_column, 0),
            Duration::UntilColumn(column) => (column, instant(column)? - stamp),
            Duration::InColumn(column) => {
                let seconds = field(column)?.parse().map_err(|_| {
                    refuse(column, Reason::new(Rule::BadDuration, "is not a whole number of seconds"))
                })?;
                (column, seconds)
            }
        };
        let start = match self.layout.stamp {
            Stamp::Start => stamp,
            Stamp::End => stamp.saturating_sub(duration),
        };
        let interval = interval(start, duration).map_err(|reason| {
            refuse(if reason.code == Rule::BadDuration { duration_column } else { time_column }, reason)
        })?;
        Ok(ParsedReading {
            meter,
            interval,
            energy: amount.energy,
            line,
            columns: FieldNumbers::of(time_column, energy_column),
            rounded: amount.rounded,
        })
    }
}

/// Finds the columns, by their names or by what the user said of them.
fn layout(
    format: Format,
    header: &Header,
    options: &ReadingOptions,
    assumptions: &mut Vec<String>,
) -> Result<Layout, ImportError> {
    let columns = &options.columns;
    let named = |name: &Option<String>, option| match name {
        Some(name) => header.named(name, option).map(Some),
        None => Ok(None),
    };
    let mut stamp = options.stamp.unwrap_or_default();
    let end = header.find(END);
    let time = match named(&columns.start, "--start-column")?.or_else(|| header.find(START)) {
        Some(column) => column,
        None => {
            // A table that holds only the ends says so by its column's name.
            let column = end.ok_or_else(|| header.lacks("the time", "--start-column"))?;
            stamp = options.stamp.unwrap_or(Stamp::End);
            column
        }
    };
    let energy = named(&columns.energy, "--energy-column")?
        .or_else(|| header.find(ENERGY))
        .ok_or_else(|| header.lacks("the energy", "--energy-column"))?;
    let meter = named(&columns.meter, "--meter-column")?.or_else(|| header.find(METER));
    if format == Format::Columns && (columns.start.is_none() || columns.energy.is_none()) {
        let says = |column: usize| &header.names[column];
        assumptions.push(format!("the time is in column {:?}, the energy in {:?}", says(time), says(energy)));
    }
    let duration = match (options.duration_s, named(&columns.duration, "--duration-column")?) {
        (Some(seconds), _) => Duration::Fixed(seconds),
        (None, Some(column)) => Duration::InColumn(column),
        (None, None) if format == Format::LowCarbonLondon => Duration::Fixed(1800),
        (None, None) => match (header.find(DURATION), end) {
            (Some(column), _) => Duration::InColumn(column),
            (None, Some(end)) if end != time && stamp == Stamp::Start => Duration::UntilColumn(end),
            _ => Duration::Unknown,
        },
    };
    Ok(Layout {
        time,
        energy,
        meter,
        duration,
        unit: unit(format, header, energy, options, assumptions)?,
        stamp,
    })
}

fn unit(
    format: Format,
    header: &Header,
    energy: usize,
    options: &ReadingOptions,
    assumptions: &mut Vec<String>,
) -> Result<Unit, ImportError> {
    if let Some(unit) = options.unit {
        return Ok(unit);
    }
    let name = plain(&header.names[energy]);
    if name.contains("kwh") {
        return Ok(Unit::KWh);
    }
    // By itself `mwh` may be thousandths of a watt-hour or millions of them; these columns are wattmap's own.
    if name == "energymwh" && header.find(&["durations"]).is_some() {
        assumptions.push(format!("column {:?} is in thousandths of a Wh (--unit)", header.names[energy]));
        return Ok(Unit::MilliWh);
    }
    if name.contains("wh") && !name.contains("mwh") {
        return Ok(Unit::Wh);
    }
    if matches!(format, Format::LowCarbonLondon | Format::StartValue) {
        assumptions.push("amounts are in kWh (--unit)".to_owned());
        return Ok(Unit::KWh);
    }
    Err(ImportError::UnknownUnit { column: header.names[energy].clone() })
}
