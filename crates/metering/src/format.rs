//! Numbers, durations and days as people read them. Pure, and the same on the server and in the
//! browser, so that the page does not change when the browser takes it over.

use crate::UtcSecond;
use crate::api::Measure;
use crate::numerals::grouped;

/// A whole number with thousands separated: `50,112`.
pub fn whole(value: f64) -> String {
    // As whole numbers are written, which is much quicker than to write a fraction without its digits.
    let digits = grouped(value.abs().round() as u64);
    if value < 0.0 && digits != "0" { format!("−{digits}") } else { digits }
}

/// With one decimal: `8.4`. Used where a whole number would hide the difference.
pub fn tenths(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    let (whole_part, tenth) = (rounded.abs().trunc(), (rounded.abs().fract() * 10.0).round());
    let sign = if rounded < 0.0 { "−" } else { "" };
    format!("{sign}{}.{tenth:.0}", whole(whole_part))
}

/// A figure of a measure, with no more digits than it deserves, without its unit.
pub fn figure(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Annual => whole((value / 10.0).round() * 10.0),
        Measure::Now | Measure::NightShare | Measure::EveningShare => whole(value),
    }
}

/// A figure with its unit, as one reads it aloud: `3,120 kWh`, `22 %`.
pub fn with_unit(measure: Measure, value: f64) -> String {
    format!("{}\u{a0}{}", figure(measure, value), measure.unit())
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
        s => format!("{}\u{a0}days", whole((s / 86_400) as f64)),
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

    /// From days since 1970-01-01, by counting 400-year eras from a first of March.
    fn from_days(days: i64) -> Self {
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
        &WEEKDAYS[usize::from(self.weekday) % 7][..3]
    }

    /// `2026-11`.
    pub fn month_in_digits(&self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// `Monday 16 November`.
    pub fn long(&self) -> String {
        format!("{} {} {}", WEEKDAYS[usize::from(self.weekday) % 7], self.day, self.month_name())
    }

    /// `16 November 2026`.
    pub fn date(&self) -> String {
        format!("{} {} {}", self.day, self.month_name(), self.year)
    }

    fn month_name(&self) -> &'static str {
        MONTHS[usize::from(self.month.saturating_sub(1)) % 12]
    }
}

/// Days in a row: `18 to 21 November 2026`, with what the two ends have in common said once.
pub fn day_range(first: Day, last: Day) -> String {
    let from = match (first.year == last.year, first.month == last.month) {
        _ if first == last => return last.date(),
        (true, true) => first.day.to_string(),
        (true, false) => format!("{} {}", first.day, first.month_name()),
        (false, _) => first.date(),
    };
    format!("{from} to {}", last.date())
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
    let number = text.get(5..7).and_then(|digits| digits.parse::<usize>().ok());
    number.and_then(|n| MONTHS.get(n.wrapping_sub(1))).copied().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(tenths(8.44), "8.4");
        assert_eq!(tenths(9.96), "10.0");
        assert_eq!(tenths(-1234.56), "−1,234.6");
        assert_eq!(with_unit(Measure::Annual, 3117.0), "3,120\u{a0}kWh");
        assert_eq!(with_unit(Measure::NightShare, 21.6), "22\u{a0}%");
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
