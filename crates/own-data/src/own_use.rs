//! A year of somebody's own use, of what their meter has of it.

use std::collections::{BTreeMap, BTreeSet};

use geography::reference::{H25, h25};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use metering::tariff::{HALF_HOURS, MONTHS, YearOfUse};
use metering::time::{DayType, WINDOW_S};
use serde::{Deserialize, Serialize};

/// Of a longer file, this much of its end counts: habits change.
const NEWEST_S: i64 = 366 * 86_400;

/// Fewer days than this say nothing of a year.
pub(crate) const DAYS_MIN: u32 = 7;

const DAY_TYPES: usize = DayType::ALL.len();
const CELLS: usize = MONTHS * DAY_TYPES * HALF_HOURS;

/// What a meter's own readings come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnUse {
    /// The file's name.
    pub file: String,
    /// Whose readings these are, if the file says so.
    pub meter: Option<String>,
    /// All meters in the file, where there are several.
    pub meters: Vec<String>,
    /// The first local day, and the last: `2026-11-18`.
    pub from: String,
    /// The last.
    pub to: String,
    /// Days that the readings cover, put together.
    pub days: u32,
    /// Months that have readings of at least a week; the others are filled in.
    pub months: u32,
    /// Readings that counted.
    pub readings: u64,
    /// Readings of a time that another of the file has, too.
    pub repeated: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// The first of them, in words.
    pub refusals: Vec<String>,
    /// What was taken for granted, in sentences.
    pub assumptions: Vec<String>,
    /// The use of each half-hour of one day of each type in each month, in tenths of a watt-hour.
    tenth_wh: Vec<u32>,
}

/// A meter's readings by their starts: how long each lasts, and its energy in mWh.
pub(crate) type Readings = BTreeMap<i64, (i64, i64)>;

/// What is known of the file besides.
#[derive(Default)]
pub(crate) struct About {
    pub file: String,
    pub meter: Option<String>,
    pub meters: Vec<String>,
    pub repeated: u64,
    pub refused: u64,
    pub refusals: Vec<String>,
    pub assumptions: Vec<String>,
}

/// How many days there are of a type in a month of the mean year.
fn days_of(month: usize, kind: DayType) -> f64 {
    H25::days(month as u8 + 1, kind)
}

fn day_type(date: Date) -> DayType {
    match date.weekday() {
        jiff::civil::Weekday::Saturday => DayType::Saturday,
        jiff::civil::Weekday::Sunday => DayType::Sunday,
        _ => DayType::Weekday,
    }
}

/// What is used in such half-hours, and for how long that was measured.
#[derive(Clone, Copy, Default)]
struct Cell {
    mwh: f64,
    seconds: f64,
}

impl OwnUse {
    /// Of readings, in a zone's local time. How many days they cover, if those are too few.
    pub(crate) fn of(readings: &Readings, zone: &TimeZone, about: About) -> Result<OwnUse, u32> {
        let end = readings.iter().map(|(start, (lasts, _))| start + lasts).max().unwrap_or(0);
        let mut cells = vec![Cell::default(); CELLS];
        let (mut dates, mut by_month) = (BTreeSet::new(), [0.0; MONTHS]);
        let (mut counted, mut repeated, mut until) = (0, about.repeated, i64::MIN);
        for (&start, &(lasts, mwh)) in readings.range(end - NEWEST_S..) {
            // Begun before the one before it ended: a time does not count twice.
            if start < until {
                repeated += 1;
                continue;
            }
            (until, counted) = (start + lasts, counted + 1);
            let mut at = start;
            while at < until {
                let to = until.min(at.div_euclid(WINDOW_S) * WINDOW_S + WINDOW_S);
                let Ok(instant) = Timestamp::from_second(at) else { break };
                let local = zone.to_datetime(instant);
                let half_hour =
                    usize::from(local.hour().unsigned_abs()) * 2 + usize::from(local.minute() >= 30);
                let (month, kind) = (usize::from(local.month().unsigned_abs()) - 1, day_type(local.date()));
                let part = (to - at) as f64;
                let cell = &mut cells[cell_of(month, kind, half_hour)];
                cell.mwh += mwh as f64 * part / lasts as f64;
                cell.seconds += part;
                by_month[month] += part;
                dates.insert(local.date());
                at = to;
            }
        }
        let seconds: f64 = by_month.iter().sum();
        let days = (seconds / 86_400.0).round() as u32;
        let (Some(from), Some(to)) = (dates.first(), dates.last()) else { return Err(0) };
        if days < DAYS_MIN {
            return Err(days);
        }
        let week_s = f64::from(DAYS_MIN) * 86_400.0;
        Ok(OwnUse {
            file: about.file,
            meter: about.meter,
            meters: about.meters,
            from: from.to_string(),
            to: to.to_string(),
            days,
            months: by_month.iter().filter(|&&seconds| seconds >= week_s).count() as u32,
            readings: counted,
            repeated,
            refused: about.refused,
            refusals: about.refusals,
            assumptions: about.assumptions,
            tenth_wh: filled_in(&cells).map(|kwh| (kwh * 1e4).round() as u32).collect(),
        })
    }

    /// A year of it.
    pub fn year(&self) -> YearOfUse {
        YearOfUse::new(days_of, |month, kind, half_hour| {
            let tenth_wh = self.tenth_wh.get(cell_of(month, kind, half_hour)).copied().unwrap_or(0);
            f64::from(tenth_wh) / 1e4
        })
    }

    /// The mean power in each half-hour of a weekday, W.
    pub fn weekday_w(&self) -> Vec<f64> {
        let year = self.year();
        let days: f64 = (0..MONTHS).map(|month| year.days(month, DayType::Weekday)).sum();
        let kwh = |half_hour: usize| -> f64 {
            let of_month =
                |month| year.days(month, DayType::Weekday) * year.day(month, DayType::Weekday)[half_hour];
            (0..MONTHS).map(of_month).sum()
        };
        (0..HALF_HOURS).map(|half_hour| kwh(half_hour) / days * 2000.0).collect()
    }
}

/// As much a year, at the hours at which homes use it that nothing is known of.
pub(crate) fn at_usual_hours(kwh: f64) -> YearOfUse {
    YearOfUse::new(days_of, |month, kind, half_hour| h25().share(month as u8 + 1, kind, half_hour))
        .scaled_to(kwh)
}

fn cell_of(month: usize, kind: DayType, half_hour: usize) -> usize {
    (month * DAY_TYPES + kind as usize) * HALF_HOURS + half_hour
}

/// Each cell's use of a half-hour, kWh: as it was measured, and where it was not, as the standard shape has it of a year that
/// uses as much as what was measured says.
fn filled_in(cells: &[Cell]) -> impl Iterator<Item = f64> {
    let shape = h25();
    let share = |cell: usize| {
        let (month, of_month) = (cell / (DAY_TYPES * HALF_HOURS), cell % (DAY_TYPES * HALF_HOURS));
        shape.share(month as u8 + 1, DayType::ALL[of_month / HALF_HOURS], of_month % HALF_HOURS)
    };
    let (mut kwh, mut years) = (0.0, 0.0);
    for (number, cell) in cells.iter().enumerate() {
        kwh += cell.mwh / 1e6;
        years += share(number) * cell.seconds / WINDOW_S as f64;
    }
    let a_year = if years > 0.0 { kwh / years } else { 0.0 };
    cells.iter().enumerate().map(move |(number, cell)| {
        let is_measured = cell.seconds >= WINDOW_S as f64;
        if is_measured { cell.mwh / 1e6 / cell.seconds * WINDOW_S as f64 } else { a_year * share(number) }
    })
}

#[cfg(test)]
mod tests {
    use metering::UtcSecond;

    use super::*;

    fn london() -> TimeZone {
        TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap()
    }

    /// Half-hours from a day on, each of what `mwh` says of its local hour.
    fn readings(first: &str, days: i64, mwh: impl Fn(i8) -> i64) -> Readings {
        let first = UtcSecond::parse(&format!("{first}T00:00:00Z")).unwrap().0;
        let starts = (first..first + days * 86_400).step_by(1800);
        let hour = |start| london().to_datetime(Timestamp::from_second(start).unwrap()).hour();
        starts.map(|start| (start, (1800, mwh(hour(start))))).collect()
    }

    #[test]
    fn a_whole_year_is_what_was_measured() {
        // 200 Wh each half-hour, and 1 kWh more in those from 18:00 to 19:00 by the kitchen clock, summer or winter.
        let mwh = |hour| if hour == 18 { 1_200_000 } else { 200_000 };
        let own = OwnUse::of(&readings("2024-01-01", 366, mwh), &london(), About::default()).unwrap();
        assert_eq!((own.days, own.months, own.readings), (366, 12, 366 * 48));
        assert_eq!((own.from.as_str(), own.to.as_str()), ("2024-01-01", "2024-12-31"));
        assert!((own.year().kwh() - 365.2425 * (48.0 * 0.2 + 2.0)).abs() < 1.0, "{}", own.year().kwh());
        let weekday = own.weekday_w();
        assert_eq!([35, 36, 37, 38].map(|at| weekday[at].round()), [400.0, 2400.0, 2400.0, 400.0]);
    }

    #[test]
    fn what_is_missing_is_filled_in_by_the_standard_shape() {
        let flat = |_| 250_000;
        let winter = OwnUse::of(&readings("2025-01-01", 31, flat), &london(), About::default()).unwrap();
        assert_eq!((winter.days, winter.months), (31, 1));
        let january = 31.0 * 48.0 * 0.25;
        assert!((winter.year().month_kwh(0) - january).abs() < 0.1);
        // A home uses less in July than in January.
        let july = winter.year().month_kwh(6);
        assert!(july > 0.5 * january && july < january, "{july} {january}");
        assert_eq!(OwnUse::of(&readings("2025-01-01", 6, flat), &london(), About::default()), Err(6));
        assert_eq!(OwnUse::of(&Readings::new(), &london(), About::default()), Err(0));
    }

    #[test]
    fn days_of_46_and_50_half_hours_count_as_they_are() {
        let (spring, autumn) =
            (readings("2025-03-24", 7, |_| 100_000), readings("2025-10-20", 7, |_| 100_000));
        let mut both = spring.clone();
        both.extend(autumn);
        let own = OwnUse::of(&both, &london(), About::default()).unwrap();
        assert_eq!((own.days, own.readings), (14, 14 * 48));
        // The same power at all times is the same power in every half-hour of a weekday.
        let of_march: Vec<f64> = own.year().day(2, DayType::Weekday).to_vec();
        assert!(of_march.iter().all(|kwh| (kwh - 0.1).abs() < 1e-9), "{of_march:?}");
    }

    #[test]
    fn only_the_newest_year_counts_and_no_time_counts_twice() {
        let mut long = readings("2022-01-01", 365, |_| 900_000);
        long.extend(readings("2023-01-01", 366, |_| 100_000));
        // An hour that lies over two of its half-hours.
        long.insert(UtcSecond::parse("2023-06-01T10:15:00Z").unwrap().0, (3600, 5_000_000));
        let own = OwnUse::of(&long, &london(), About::default()).unwrap();
        assert_eq!((own.from.as_str(), own.repeated), ("2023-01-01", 1));
        assert!((own.year().kwh() - 365.2425 * 4.8).abs() < 1.0, "{}", own.year().kwh());
    }

    #[test]
    fn readings_longer_and_shorter_than_half_an_hour_are_parted_and_put_together() {
        let first = UtcSecond::parse("2025-01-06T00:00:00Z").unwrap().0;
        let hours: Readings = (0..24 * 14).map(|hour| (first + hour * 3600, (3600, 600_000))).collect();
        let quarters: Readings =
            (0..96 * 14).map(|quarter| (first + quarter * 900, (900, 150_000))).collect();
        let year = |readings| OwnUse::of(readings, &london(), About::default()).unwrap().year();
        assert_eq!(year(&hours), year(&quarters));
        assert!((year(&hours).day(0, DayType::Sunday)[20] - 0.3).abs() < 1e-9);
    }

    #[test]
    fn it_is_remembered_as_it_is() {
        let own = OwnUse::of(&readings("2025-01-01", 31, |_| 250_000), &london(), About::default()).unwrap();
        let text = serde_json::to_string(&own).unwrap();
        assert!(text.len() < 12_000, "{}", text.len());
        assert_eq!(serde_json::from_str::<OwnUse>(&text).unwrap(), own);
    }

    #[test]
    fn usual_hours_are_those_of_the_standard_shape() {
        let usual = at_usual_hours(3000.0);
        assert!((usual.kwh() - 3000.0).abs() < 1e-6);
        let day = usual.day(0, DayType::Weekday);
        assert!(day[38] > 2.0 * day[6], "the evening has more than the night");
    }
}
