//! Local days: figures are of days as people live them, with 46 or 50 half-hours when clocks change.

use std::ops::Range;

use geography::reference::DayType;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use metering::{UtcSecond, Window};

/// The calendar of a geography's time zone. Zones whose offset is not of whole half-hours are rounded
/// down to the window: a local day then begins up to half an hour early.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
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
    pub fn new(zone: &str) -> Result<Self, jiff::Error> {
        TimeZone::get(zone).map(|zone| Calendar { zone })
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
}

/// The type of a day. Bank holidays are not told apart yet.
pub fn day_type(date: Date) -> DayType {
    match date.weekday() {
        Weekday::Saturday => DayType::Saturday,
        Weekday::Sunday => DayType::Sunday,
        _ => DayType::Weekday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_have_48_half_hours_or_46_or_50() {
        let check = |zone, date, expect: i32| {
            let windows = Calendar::new(zone).unwrap().windows_of(date).unwrap();
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
        let london = Calendar::new("Europe/London").unwrap();
        let window = UtcSecond::parse("2026-07-01T23:30:00Z").unwrap().window();
        assert_eq!(london.local(window), LocalHalfHour { date: date(2026, 7, 2), half_hour: 1 });
    }
}
