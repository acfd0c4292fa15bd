//! A row for each meter and week: `id,week,v1,v2,...`, a value for every interval of the week.
//!
//! A week is one of the ISO calendar, written `w44`. Its first value belongs to Monday 00:00 in the
//! zone's *standard* time, the others follow without a gap: so the weeks of a year join exactly, with
//! no hour lost or doubled where the clocks change. (A row has 672 quarter-hours; a week of local time in
//! which they change has 668 or 676, so it can't be local time.) How many values a row has decides how
//! long each lasts: 672 are quarter-hours, 336 half-hours.

use std::io::BufRead;

use jiff::civil::{ISOWeekDate, Weekday};
use jiff::tz::{Offset, TimeZone};
use metering::{Interval, MeterId, UtcSecond};

use crate::amount::{self, Unit};
use crate::lines::{Line, Lines};
use crate::options::ReadingOptions;
use crate::problem::{LineProblem, Reason, Rule, Trouble};
use crate::readings::{FieldNumbers, ParsedReading, interval, own_meter};
use crate::table::{Splitter, guess_delimiter, plain};

/// The year of the one published file of this kind, the Swiss households of the University of Bamberg:
/// it does not say its year; the survey that came with it was of 2018.
pub(crate) const DEFAULT_YEAR: i16 = 2018;

const A_WEEK_S: i64 = 7 * 86_400;
/// Fields before the values.
const BEFORE: usize = 2;

/// The readings of a matrix.
pub(crate) struct WeekMatrixReadings<R> {
    lines: Lines<R>,
    row: Splitter,
    began: bool,
    delimiter: Option<u8>,
    year: i16,
    zone: TimeZone,
    unit: Unit,
    meter: Option<MeterId>,
    /// The row whose values are being given out.
    current: Option<CurrentRow>,
    pub(crate) assumptions: Vec<String>,
}

struct CurrentRow {
    line: u64,
    meter: MeterId,
    monday: i64,
    duration_s: i64,
    next: usize,
}

impl<R: BufRead> WeekMatrixReadings<R> {
    pub(crate) fn new(reader: R, options: &ReadingOptions) -> Self {
        let mut assumptions = Vec::new();
        if options.year.is_none() {
            assumptions.push(format!("the file does not say its year: {DEFAULT_YEAR} (--year)"));
        }
        if options.time_zone.is_none() {
            assumptions.push("weeks begin on Monday 00:00 of Central European Time (--tz)".to_owned());
        }
        if options.unit.is_none() {
            assumptions.push("amounts are in kWh (--unit)".to_owned());
        }
        WeekMatrixReadings {
            lines: Lines::new(reader),
            row: Splitter::new(options.delimiter.unwrap_or(b',')),
            began: false,
            delimiter: options.delimiter,
            year: options.year.unwrap_or(DEFAULT_YEAR),
            zone: options.time_zone.clone().unwrap_or_else(|| TimeZone::fixed(jiff::tz::offset(1))),
            unit: options.unit.unwrap_or(Unit::KWh),
            meter: options.meter.clone(),
            current: None,
            assumptions,
        }
    }

    /// The next value, or what is wrong with it or with its row.
    pub(crate) fn next(&mut self) -> Option<Result<ParsedReading, Trouble>> {
        loop {
            if let Some(value) = self.next_value() {
                return Some(value);
            }
            match self.next_row() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(trouble) => return Some(Err(trouble)),
            }
        }
    }

    fn next_value(&mut self) -> Option<Result<ParsedReading, Trouble>> {
        let current = self.current.as_mut()?;
        let column = current.next;
        let Some(text) = self.row.get(column) else {
            self.current = None;
            return None;
        };
        current.next += 1;
        let start = current.monday + (column - BEFORE) as i64 * current.duration_s;
        let parsed = amount::parse(text, self.unit.scale()).and_then(|amount| {
            Ok(ParsedReading {
                meter: Some(current.meter.clone()),
                interval: interval(start, current.duration_s)?,
                energy: amount.energy,
                line: current.line,
                columns: FieldNumbers::of(column, column),
                rounded: amount.rounded,
            })
        });
        Some(parsed.map_err(|reason| {
            LineProblem::new(current.line, "energy", text, reason).in_column(column + 1).into()
        }))
    }

    /// Reads a row; false behind the last one.
    fn next_row(&mut self) -> Result<bool, Trouble> {
        loop {
            let (line, text) = match self.lines.next()? {
                None => return Ok(false),
                Some((_, Line::Refused(problem))) => return Err(problem.into()),
                Some((line, Line::Text(text))) => (line, text),
            };
            let first = !std::mem::replace(&mut self.began, true);
            if first && self.delimiter.is_none() {
                self.row = Splitter::new(guess_delimiter(text));
            }
            self.row.split(line, text)?;
            let is_header = first && self.row.get(1).is_some_and(|field| plain(field) == "week");
            if !is_header {
                self.current = Some(self.begin(line)?);
                return Ok(true);
            }
        }
    }

    /// What goes for all values of a row.
    fn begin(&self, line: u64) -> Result<CurrentRow, LineProblem> {
        let field = |index| self.row.get(index).unwrap_or_default();
        let refuse = |name: &str, value: &str, reason| LineProblem::new(line, name, value, reason);
        let meter = own_meter(field(0), self.meter.as_ref())
            .map_err(|reason| refuse("id", field(0), reason).in_column(1))?;
        let monday = monday(self.year, field(1), &self.zone)
            .map_err(|reason| refuse("week", field(1), reason).in_column(2))?;
        let values = self.row.len().saturating_sub(BEFORE) as i64;
        let duration_s = if values > 0 && A_WEEK_S % values == 0 { A_WEEK_S / values } else { 0 };
        if Interval::new(UtcSecond(0), duration_s).is_err() {
            let reason = Reason::new(
                Rule::WrongWidth,
                "values do not divide a week: 672 are quarter-hours, 336 half-hours, 168 hours",
            );
            return Err(refuse("row", &values.to_string(), reason));
        }
        Ok(CurrentRow { line, meter, monday, duration_s, next: BEFORE })
    }
}

/// Monday 00:00, in the zone's standard time, of a week such as `w44`.
fn monday(year: i16, text: &str, zone: &TimeZone) -> Result<i64, Reason> {
    let digits = text.strip_prefix(['w', 'W']).unwrap_or(text);
    let week = digits.parse::<i8>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    let date = week
        .and_then(|week| ISOWeekDate::new(year, week, Weekday::Monday).ok())
        .ok_or_else(|| Reason::new(Rule::BadWeek, format_args!("is not a week of {year}, such as w44")))?
        .date();
    standard_offset(zone, year)
        .to_timestamp(date.at(0, 0, 0, 0))
        .map(|instant| instant.as_second())
        .map_err(|error| Reason::new(Rule::BadWeek, error))
}

/// The offset of a zone when its clocks are not put forward.
fn standard_offset(zone: &TimeZone, year: i16) -> Offset {
    let on = |month| {
        let day = jiff::civil::Date::new(year, month, 1).unwrap_or_default();
        zone.to_ambiguous_timestamp(day.at(12, 0, 0, 0)).compatible().map(|noon| zone.to_offset(noon))
    };
    // Clocks go forward in summer, in the north and in the south: the smaller offset is the standard.
    match (on(1), on(7)) {
        (Ok(january), Ok(july)) => january.min(july),
        _ => Offset::UTC,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, options: &ReadingOptions) -> Vec<Result<ParsedReading, String>> {
        let mut readings = WeekMatrixReadings::new(text.as_bytes(), options);
        std::iter::from_fn(|| readings.next())
            .map(|item| item.map_err(|trouble| trouble.to_string()))
            .collect()
    }

    fn row(id: &str, week: &str, values: usize) -> String {
        format!("{id},{week}{}\n", ",0.25".repeat(values))
    }

    fn zone(name: &str) -> ReadingOptions {
        ReadingOptions {
            time_zone: Some(TimeZone::get(name).unwrap()),
            year: Some(2018),
            ..Default::default()
        }
    }

    #[test]
    fn weeks_begin_on_monday_and_join() {
        let text = row("7855756", "w44", 672) + &row("7855756", "w45", 672);
        let readings = read(&text, &ReadingOptions::default());
        assert_eq!(readings.len(), 1344);
        let starts: Vec<i64> = readings.iter().map(|r| r.as_ref().unwrap().interval.start().0).collect();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 900));
        let first = readings[0].as_ref().unwrap();
        assert_eq!(first.interval.start().to_string(), "2018-10-28T23:00:00Z");
        assert_eq!((first.line, first.columns.energy, first.energy.mwh()), (1, Some(3), 250_000));
        assert_eq!(readings[1343].as_ref().unwrap().columns.energy, Some(674));
    }

    #[test]
    fn weeks_of_a_clock_change_join_as_well() {
        // In 2018 the clocks of Zurich went back in week 43 and forward in week 12; those of Sydney in 14 and 40.
        for (name, weeks) in [
            ("Europe/Zurich", [42, 43, 44]),
            ("Europe/Zurich", [11, 12, 13]),
            ("Australia/Sydney", [13, 14, 15]),
        ] {
            let text: String = weeks.iter().map(|week| row("A", &format!("w{week}"), 336)).collect();
            let starts: Vec<i64> =
                read(&text, &zone(name)).iter().map(|r| r.as_ref().unwrap().interval.start().0).collect();
            assert_eq!(starts.len(), 3 * 336);
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 1800), "{name}");
        }
        let sydney = read(&row("A", "w2", 168), &zone("Australia/Sydney"));
        assert_eq!(sydney[0].as_ref().unwrap().interval.start().to_string(), "2018-01-07T14:00:00Z");
    }

    #[test]
    fn what_is_refused_says_where() {
        let check = |text: &str, expect: &str| {
            let readings = read(text, &ReadingOptions::default());
            let first = readings.iter().find_map(|item| item.as_ref().err());
            assert_eq!(first.map(String::as_str), Some(expect));
        };
        let good = row("A", "w44", 672);
        check(
            &good.replacen("0.25", "-6.37", 1),
            "line 1, column 3: energy \"-6.37\" is below zero (negative_energy)",
        );
        check(
            &(good.clone() + &good.replacen("0.25", "", 1)),
            "line 2, column 3: energy \"\" is no value (no_value)",
        );
        check(
            &row("A", "w53", 672),
            "line 1, column 2: week \"w53\" is not a week of 2018, such as w44 (bad_week)",
        );
        check(
            &row("A B", "w44", 672),
            "line 1, column 1: id \"A B\" contains ' '; allowed are A-Z a-z 0-9 and ._:- (bad_meter_id)",
        );
        check(
            &row("A", "w44", 671),
            "line 1: row \"671\" values do not divide a week: 672 are quarter-hours, 336 half-hours, 168 hours (wrong_width)",
        );
        // One bad value costs no other one.
        let readings = read(&good.replacen("0.25", "x", 1), &ReadingOptions::default());
        assert_eq!((readings.len(), readings.iter().filter(|item| item.is_ok()).count()), (672, 671));
    }

    #[test]
    fn a_header_is_passed_over() {
        let text = format!("VID,week{}\n", ",V".repeat(672)) + &row("A", "w44", 672);
        let readings = read(&text, &ReadingOptions::default());
        assert_eq!(readings.len(), 672);
        assert_eq!(readings[0].as_ref().unwrap().line, 2);
    }
}
