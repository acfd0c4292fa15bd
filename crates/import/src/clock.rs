//! Times as files write them, made into instants.
//!
//! A time with an offset is an instant. One without is local time of a zone, and there a clock change
//! makes two kinds of trouble:
//! - the hour that is skipped in spring: such a time is refused, nothing happened then. (Where stamps
//!   are ends, the first skipped time is the instant of the change: the last interval ends there.)
//! - the hour that comes twice in autumn: which of the two is meant follows from the order of the file,
//!   meter by meter. The first time such a time stands there it is the first occurrence (summer time);
//!   once that would not come after what went before, it is the second. In a file that runs backwards it
//!   is the other way round. What stands there once is taken for what comes first in the file, and that is told.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use metering::{MeterId, UtcSecond};

use crate::problem::{Reason, Rule};

/// What a file's times are stamps of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stamp {
    /// The reading covers what follows the time.
    #[default]
    Start,
    /// The reading covers what precedes the time.
    End,
}

impl Stamp {
    /// From an option.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "start" => Some(Stamp::Start),
            "end" => Some(Stamp::End),
            _ => None,
        }
    }
}

/// Why a text is no instant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ClockError {
    /// This one.
    Refused(Reason),
    /// None in this file: they have no offset, and no zone was given.
    NoTimeZone,
}

/// Meters whose doubled hour is remembered at most. With more than these between one row and the next
/// of the same meter, the hour is taken for its first occurrence.
const MOST_REMEMBERED: usize = 1_000_000;

/// Reads a file's times, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    zone: Option<TimeZone>,
    /// As `strptime` takes it; without one, ISO 8601 in its usual forms.
    format: Option<String>,
    stamp: Stamp,
    /// The last unambiguous instant, to tell which way the file runs.
    last: Option<i64>,
    backwards: bool,
    /// What each meter had of the doubled hour that ends at `doubled_at`.
    doubled: HashMap<Option<MeterId>, Doubled>,
    doubled_at: i64,
    /// Times of former doubled hours that stood there once.
    once_before: u64,
}

/// What a meter had of a doubled hour.
#[derive(Debug, Clone, Copy)]
struct Doubled {
    /// The instant chosen last.
    last: i64,
    /// Times that stood there once so far.
    once: u64,
}

impl Clock {
    pub(crate) fn new(zone: Option<TimeZone>, format: Option<String>, stamp: Stamp) -> Self {
        Clock {
            zone,
            format,
            stamp,
            last: None,
            backwards: false,
            doubled: HashMap::new(),
            doubled_at: 0,
            once_before: 0,
        }
    }

    /// The instant that a text names, where `meter` says whose row it stands in.
    pub(crate) fn instant(&mut self, text: &str, meter: Option<&MeterId>) -> Result<UtcSecond, ClockError> {
        let second = match self.parse(text).map_err(ClockError::Refused)? {
            Written::Instant(second) => second,
            Written::Local(local) => return self.resolve(local, meter),
        };
        self.passed(second);
        Ok(UtcSecond(second))
    }

    fn parse(&self, text: &str) -> Result<Written, Reason> {
        match &self.format {
            Some(format) => parse_as(format, text),
            None => parse_iso(text),
        }
    }

    fn resolve(&mut self, local: DateTime, meter: Option<&MeterId>) -> Result<UtcSecond, ClockError> {
        let zone = self.zone.as_ref().ok_or(ClockError::NoTimeZone)?;
        let at = |offset: Offset| offset.to_timestamp(local).map(Timestamp::as_second).map_err(|_| unknown());
        let second = match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset).map_err(ClockError::Refused)?,
            AmbiguousOffset::Gap { before, .. } => {
                let change = at(before).map_err(ClockError::Refused)?;
                if self.stamp == Stamp::Start || !is_first_skipped(zone, local, change) {
                    let reason = "does not exist: the clocks went forward over it";
                    return Err(ClockError::Refused(Reason::new(Rule::NonexistentTime, reason)));
                }
                change
            }
            AmbiguousOffset::Fold { before, after } => {
                let first = at(before).map_err(ClockError::Refused)?;
                let second = at(after).map_err(ClockError::Refused)?;
                return Ok(UtcSecond(self.choose(first, second, meter)));
            }
        };
        self.passed(second);
        Ok(UtcSecond(second))
    }

    /// Which of the two instants a doubled time is, by what its meter's rows said so far.
    fn choose(&mut self, first: i64, second: i64, meter: Option<&MeterId>) -> i64 {
        const A_DAY: i64 = 86_400;
        if (first - self.doubled_at).abs() > A_DAY || self.doubled.len() >= MOST_REMEMBERED {
            self.once_before = self.in_doubt();
            self.doubled.clear();
            self.doubled_at = first;
        }
        let held = self.doubled.get(&meter.cloned()).copied();
        let before = held.map(|held| held.last);
        let chosen = match (self.backwards, before) {
            (false, Some(before)) if first <= before => second,
            (false, _) => first,
            (true, Some(before)) if second >= before => first,
            (true, _) => second,
        };
        let once = held.map_or(0, |held| held.once);
        let is_once = chosen == if self.backwards { second } else { first };
        let once = match is_once {
            true => once + 1,
            // A row that stands there again says nothing new.
            false if before == Some(chosen) => once,
            // Whoever comes back to the hour has it twice.
            false => once.saturating_sub(1),
        };
        self.doubled.insert(meter.cloned(), Doubled { last: chosen, once });
        chosen
    }

    /// Times that could have been either of two instants, and of which the file had one alone.
    pub(crate) fn in_doubt(&self) -> u64 {
        self.once_before + self.doubled.values().map(|held| held.once).sum::<u64>()
    }

    /// Takes note of an instant about which there is no doubt.
    fn passed(&mut self, second: i64) {
        if let Some(last) = self.last.replace(second).filter(|&last| last != second) {
            self.backwards = second < last;
        }
    }
}

enum Written {
    Instant(i64),
    Local(DateTime),
}

fn unknown() -> Reason {
    Reason::new(Rule::BadStart, "is not a time, such as 2026-11-22T10:00:00Z or 2026-11-22 10:00")
}

/// ISO 8601, or RFC 3339, or either with a blank for the `T`; with its offset or without.
fn parse_iso(text: &str) -> Result<Written, Reason> {
    if let Ok(instant) = UtcSecond::parse(text) {
        return Ok(Written::Instant(instant.0));
    }
    let pieces = Pieces::parse(text).map_err(|_| {
        if text.contains('/') {
            let hint = "may be day or month first: say which with --time-format, such as \"%d/%m/%Y %H:%M\"";
            return Reason::new(Rule::BadStart, hint);
        }
        unknown()
    })?;
    if pieces.time_zone_annotation().is_some() {
        return Err(unknown());
    }
    let time = pieces.time().ok_or_else(|| Reason::new(Rule::BadStart, "has no time of day"))?;
    let local = pieces.date().to_datetime(time);
    written(local, pieces.to_numeric_offset())
}

/// A time in a format that the user gave.
fn parse_as(format: &str, text: &str) -> Result<Written, Reason> {
    let unlike = || Reason::new(Rule::BadStart, format_args!("is not of the form {format:?}"));
    let parsed = BrokenDownTime::parse(format, text).map_err(|_| unlike())?;
    // Seconds since 1970 are an instant by themselves; a local time may have an offset beside it.
    if let Ok(instant) = parsed.to_timestamp() {
        return whole(instant.subsec_nanosecond()).map(|()| Written::Instant(instant.as_second()));
    }
    written(parsed.to_datetime().map_err(|_| unlike())?, parsed.offset())
}

fn written(local: DateTime, offset: Option<Offset>) -> Result<Written, Reason> {
    whole(local.subsec_nanosecond())?;
    match offset {
        Some(offset) => match offset.to_timestamp(local) {
            Ok(instant) => Ok(Written::Instant(instant.as_second())),
            Err(_) => Err(unknown()),
        },
        None => Ok(Written::Local(local)),
    }
}

fn whole(nanoseconds: i32) -> Result<(), Reason> {
    match nanoseconds {
        0 => Ok(()),
        _ => Err(Reason::new(Rule::BadStart, "is not in whole seconds")),
    }
}

/// Whether a skipped local time is the very one at which the clocks went forward.
fn is_first_skipped(zone: &TimeZone, local: DateTime, change: i64) -> bool {
    let second_before = Timestamp::from_second(change - 1).map(|instant| zone.to_datetime(instant));
    matches!((second_before, local.checked_sub(jiff::SignedDuration::from_secs(1))),
        (Ok(shown), Ok(expected)) if shown == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: &str, stamp: Stamp) -> Clock {
        Clock::new(Some(TimeZone::get(zone).unwrap()), None, stamp)
    }

    fn check(clock: &mut Clock, rows: &[(&str, &str)]) {
        for (text, expect) in rows {
            let got = match clock.instant(text, None) {
                Ok(instant) => instant.to_string(),
                Err(ClockError::Refused(reason)) => reason.code.to_string(),
                Err(ClockError::NoTimeZone) => "no zone".to_string(),
            };
            assert_eq!(&got, expect, "{text}");
        }
    }

    #[test]
    fn forms() {
        let utc = "2012-10-12T00:30:00Z";
        check(
            &mut clock("UTC", Stamp::Start),
            &[
                ("2012-10-12 00:30:00", utc),
                ("2012-10-12 00:30:00.0000000", utc),
                ("2012-10-12 00:30", utc),
                ("2012-10-12T00:30", utc),
                ("2012-10-12T01:30:00+01:00", utc),
                ("2012-10-12 01:30:00+01:00", utc),
                ("2012-10-12 01:30:00+0100", utc),
                ("2012-10-12 00:30:00Z", utc),
                ("2012-10-12 00:30:00.5", "bad_start"),
                ("2012-10-12", "bad_start"),
                ("2012-10-12 24:00", "bad_start"),
                ("12/10/2012 00:30", "bad_start"),
                ("2012-13-12 00:30", "bad_start"),
                ("2012-10-12T00:30:00Z[Europe/London]", "bad_start"),
                ("", "bad_start"),
                ("1349998200", "bad_start"),
            ],
        );
        check(&mut Clock::new(None, None, Stamp::Start), &[("2012-10-12 00:30", "no zone")]);
    }

    #[test]
    fn formats() {
        let formatted = |format: &str, rows: &[(&str, &str)]| {
            let zone = TimeZone::get("Europe/London").unwrap();
            check(&mut Clock::new(Some(zone), Some(format.to_string()), Stamp::Start), rows);
        };
        formatted("%d/%m/%Y %H:%M", &[("12/10/2012 01:30", "2012-10-12T00:30:00Z"), ("2012", "bad_start")]);
        formatted("%Y%m%d%H%M%S %z", &[("20121012013000 +0200", "2012-10-11T23:30:00Z")]);
        formatted("%s", &[("1350001800", "2012-10-12T00:30:00Z"), ("x", "bad_start")]);
        formatted("%q", &[("12", "bad_start")]);
    }

    #[test]
    fn the_skipped_hour_in_london_and_sydney() {
        check(
            &mut clock("Europe/London", Stamp::Start),
            &[
                ("2013-03-31 00:30", "2013-03-31T00:30:00Z"),
                ("2013-03-31 01:00", "nonexistent_time"),
                ("2013-03-31 01:30", "nonexistent_time"),
                ("2013-03-31 02:00", "2013-03-31T01:00:00Z"),
            ],
        );
        check(
            &mut clock("Australia/Sydney", Stamp::Start),
            &[
                ("2013-10-06 01:30", "2013-10-05T15:30:00Z"),
                ("2013-10-06 02:30", "nonexistent_time"),
                ("2013-10-06 03:00", "2013-10-05T16:00:00Z"),
            ],
        );
        // The half-hour before the change ends at the change, whichever way its end is written.
        check(
            &mut clock("Europe/London", Stamp::End),
            &[
                ("2013-03-31 01:00", "2013-03-31T01:00:00Z"),
                ("2013-03-31 02:00", "2013-03-31T01:00:00Z"),
                ("2013-03-31 01:30", "nonexistent_time"),
            ],
        );
    }

    #[test]
    fn the_doubled_hour_in_london_and_sydney() {
        let london = [
            ("2013-10-27 00:30", "2013-10-26T23:30:00Z"),
            ("2013-10-27 01:00", "2013-10-27T00:00:00Z"),
            ("2013-10-27 01:30", "2013-10-27T00:30:00Z"),
            ("2013-10-27 01:00", "2013-10-27T01:00:00Z"),
            ("2013-10-27 01:30", "2013-10-27T01:30:00Z"),
            ("2013-10-27 02:00", "2013-10-27T02:00:00Z"),
        ];
        check(&mut clock("Europe/London", Stamp::Start), &london);
        let mut backwards = vec![("2013-10-27 02:30", "2013-10-27T02:30:00Z")];
        backwards.extend(london.iter().rev());
        check(&mut clock("Europe/London", Stamp::Start), &backwards);
        check(
            &mut clock("Australia/Sydney", Stamp::Start),
            &[
                ("2013-04-07 01:30", "2013-04-06T14:30:00Z"),
                ("2013-04-07 02:00", "2013-04-06T15:00:00Z"),
                ("2013-04-07 02:30", "2013-04-06T15:30:00Z"),
                ("2013-04-07 02:00", "2013-04-06T16:00:00Z"),
                ("2013-04-07 02:30", "2013-04-06T16:30:00Z"),
                ("2013-04-07 03:00", "2013-04-06T17:00:00Z"),
                // Half a year later nothing is left of it.
                ("2014-04-06 02:00", "2014-04-05T15:00:00Z"),
            ],
        );
        // With its offset no time is in doubt.
        check(
            &mut clock("Europe/London", Stamp::Start),
            &[
                ("2013-10-27 01:30+00:00", "2013-10-27T01:30:00Z"),
                ("2013-10-27 01:30+01:00", "2013-10-27T00:30:00Z"),
            ],
        );
    }

    #[test]
    fn a_doubled_time_that_stands_there_once_is_told() {
        let in_doubt = |rows: &[&str]| {
            let mut clock = clock("Europe/London", Stamp::Start);
            for text in rows {
                clock.instant(text, None).unwrap();
            }
            clock.in_doubt()
        };
        let whole = [
            "2013-10-27 00:30",
            "2013-10-27 01:00",
            "2013-10-27 01:30",
            "2013-10-27 01:00",
            "2013-10-27 01:30",
        ];
        assert_eq!(in_doubt(&whole), 0);
        assert_eq!(in_doubt(&whole[..3]), 2);
        assert_eq!(in_doubt(&whole[..4]), 1);
        let mut backwards = vec!["2013-10-27 02:30", "2013-10-27 02:00"];
        backwards.extend(whole.iter().rev());
        assert_eq!(in_doubt(&backwards), 0);
        assert_eq!(in_doubt(&backwards[..3]), 1);
        assert_eq!(in_doubt(&["2013-10-27 01:30+00:00", "2013-10-26 01:30"]), 0);
        let years = ["2013-10-27 01:30", "2014-10-26 01:30", "2014-10-26 01:30", "2014-10-26 01:30"];
        assert_eq!(in_doubt(&years), 1);
        let (a, b) = (MeterId::parse("A").unwrap(), MeterId::parse("B").unwrap());
        let mut clock = clock("Europe/London", Stamp::Start);
        for (text, meter) in [(whole[1], &a), (whole[1], &b), (whole[1], &a), (whole[1], &a)] {
            clock.instant(text, Some(meter)).unwrap();
        }
        assert_eq!(clock.in_doubt(), 1, "another meter's rows leave no less doubt");
    }

    #[test]
    fn the_doubled_hour_is_each_meters_own() {
        let (a, b) = (MeterId::parse("A").unwrap(), MeterId::parse("B").unwrap());
        let mut clock = clock("Europe/London", Stamp::Start);
        let mut at = |text, meter| clock.instant(text, Some(meter)).unwrap().to_string();
        // Sorted by time, meters in turn.
        assert_eq!(at("2013-10-27 01:00", &a), "2013-10-27T00:00:00Z");
        assert_eq!(at("2013-10-27 01:00", &b), "2013-10-27T00:00:00Z");
        assert_eq!(at("2013-10-27 01:00", &a), "2013-10-27T01:00:00Z");
        assert_eq!(at("2013-10-27 01:00", &b), "2013-10-27T01:00:00Z");
    }
}
