//! Instants, the intervals that readings cover, and the half-hour windows they are summed in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds in a window: half an hour.
pub const WINDOW_S: i64 = 1800;

/// Windows in a UTC day.
pub const WINDOWS_A_DAY: i64 = 48;

/// Seconds in the longest reading: an hour.
pub const LONGEST_READING_S: i64 = 3600;

/// The half-hours of a local day that are its night: 00:30 to 07:30, as most Economy 7 meters have it.
pub const NIGHT: std::ops::Range<usize> = 1..15;

/// The half-hours of a local day that are its evening peak: 16:00 to 20:00.
pub const EVENING: std::ops::Range<usize> = 32..40;

/// The parts of a local day that use is told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayPart {
    /// [`NIGHT`]
    Night,
    /// [`EVENING`]
    Evening,
    /// All other half-hours.
    Rest,
}

impl DayPart {
    /// All of them, in the order of their numbers.
    pub const ALL: [DayPart; 3] = [Self::Night, Self::Evening, Self::Rest];

    /// The one that a half-hour is in.
    pub fn of(half_hour: usize) -> Self {
        if NIGHT.contains(&half_hour) {
            Self::Night
        } else if EVENING.contains(&half_hour) {
            Self::Evening
        } else {
            Self::Rest
        }
    }
}

/// The three kinds of local day that load profiles and tariffs tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayType {
    /// Monday to Friday.
    Weekday,
    /// Saturday.
    Saturday,
    /// Sunday, and public holidays.
    Sunday,
}

impl DayType {
    /// All of them, in the order of their numbers.
    pub const ALL: [DayType; 3] = [Self::Weekday, Self::Saturday, Self::Sunday];

    /// As in a URL and in a table's header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weekday => "weekday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// Days of this type in a mean week.
    pub const fn days_a_week(self) -> u32 {
        match self {
            Self::Weekday => 5,
            Self::Saturday | Self::Sunday => 1,
        }
    }
}

/// An instant in whole seconds since 1970-01-01T00:00:00Z. In JSON: RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcSecond(pub i64);

/// Why a text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// Not RFC 3339 with an offset.
    #[error("is not an RFC 3339 time with its offset, such as 2026-11-22T10:00:00Z")]
    NotRfc3339,
    /// A fraction of a second other than zero.
    #[error("is not in whole seconds")]
    Fractional,
}

impl UtcSecond {
    /// Parses RFC 3339 with its offset, in whole seconds, and nothing that general parsers take besides: no
    /// other years than those of four digits, no offset of a day or more, no comma. A leap second is refused,
    /// too: time that is counted in equal days has no number for it.
    pub fn parse(text: &str) -> Result<Self, InstantError> {
        let (local, rest) = text.as_bytes().split_at_checked(19).ok_or(InstantError::NotRfc3339)?;
        let (fraction, offset) = match rest {
            [b'.', after @ ..] => {
                let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if digits == 0 {
                    return Err(InstantError::NotRfc3339);
                }
                after.split_at(digits)
            }
            _ => (&[][..], rest),
        };
        let (Some(local_s), Some(offset_s)) = (parse_local(local), parse_offset(offset)) else {
            return Err(InstantError::NotRfc3339);
        };
        if fraction.iter().any(|&digit| digit != b'0') {
            return Err(InstantError::Fractional);
        }
        Ok(UtcSecond(local_s - offset_s))
    }

    /// The window that this instant is in.
    pub const fn window(self) -> Window {
        Window(self.0.div_euclid(WINDOW_S) as i32)
    }

    /// As a time of the `jiff` crate, for calendars. Clamped to the years that it knows.
    pub fn to_jiff(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        jiff::Timestamp::from_second(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// The number of so many digits.
fn parse_digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// `Z`, or `+hh:mm` or `-hh:mm`: in seconds.
fn parse_offset(text: &[u8]) -> Option<i64> {
    let (sign, time) = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', time @ ..] => (1, time),
        [b'-', time @ ..] => (-1, time),
        _ => return None,
    };
    let &[h1, h2, b':', m1, m2] = time else { return None };
    let (hours, minutes) = (parse_digits(&[h1, h2])?, parse_digits(&[m1, m2])?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// `YYYY-MM-DDThh:mm:ss` and nothing else: seconds since 1970 where it is that time in UTC.
fn parse_local(text: &[u8]) -> Option<i64> {
    if text.len() != 19 || [text[4], text[7], text[10].to_ascii_uppercase(), text[13], text[16]] != *b"--T::"
    {
        return None;
    }
    let digits = |from: usize, to: usize| parse_digits(&text[from..to]);
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > longest || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since the epoch of a year that begins in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 719_469;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

impl fmt::Display for UtcSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_jiff(), f)
    }
}

impl fmt::Debug for UtcSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UtcSecond {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcSecond {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        UtcSecond::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A half-hour of event time, numbered from 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Window(pub i32);

impl Window {
    /// The first instant in it.
    pub const fn start(self) -> UtcSecond {
        UtcSecond(self.0 as i64 * WINDOW_S)
    }

    /// The first instant after it.
    pub const fn end(self) -> UtcSecond {
        self.next().start()
    }

    /// The one after it.
    pub const fn next(self) -> Window {
        Window(self.0 + 1)
    }

    /// The UTC day it is in, numbered from 1970-01-01.
    pub const fn day(self) -> i32 {
        self.0.div_euclid(WINDOWS_A_DAY as i32)
    }

    /// Its number within its UTC day, 0 to 47.
    pub const fn of_day(self) -> usize {
        self.0.rem_euclid(WINDOWS_A_DAY as i32) as usize
    }

    /// The window number `of_day` of the UTC day `day`.
    pub const fn at(day: i32, of_day: usize) -> Window {
        Window(day * WINDOWS_A_DAY as i32 + of_day as i32)
    }
}

/// The time that a reading covers: `duration` is a divisor of 1800 s from 10 s up, or 3600 s, and
/// `start` is a multiple of it. So it lies in one window, or covers exactly two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: UtcSecond,
    duration_s: u16,
}

/// Why a start and a duration are not an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// Not an allowed duration.
    #[error("is {0} s; allowed are the divisors of 1800 from 10 up, and 3600")]
    Duration(i64),
    /// The start is not a multiple of the duration.
    #[error("is not a multiple of the duration of {duration_s} s")]
    Misaligned {
        /// The duration, seconds.
        duration_s: i64,
    },
    /// Outside the years 1970 to 9999.
    #[error("is outside the years 1970 to 9999")]
    OutOfRange,
}

impl Interval {
    /// The one way to make an interval: both rules are checked.
    pub const fn new(start: UtcSecond, duration_s: i64) -> Result<Self, IntervalError> {
        if !(duration_s == LONGEST_READING_S
            || (10 <= duration_s && duration_s <= WINDOW_S && WINDOW_S % duration_s == 0))
        {
            return Err(IntervalError::Duration(duration_s));
        }
        if start.0 < 0 || start.0 > 253_402_300_799 - LONGEST_READING_S {
            return Err(IntervalError::OutOfRange);
        }
        if start.0 % duration_s != 0 {
            return Err(IntervalError::Misaligned { duration_s });
        }
        Ok(Interval { start, duration_s: duration_s as u16 })
    }

    /// The first instant in it.
    pub const fn start(self) -> UtcSecond {
        self.start
    }

    /// The first instant after it.
    pub const fn end(self) -> UtcSecond {
        UtcSecond(self.start.0 + self.duration_s as i64)
    }

    /// Seconds that it covers.
    pub const fn duration_s(self) -> u16 {
        self.duration_s
    }

    /// The window that it begins in.
    pub const fn first_window(self) -> Window {
        self.start.window()
    }

    /// The window that it ends in: the first one, or for an hour the one after it.
    pub const fn last_window(self) -> Window {
        UtcSecond(self.start.0 + self.duration_s as i64 - 1).window()
    }

    /// Whether the two have an instant in common.
    pub const fn overlaps(self, other: Interval) -> bool {
        self.start.0 < other.end().0 && other.start.0 < self.end().0
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}s", self.start, self.duration_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants() {
        let check = |text, expect| assert_eq!(UtcSecond::parse(text).map(|t| t.0), expect, "{text}");
        check("2026-11-22T10:00:00Z", Ok(1_795_341_600));
        check("2026-11-22T11:00:00+01:00", Ok(1_795_341_600));
        check("2026-11-22T10:00:00.000Z", Ok(1_795_341_600));
        check("2026-11-22T10:00:00.5Z", Err(InstantError::Fractional));
        check("2026-11-22T10:00:00", Err(InstantError::NotRfc3339));
        check("2026-11-22 10:00:00Z", Err(InstantError::NotRfc3339));
        check("2026-02-29T10:00:00Z", Err(InstantError::NotRfc3339));
        check("2024-02-29T00:00:00Z", Ok(1_709_164_800));
        check("", Err(InstantError::NotRfc3339));
        check("ä026-11-22T10:00:00Z", Err(InstantError::NotRfc3339));
        assert_eq!(UtcSecond(1_795_341_600).to_string(), "2026-11-22T10:00:00Z");
    }

    #[test]
    fn an_instant_is_rfc_3339_and_nothing_else() {
        for text in [
            "2026-11-20T10:00:00+25:00",
            "2026-11-20T10:00:00+24:00",
            "2026-11-20T10:00:00-24:00",
            "2026-11-20T10:00:00+01:60",
            "2026-11-20T10:00:00+0100",
            "2026-11-20T10:00:00+01",
            "2026-11-20T10:00:00+1:00",
            "2026-11-20T10:00:00+01:00:00",
            "2026-11-20T10:00:00+01:00[Europe/Paris]",
            "2026-11-20T10:00:00Z[UTC]",
            "2026-11-20T10:00:00 01:00",
            "+002026-11-20T10:00:00Z",
            "-002026-11-20T10:00:00Z",
            "12026-11-20T10:00:00Z",
            "226-11-20T10:00:00Z",
            "2026-11-20T10:00:00,000Z",
            "2026-11-20T10:00:00.Z",
            "2026-11-20T10:00:00.0",
            "2026-11-20T10:00Z",
            "2026-11-20T10Z",
            "2026-11-20T100000Z",
            "20261120T100000Z",
            "2026-11-20",
            "2026-W47-5T10:00:00Z",
            "2026-324T10:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T10:60:00Z",
            "2026-11-20T10:00:60Z",
            "2016-12-31T23:59:60Z",
            "2026-00-20T10:00:00Z",
            "2026-13-20T10:00:00Z",
            "2026-11-31T10:00:00Z",
            "2026-11-20_10:00:00Z",
            " 2026-11-20T10:00:00Z",
            "2026-11-20T10:00:00Z ",
            "2026-11-20T10:00:00ZZ",
            "2026-11-20T10:00:00−01:00",
            "２026-11-20T10:00:00Z",
        ] {
            assert_eq!(UtcSecond::parse(text), Err(InstantError::NotRfc3339), "{text}");
        }
        let check =
            |text, expect: &str| assert_eq!(UtcSecond::parse(text).unwrap().to_string(), expect, "{text}");
        check("2026-11-20T10:00:00+23:59", "2026-11-19T10:01:00Z");
        check("2026-11-20T10:00:00-23:59", "2026-11-21T09:59:00Z");
        check("2026-11-20T10:00:00-00:00", "2026-11-20T10:00:00Z");
        check("2026-11-20t10:00:00z", "2026-11-20T10:00:00Z");
        check("2026-11-20T10:00:00.0000000000000Z", "2026-11-20T10:00:00Z");
        check("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z");
        assert_eq!(UtcSecond::parse("2026-11-20T10:00:00.0000000000001Z"), Err(InstantError::Fractional));
    }

    #[test]
    fn intervals() {
        let check = |start, duration, expect: Result<(), IntervalError>| {
            assert_eq!(Interval::new(UtcSecond(start), duration).map(|_| ()), expect, "{start} {duration}");
        };
        check(1800, 1800, Ok(()));
        check(1800, 3600, Err(IntervalError::Misaligned { duration_s: 3600 }));
        check(3600, 3600, Ok(()));
        check(300, 300, Ok(()));
        check(0, 7, Err(IntervalError::Duration(7)));
        check(0, 5, Err(IntervalError::Duration(5)));
        check(0, 0, Err(IntervalError::Duration(0)));
        check(-1800, 1800, Err(IntervalError::OutOfRange));
        let hour = Interval::new(UtcSecond(3600), 3600).unwrap();
        assert_eq!((hour.first_window(), hour.last_window()), (Window(2), Window(3)));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_general_parser(second in 0_i64..253_402_300_799, offset_min in -1439_i64..=1439) {
            prop_assert_eq!(UtcSecond::parse(&UtcSecond(second).to_string()), Ok(UtcSecond(second)));
            // The same instant as clocks elsewhere show it, as long as their year has four digits.
            let local = UtcSecond((second + offset_min * 60).clamp(0, 253_402_300_799)).to_string();
            let sign = if offset_min < 0 { '-' } else { '+' };
            let offset = format!("{sign}{:02}:{:02}", offset_min.abs() / 60, offset_min.abs() % 60);
            let text = local.replace('Z', &offset);
            if let Ok(instant) = text.parse::<jiff::Timestamp>() {
                prop_assert_eq!(UtcSecond::parse(&text), Ok(UtcSecond(instant.as_second())), "{}", text);
            }
        }

        #[test]
        fn what_is_taken_is_of_the_one_shape(
            text in "[+-]?[0-9]{3,5}-[0-9]{1,2}-[0-3][0-9][Tt ][0-2][0-9]:?[0-5][0-9](:[0-6][0-9])?([.,]0{0,3})?([Zz]|[+-][0-3][0-9]:?([0-6][0-9])?)?"
        ) {
            if UtcSecond::parse(&text).is_ok() {
                let bytes = text.as_bytes();
                let zulu = bytes.last().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'z'));
                let time_ends = if zulu { bytes.len() - 1 } else { bytes.len() - 6 };
                prop_assert!(bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && time_ends >= 19, "{}", text);
                prop_assert!(!text.contains([',', ' ']) && !text.ends_with('.'), "{}", text);
                if !zulu {
                    let [b'+' | b'-', h1, h2, b':', m1, _] = bytes[time_ends..] else { panic!("{text}") };
                    prop_assert!((h1, h2) <= (b'2', b'3') && m1 <= b'5', "{}", text);
                }
                prop_assert_eq!(text.parse::<jiff::Timestamp>().map(|at| at.as_second()).ok(), UtcSecond::parse(&text).ok().map(|at| at.0));
            }
        }

        #[test]
        fn an_interval_lies_in_one_window_or_covers_two(start in 0_i64..10_000_000, duration in 1_i64..4000) {
            if let Ok(interval) = Interval::new(UtcSecond(start), duration) {
                let windows = interval.last_window().0 - interval.first_window().0 + 1;
                prop_assert_eq!(windows, if duration == 3600 { 2 } else { 1 });
            }
        }
    }
}
