//! Public holidays: on them people use electricity as on Sundays, so they count as such.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// As a setting names those of England and Wales.
const ENGLAND_AND_WALES: &str = "england-and-wales";

/// As it says that there are none.
const NONE: &str = "none";

/// Where they are kept, and British prices paid, unless a setting says otherwise.
pub(crate) const BRITISH_ZONE: &str = "Europe/London";

/// Days that count as Sundays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Holidays {
    /// None but Sundays.
    #[default]
    None,
    /// The bank holidays of England and Wales.
    EnglandAndWales,
    /// Those that a file lists.
    Listed(Arc<BTreeSet<Date>>),
}

impl Holidays {
    /// As the setting says: by name, or the file's path. Nothing: those of England and Wales, where the geography's clocks
    /// are London's.
    pub fn of(setting: Option<&str>, zone: &str) -> anyhow::Result<Self> {
        match setting {
            None if zone == BRITISH_ZONE => Ok(Holidays::EnglandAndWales),
            None | Some(NONE) => Ok(Holidays::None),
            Some(ENGLAND_AND_WALES) => Ok(Holidays::EnglandAndWales),
            Some(path) => Self::listed_in(Path::new(path)),
        }
    }

    fn listed_in(path: &Path) -> anyhow::Result<Self> {
        let path_is = || {
            format!("the setting holidays is {:?}; allowed are {NONE}, {ENGLAND_AND_WALES} and a file", path)
        };
        let text = fs::read_to_string(path).with_context(path_is)?;
        let mut dates = BTreeSet::new();
        for (number, line) in (1..).zip(text.lines()) {
            let day = line.split('#').next().unwrap_or_default().trim();
            if day.is_empty() {
                continue;
            }
            match day.parse() {
                Ok(date) if day.len() == 10 => dates.insert(date),
                _ => bail!(
                    "{}, line {number}: {day:?} is no day; allowed are dates such as 2026-12-25, one a line, and notes behind #",
                    path.display()
                ),
            };
        }
        Ok(Holidays::Listed(Arc::new(dates)))
    }

    /// Whether a day is one of them.
    pub fn has(&self, date: Date) -> bool {
        match self {
            Holidays::None => false,
            Holidays::EnglandAndWales => is_bank_holiday(date),
            Holidays::Listed(dates) => dates.contains(&date),
        }
    }

    /// Which they are, for people; none where there are none.
    pub fn named(&self) -> Option<&'static str> {
        match self {
            Holidays::None => None,
            Holidays::EnglandAndWales => Some("the bank holidays of England and Wales"),
            Holidays::Listed(_) => Some("the public holidays that this site’s operator has listed"),
        }
    }
}

/// Days that were added for once, and those that took the place of the usual one in May.
const ONCE: [Date; 13] = [
    date(1981, 7, 29),
    date(1995, 5, 8),
    date(1999, 12, 31),
    date(2002, 6, 3),
    date(2002, 6, 4),
    date(2011, 4, 29),
    date(2012, 6, 4),
    date(2012, 6, 5),
    date(2020, 5, 8),
    date(2022, 6, 2),
    date(2022, 6, 3),
    date(2022, 9, 19),
    date(2023, 5, 8),
];

/// Years in which the first Monday of May was none, and those in which the last one was none.
const EARLY_MAY_MOVED: [i16; 2] = [1995, 2020];
const SPRING_MOVED: [i16; 3] = [2002, 2012, 2022];

/// Bank holidays of England and Wales since 1978, as the Banking and Financial Dealings Act 1971 and proclamations have
/// them: one that falls on a weekend moves to the next weekday that is none.
fn is_bank_holiday(day: Date) -> bool {
    let (year, month) = (day.year(), day.month());
    let (weekday, of_month) = (day.weekday(), day.day());
    let is_monday = weekday == Weekday::Monday;
    let is_last_of_31 = of_month > 24;
    let from_easter =
        |days: i32| easter(year).and_then(|easter| easter.checked_add(days.days()).ok()) == Some(day);
    let usual = match month {
        1 => moved(of_month, 1, weekday, 1),
        5 if is_monday && of_month <= 7 => !EARLY_MAY_MOVED.contains(&year),
        5 if is_monday && is_last_of_31 => !SPRING_MOVED.contains(&year),
        8 => is_monday && is_last_of_31,
        12 => moved(of_month, 25, weekday, 2),
        _ => false,
    };
    usual || from_easter(-2) || from_easter(1) || ONCE.contains(&day)
}

/// Whether a weekday is one of some holidays that begin at a day of the month, or stands for one of them that fell on the
/// weekend.
fn moved(of_month: i8, first: i8, weekday: Weekday, holidays: i8) -> bool {
    // Days of the week count from Monday.
    let from_monday = weekday.to_monday_zero_offset();
    if from_monday >= 5 || of_month < first {
        return false;
    }
    let after = of_month - first;
    // Of the holidays before this day, those on a weekend are still to be made up for, less the weekdays between.
    let is_weekend = |days_before: i8| (from_monday - days_before).rem_euclid(7) >= 5;
    let owed = (0..holidays).filter(|&holiday| holiday < after && is_weekend(after - holiday)).count() as i8;
    let made_up = (holidays.min(after)..after).filter(|&between| !is_weekend(after - between)).count() as i8;
    after < holidays || made_up < owed
}

/// Easter Sunday of a year of the Gregorian calendar, by the anonymous algorithm that Meeus gives.
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let days = h + l - 7 * m + 114;
    Date::new(year as i16, (days / 31) as i8, (days % 31 + 1) as i8).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// As gov.uk lists them.
    #[test]
    fn the_bank_holidays_of_england_and_wales() {
        let check = |year, expect: &[(i8, i8)]| {
            let first = date(year, 1, 1);
            let found: Vec<(i8, i8)> = first
                .series(1.day())
                .take_while(|day| day.year() == year)
                .filter(|&day| Holidays::EnglandAndWales.has(day))
                .map(|day| (day.month(), day.day()))
                .collect();
            assert_eq!(found, expect, "{year}");
        };
        check(2011, &[(1, 3), (4, 22), (4, 25), (4, 29), (5, 2), (5, 30), (8, 29), (12, 26), (12, 27)]);
        check(2012, &[(1, 2), (4, 6), (4, 9), (5, 7), (6, 4), (6, 5), (8, 27), (12, 25), (12, 26)]);
        check(2020, &[(1, 1), (4, 10), (4, 13), (5, 8), (5, 25), (8, 31), (12, 25), (12, 28)]);
        check(2021, &[(1, 1), (4, 2), (4, 5), (5, 3), (5, 31), (8, 30), (12, 27), (12, 28)]);
        check(
            2022,
            &[(1, 3), (4, 15), (4, 18), (5, 2), (6, 2), (6, 3), (8, 29), (9, 19), (12, 26), (12, 27)],
        );
        check(2023, &[(1, 2), (4, 7), (4, 10), (5, 1), (5, 8), (5, 29), (8, 28), (12, 25), (12, 26)]);
        check(2024, &[(1, 1), (3, 29), (4, 1), (5, 6), (5, 27), (8, 26), (12, 25), (12, 26)]);
        check(2026, &[(1, 1), (4, 3), (4, 6), (5, 4), (5, 25), (8, 31), (12, 25), (12, 28)]);
    }

    #[test]
    fn those_of_the_place_unless_a_setting_says_otherwise() {
        let of = |setting, zone| Holidays::of(setting, zone).unwrap();
        assert_eq!(of(None, "Europe/London"), Holidays::EnglandAndWales);
        assert_eq!(of(None, "Europe/Zurich"), Holidays::None);
        assert_eq!(of(Some("none"), "Europe/London"), Holidays::None);
        assert_eq!(of(Some("england-and-wales"), "Europe/Dublin"), Holidays::EnglandAndWales);
    }

    #[test]
    fn a_file_lists_them_a_line_each() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "# Zurich\n2026-08-01 # National Day\n\n2026-12-25").unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let listed = Holidays::of(Some(&path), "Europe/Zurich").unwrap();
        assert!(
            listed.has(date(2026, 8, 1)) && listed.has(date(2026, 12, 25)) && !listed.has(date(2026, 12, 26))
        );
        writeln!(file, "26.12.2026").unwrap();
        let refused = Holidays::of(Some(&path), "Europe/Zurich").unwrap_err().to_string();
        assert!(
            refused.contains("line 5") && refused.contains("26.12.2026") && refused.contains("allowed"),
            "{refused}"
        );
        let missing = Holidays::of(Some("nowhere"), "Europe/Zurich").unwrap_err();
        assert!(missing.to_string().contains("holidays is \"nowhere\""), "{missing:#}");
    }
}
