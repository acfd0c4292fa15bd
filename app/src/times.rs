//! Which days the map is of: a year, or one of its months, weeks or days. Pure.
//!
//! Days are counted from 1970-01-01, the last one of a period is the one before its end.

#[cfg(feature = "hydrate")]
mod browser;

#[cfg(feature = "hydrate")]
pub(crate) use browser::follow;

use crate::format::{Day, day_range};

/// Some days in a row: the first, and the one after the last.
pub type Days = [i64; 2];

/// How long what is looked at is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// A month of the calendar.
    Month,
    /// Seven days, counted back from the last one.
    Week,
    /// A day.
    Day,
}

impl Span {
    /// All of them, the longest first.
    pub const ALL: [Span; 3] = [Span::Month, Span::Week, Span::Day];

    /// As in a form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Span::Month => "month",
            Span::Week => "week",
            Span::Day => "day",
        }
    }

    /// That of some days.
    pub fn of([from, to]: Days) -> Self {
        match to - from {
            1 => Span::Day,
            7 => Span::Week,
            _ => Span::Month,
        }
    }
}

/// Months since the year 0.
fn month_of(day: i64) -> i64 {
    let day = Day::from_days(day);
    day.year * 12 + i64::from(day.month) - 1
}

fn first_of(month: i64) -> i64 {
    Day { year: month.div_euclid(12), month: month.rem_euclid(12) as u8 + 1, day: 1, weekday: 0 }.days()
}

/// How many months, weeks or days there are in what is known.
pub fn count([first, end]: Days, span: Span) -> i64 {
    match span {
        Span::Month => month_of(end - 1) - month_of(first) + 1,
        Span::Week => ((end - first) / 7).max(1),
        Span::Day => end - first,
    }
}

/// The days of one of them, the oldest is number 0.
pub fn days_of(known: Days, span: Span, number: i64) -> Days {
    let [first, end] = known;
    match span {
        Span::Month => {
            let month = month_of(first) + number;
            [first_of(month), first_of(month + 1)]
        }
        Span::Week => {
            let to = end - 7 * (count(known, span) - 1 - number);
            [to - 7, to]
        }
        Span::Day => [first + number, first + number + 1],
    }
}

/// The number of the one that some days are, or are nearest to.
pub fn number_of(known: Days, days: Days) -> i64 {
    let ([first, end], [from, to]) = (known, days);
    let span = Span::of(days);
    let number = match span {
        Span::Month => month_of(from) - month_of(first),
        Span::Week => count(known, span) - 1 - (end - to).div_euclid(7),
        Span::Day => from - first,
    };
    number.clamp(0, count(known, span) - 1)
}

/// `October 2026`, `16 to 22 November 2026`, `22 November 2026`.
pub fn label([from, to]: Days) -> String {
    let (first, last) = (Day::from_days(from), Day::from_days(to - 1));
    if [from, to] == [first_of(month_of(from)), first_of(month_of(from) + 1)] {
        return first.month_and_year();
    }
    day_range(first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str) -> i64 {
        Day::parse(date).unwrap().days()
    }

    #[test]
    fn what_is_known_is_gone_through_from_end_to_end() {
        let known = [day("2025-11-20"), day("2026-11-23")];
        for (span, expected, first, last) in [
            (Span::Month, 13, ["2025-11-01", "2025-12-01"], ["2026-11-01", "2026-12-01"]),
            (Span::Week, 52, ["2025-11-24", "2025-12-01"], ["2026-11-16", "2026-11-23"]),
            (Span::Day, 368, ["2025-11-20", "2025-11-21"], ["2026-11-22", "2026-11-23"]),
        ] {
            assert_eq!(count(known, span), expected, "{span:?}");
            assert_eq!(days_of(known, span, 0), first.map(day), "{span:?}");
            assert_eq!(days_of(known, span, expected - 1), last.map(day), "{span:?}");
            for number in 0..expected {
                let days = days_of(known, span, number);
                assert_eq!((Span::of(days), number_of(known, days)), (span, number));
            }
        }
    }

    #[test]
    fn days_that_are_not_known_are_near_some() {
        let known = [day("2026-11-01"), day("2026-11-23")];
        assert_eq!(number_of(known, [day("2020-01-01"), day("2020-01-02")]), 0);
        assert_eq!(number_of(known, [day("2030-01-01"), day("2030-02-01")]), 0, "there is one month");
        assert_eq!(number_of(known, [day("2030-01-01"), day("2030-01-02")]), 21);
        assert_eq!(count([day("2026-11-01"), day("2026-11-03")], Span::Week), 1);
    }

    #[test]
    fn labels() {
        let check = |from, to, expected: &str| assert_eq!(label([day(from), day(to)]), expected);
        check("2026-10-01", "2026-11-01", "October 2026");
        check("2026-11-16", "2026-11-23", "16 to 22 November 2026");
        check("2026-11-22", "2026-11-23", "22 November 2026");
        check("2026-10-02", "2026-11-01", "2 to 31 October 2026");
    }
}
