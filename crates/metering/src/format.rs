//! Numbers, durations and days as people read them, in their language. The same on the server and in the
//! browser, so that the page does not change when the browser takes it over.

use std::sync::OnceLock;

use crate::UtcSecond;
use crate::api::Measure;
use crate::language::{Language, current, say};
use crate::numerals::grouped;

/// The least number whose thousands are separated in Polish.
const POLISH_GROUPED_FROM: u64 = 10_000;

/// A whole number with thousands separated: `50,112`.
pub fn whole(value: f64) -> String {
    // As whole numbers are written, which is much quicker than to write a fraction without its digits.
    let number = value.abs().round() as u64;
    let digits = match current() {
        Language::English => grouped(number),
        Language::Polish if number < POLISH_GROUPED_FROM => number.to_string(),
        Language::Polish => grouped(number).replace(',', "\u{a0}"),
    };
    if value < 0.0 && digits != "0" { format!("−{digits}") } else { digits }
}

/// With one decimal: `8.4`. Used where a whole number would hide the difference.
pub fn tenths(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    let (whole_part, tenth) = (rounded.abs().trunc(), (rounded.abs().fract() * 10.0).round() as u8);
    let sign = if rounded < 0.0 { "−" } else { "" };
    format!("{sign}{}{}{tenth}", whole(whole_part), say(".", ","))
}

/// With so many decimals, and nothing between thousands, for machines. By whole numbers: what writes fractions of any kind is
/// larger than much of the page's program.
pub fn fixed(value: f64, decimals: u32) -> String {
    let scale = 10_u64.pow(decimals);
    let scaled = (value.abs() * scale as f64).round() as u64;
    let sign = if value < 0.0 && scaled > 0 { "-" } else { "" };
    match decimals {
        0 => format!("{sign}{scaled}"),
        _ => format!("{sign}{}.{:0width$}", scaled / scale, scaled % scale, width = decimals as usize),
    }
}

/// A figure of a measure, with no more digits than it deserves, without its unit.
pub fn figure(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Annual => whole((value / 10.0).round() * 10.0),
        Measure::Cost => money(site_currency(), (value / 10.0).round() * 10.0),
        Measure::Daily => tenths(value),
        Measure::Now | Measure::NightShare | Measure::EveningShare => whole(value),
    }
}

/// A figure with its unit, as one reads it aloud: `3,120 kWh`, `22 %`.
pub fn with_unit(measure: Measure, value: f64) -> String {
    match measure.unit() {
        "" => figure(measure, value),
        unit => format!("{}\u{a0}{unit}", figure(measure, value)),
    }
}

/// The site's currency: of one geography, so one for all that a program shows.
static CURRENCY: OnceLock<String> = OnceLock::new();

/// Says which it is, once.
pub fn costs_are_in(currency: &str) {
    // Whoever says it again says the same.
    let _ = CURRENCY.set(currency.to_owned());
}

fn site_currency() -> &'static str {
    CURRENCY.get().map_or("", String::as_str)
}

/// What [`fixed`] writes, and any other plain decimal number of some digits; by whole numbers, likewise.
pub fn decimal(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 8 || !is_plain(whole) || !is_plain(part) {
        return None;
    }
    // The ninth says nothing any more.
    let part = part.get(..8).unwrap_or(part);
    let number = |text: &str| text.bytes().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    Some(
        sign * (f64::from(number(whole))
            + f64::from(number(part)) / f64::from(10_u32.pow(part.len() as u32))),
    )
}

/// The sign of a currency; its code, if its sign is not known here.
pub fn currency_sign(currency: &str) -> &str {
    match currency {
        "GBP" => "£",
        "EUR" => "€",
        "USD" => "$",
        code => code,
    }
}

/// An amount of money, to a whole unit: `£1,012`; with the code of a currency whose sign is not known here.
pub fn money(currency: &str, amount: f64) -> String {
    let sign = currency_sign(currency);
    if current() == Language::Polish {
        return format!("{}\u{a0}{sign}", whole(amount));
    }
    if sign == currency {
        return format!("{currency}\u{a0}{}", whole(amount));
    }
    format!("{}{sign}{}", if amount.round() < 0.0 { "−" } else { "" }, whole(amount.abs()))
}

/// With a capital letter in front: `Street areas`.
pub fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// How long ago: `2 s`, `3 min`, `5 h`, `2 days`.
pub fn ago(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..60 => format!("{s}\u{a0}s"),
        s @ 60..3600 => format!("{}\u{a0}min", s / 60),
        s @ 3600..172_800 => format!("{}\u{a0}h", s / 3600),
        // Two at least.
        s => format!("{}\u{a0}{}", whole((s / 86_400) as f64), say("days", "dni")),
    }
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const POLISH_WEEKDAYS: [&str; 7] =
    ["poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"];
const POLISH_SHORT_WEEKDAYS: [&str; 7] = ["pon.", "wt.", "śr.", "czw.", "pt.", "sob.", "niedz."];
const POLISH_MONTHS: [&str; 12] = [
    "styczeń",
    "luty",
    "marzec",
    "kwiecień",
    "maj",
    "czerwiec",
    "lipiec",
    "sierpień",
    "wrzesień",
    "październik",
    "listopad",
    "grudzień",
];
/// Behind the number of a day.
const POLISH_OF_MONTHS: [&str; 12] = [
    "stycznia",
    "lutego",
    "marca",
    "kwietnia",
    "maja",
    "czerwca",
    "lipca",
    "sierpnia",
    "września",
    "października",
    "listopada",
    "grudnia",
];
const POLISH_SHORT_MONTHS: [&str; 12] =
    ["sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"];

/// One of these by its number, in the language of the moment.
fn named(english: &[&'static str], polish: &[&'static str], number: u8) -> &'static str {
    let names = if current() == Language::Polish { polish } else { english };
    names[usize::from(number) % names.len()]
}

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 is Monday.
    pub weekday: u8,
}

impl Day {
    /// The local day that begins at this instant. Its noon is on the same date in UTC wherever
    /// local time is within twelve hours of it, so no time zone is needed here.
    pub fn beginning_at(midnight: UtcSecond) -> Self {
        Self::from_days((midnight.0 + 43_200).div_euclid(86_400))
    }

    /// From `2026-11-18`; none where that is no day.
    pub fn parse(date: &str) -> Option<Self> {
        // By hand: what parses instants is larger than all else that a page's program needs of days.
        let digits = |at: std::ops::Range<usize>| {
            let digits = date.as_bytes().get(at)?;
            digits.iter().try_fold(0, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
            })
        };
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        let known = Self::from_days(Day { year, month, day, weekday: 0 }.days());
        // A day that there is comes back as it was.
        (known.in_digits() == date).then_some(known)
    }

    /// Days since 1970-01-01.
    pub fn days(&self) -> i64 {
        let shifted_year = self.year - i64::from(self.month <= 2);
        let (era, year_of_era) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
        let shifted_month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// From days since 1970-01-01, by counting 400-year eras from a first of March.
    pub fn from_days(days: i64) -> Self {
        let shifted = days + 719_468;
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + shifted.div_euclid(146_097) * 400 + i64::from(month <= 2);
        // 1970-01-01 was a Thursday.
        Day { year, month: month as u8, day: day as u8, weekday: (days + 3).rem_euclid(7) as u8 }
    }

    /// `Mon`.
    pub fn short_weekday(&self) -> &'static str {
        match current() {
            Language::English => &WEEKDAYS[usize::from(self.weekday) % 7][..3],
            Language::Polish => POLISH_SHORT_WEEKDAYS[usize::from(self.weekday) % 7],
        }
    }

    /// `2026-11-18`.
    pub fn in_digits(&self) -> String {
        format!("{}-{:02}", self.month_in_digits(), self.day)
    }

    /// `2026-11`.
    pub fn month_in_digits(&self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// `Monday 16 November`.
    pub fn long(&self) -> String {
        let weekday = named(&WEEKDAYS, &POLISH_WEEKDAYS, self.weekday);
        format!("{weekday} {} {}", self.day, self.of_month())
    }

    /// `16 November 2026`.
    pub fn date(&self) -> String {
        format!("{} {} {}", self.day, self.of_month(), self.year)
    }

    /// `November 2026`.
    pub fn month_and_year(&self) -> String {
        format!("{} {}", self.month_name(), self.year)
    }

    fn month_name(&self) -> &'static str {
        named(&MONTHS, &POLISH_MONTHS, self.month.saturating_sub(1))
    }

    /// The month's name as it stands behind a day's number.
    fn of_month(&self) -> &'static str {
        named(&MONTHS, &POLISH_OF_MONTHS, self.month.saturating_sub(1))
    }
}

/// Days in a row: `18 to 21 November 2026`, with what the two ends have in common said once.
pub fn day_range(first: Day, last: Day) -> String {
    let from = match (first.year == last.year, first.month == last.month) {
        _ if first == last => return last.date(),
        (true, true) => first.day.to_string(),
        (true, false) => format!("{} {}", first.day, first.of_month()),
        (false, _) => first.date(),
    };
    format!("{from} {} {}", say("to", "–"), last.date())
}

/// The same, of dates such as `2026-11-18`; of one without an end its first day.
pub fn days_between(from: &str, to: Option<&str>) -> String {
    let day = |date: &str| UtcSecond::parse(&format!("{date}T00:00:00Z")).ok().map(Day::beginning_at);
    match (day(from), to.and_then(day)) {
        (Some(from), Some(to)) => day_range(from, to),
        (Some(from), None) => from.date(),
        (None, _) => from.to_owned(),
    }
}

/// A month given as `2026-11`, `November 2026`; the text itself where it is not one.
pub fn month_and_year(text: &str) -> String {
    match (month(text), text.get(..4)) {
        (name, Some(year)) if name != text => format!("{name} {year}"),
        _ => text.to_owned(),
    }
}

/// The name of a month given as `2026-11`; the text itself where it is not one.
pub fn month(text: &str) -> &str {
    month_number(text).map_or(text, |number| named(&MONTHS, &POLISH_MONTHS, number))
}

/// The same in three letters.
pub fn short_month(text: &str) -> &str {
    match (month_number(text), current()) {
        (Some(number), Language::English) => &MONTHS[usize::from(number)][..3],
        (Some(number), Language::Polish) => POLISH_SHORT_MONTHS[usize::from(number)],
        (None, _) => text,
    }
}

/// January is 0.
fn month_number(text: &str) -> Option<u8> {
    let number = text.get(5..7).and_then(|digits| digits.parse::<u8>().ok());
    number.filter(|number| (1..=12).contains(number)).map(|number| number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_numbered_there_and_back() {
        for days in (-200_000..200_000).step_by(37) {
            let day = Day::from_days(days);
            assert_eq!(day.days(), days, "{day:?}");
        }
        assert_eq!(Day::parse("2026-11-18").map(|day| day.in_digits()), Some("2026-11-18".to_owned()));
        assert_eq!((Day::parse("2026-02-30"), Day::parse("18 November"), Day::parse("")), (None, None, None));
    }

    #[test]
    fn numbers() {
        let check = |value, expect: &str| assert_eq!(whole(value), expect);
        check(0.0, "0");
        check(999.4, "999");
        check(999.5, "1,000");
        check(50_112.0, "50,112");
        check(1_234_567.0, "1,234,567");
        check(-1500.0, "−1,500");
        check(-0.2, "0");
        for (value, decimals, text) in [
            (51.507_35, 5, "51.50735"),
            (-0.127_756, 5, "-0.12776"),
            (-0.001, 2, "0.00"),
            (12.999, 2, "13.00"),
            (-1234.5, 0, "-1235"),
            (7.05, 1, "7.1"),
        ] {
            assert_eq!(fixed(value, decimals), text);
        }
        for (text, value) in [
            ("51.50735", Some(51.507_35)),
            ("-0.5", Some(-0.5)),
            ("9", Some(9.0)),
            ("7.", Some(7.0)),
            ("1.1234567899", Some(1.123_456_78)),
        ] {
            assert_eq!(decimal(text), value);
        }
        for text in ["", "-", ".5", "x", "1e5", "1.2.3", "--1", "123456789", "NaN"] {
            assert_eq!(decimal(text), None, "{text}");
        }
        assert_eq!(tenths(8.44), "8.4");
        assert_eq!(tenths(9.96), "10.0");
        assert_eq!(tenths(-1234.56), "−1,234.6");
        assert_eq!(with_unit(Measure::Annual, 3117.0), "3,120\u{a0}kWh");
        assert_eq!(with_unit(Measure::NightShare, 21.6), "22\u{a0}%");
        assert_eq!(with_unit(Measure::Daily, 8.44), "8.4\u{a0}kWh");
        assert_eq!([money("GBP", 1012.4), money("EUR", -7.5)], ["£1,012", "−€8"]);
        assert_eq!(money("CHF", 940.0), "CHF\u{a0}940");
    }

    #[test]
    fn durations() {
        let check = |seconds, expect: &str| assert_eq!(ago(seconds), expect);
        check(-3, "0\u{a0}s");
        check(59, "59\u{a0}s");
        check(60, "1\u{a0}min");
        check(7_199, "1\u{a0}h");
        check(200_000, "2\u{a0}days");
        check(2_898 * 86_400, "2,898\u{a0}days");
    }

    #[test]
    fn days_agree_with_the_calendar() {
        // From the year 1 on: earlier ones are written differently, and no reading is that old.
        for day in (-719_000..800_000).step_by(97) {
            let ours = Day::from_days(day);
            let theirs = UtcSecond(day * 86_400).to_jiff().to_string();
            assert_eq!(
                format!("{:04}-{:02}-{:02}", ours.year, ours.month, ours.day),
                theirs[..theirs.len() - 10]
            );
        }
    }

    #[test]
    fn ranges_of_days() {
        let day = |text: &str| Day::beginning_at(UtcSecond::parse(&format!("{text}T00:00:00Z")).unwrap());
        let check = |first, last, expect: &str| assert_eq!(day_range(day(first), day(last)), expect);
        check("2026-11-18", "2026-11-21", "18 to 21 November 2026");
        check("2026-10-28", "2026-11-04", "28 October to 4 November 2026");
        check("2025-11-20", "2026-11-04", "20 November 2025 to 4 November 2026");
        check("2026-11-21", "2026-11-21", "21 November 2026");
    }

    #[test]
    fn a_local_midnight_is_of_its_own_day() {
        // Midnight in London in summer is 23:00 UTC of the day before.
        let midnight = UtcSecond::parse("2026-07-05T23:00:00Z").unwrap();
        assert_eq!(Day::beginning_at(midnight).long(), "Monday 6 July");
        let winter = UtcSecond::parse("2026-11-22T00:00:00Z").unwrap();
        assert_eq!(Day::beginning_at(winter).date(), "22 November 2026");
        assert_eq!(Day::beginning_at(winter).short_weekday(), "Sun");
        assert_eq!(month_and_year("2018-12"), "December 2018");
        assert_eq!((month("2026-11"), month("2026-13"), month("")), ("November", "2026-13", ""));
    }
}
