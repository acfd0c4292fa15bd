//! What all homes share on a day: the local day itself with its clock changes, the weather and the light.

use geography::reference::DayType;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use metering::UtcSecond;

use crate::draws::{Draws, Subject};

/// Seconds of a day on the wall clock.
pub(crate) const DAY_S: i32 = 86_400;

/// Heating starts below this mean temperature of a day: the base of British degree days.
const HEATING_BASE_C: f64 = 15.5;

/// London's mean temperature over a year and half its swing between January and July, about those
/// of the Met Office's averages 1991-2020 for Heathrow (11.8; 5.9 in January, 19.0 in July).
const MEAN_C: f64 = 11.8;
const SWING_C: f64 = 6.7;

/// The coldest day of a mean year, counted from 1 January.
const COLDEST_DAY: f64 = 22.0;

/// How far a day's weather is from the season's, and over how many days it lasts.
const WEATHER_NOISE_C: f64 = 2.8;
const WEATHER_MEMORY: [f64; 6] = [0.55, 0.52, 0.44, 0.33, 0.25, 0.22];

/// The date that days are counted from.
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// A stretch of a local day in which the wall clock runs without a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// Seconds since the day began.
    elapsed_s: i32,
    /// What the wall clock shows then, seconds since midnight.
    wall_s: i32,
}

/// A local day, with its weather.
#[derive(Debug, Clone)]
pub struct Day {
    /// Its date.
    pub date: Date,
    /// The first instant in it.
    pub start: UtcSecond,
    /// The first instant after it.
    pub end: UtcSecond,
    /// What kind of day it is. Public holidays are not told apart.
    pub kind: DayType,
    /// Mean temperature, degrees Celsius.
    pub temperature_c: f64,
    /// When it is light enough, minutes after midnight on the wall clock.
    pub(crate) dawn_min: f64,
    /// When lamps go on.
    pub(crate) dusk_min: f64,
    /// Days since 1970-01-01.
    pub(crate) number: i32,
    stretches: Vec<Stretch>,
}

impl Day {
    /// How far below the heating base its temperature is, kelvin.
    pub(crate) fn heating_k(&self) -> f64 {
        (HEATING_BASE_C - self.temperature_c).max(0.0)
    }

    /// Weeks since 1970 that begin on a Monday; the day within it, 0 is Monday.
    pub(crate) fn week(&self) -> (i32, i32) {
        // 1970-01-01 was a Thursday.
        ((self.number + 3).div_euclid(7), (self.number + 3).rem_euclid(7))
    }

    /// The stretches of wall clock between the day's start and `instant`: where each begins and ends.
    /// In autumn an hour comes twice, in spring one is missing; elsewhere there is one stretch.
    pub(crate) fn wall_until(&self, instant: UtcSecond) -> impl Iterator<Item = (i32, i32)> + '_ {
        let elapsed = (instant.0.clamp(self.start.0, self.end.0) - self.start.0) as i32;
        self.stretches.iter().enumerate().take_while(move |(_, s)| s.elapsed_s <= elapsed).map(
            move |(n, s)| {
                let next = self.stretches.get(n + 1).map_or(i32::MAX, |next| next.elapsed_s);
                (s.wall_s, s.wall_s + elapsed.min(next) - s.elapsed_s)
            },
        )
    }
}

/// The calendar of one place under one seed.
#[derive(Debug, Clone)]
pub struct Almanac {
    time_zone: TimeZone,
    seed: u64,
    latitude_deg: f64,
    longitude_deg: f64,
}

impl Almanac {
    /// For a place: its time zone, and where it is, for daylight.
    pub fn new(seed: u64, time_zone: TimeZone, latitude_deg: f64, longitude_deg: f64) -> Self {
        Almanac { time_zone, seed, latitude_deg, longitude_deg }
    }

    /// The local day of a date.
    pub fn day(&self, date: Date) -> Day {
        let (start, end) = (self.midnight(date), self.midnight(date.saturating_add(1.day())));
        let number = day_number(date);
        let solar_noon_min = self.solar_noon_min(date);
        let half_light_min = half_daylight_min(self.latitude_deg, f64::from(date.day_of_year()));
        Day {
            date,
            start: UtcSecond(start),
            end: UtcSecond(end),
            kind: match date.weekday() {
                Weekday::Saturday => DayType::Saturday,
                Weekday::Sunday => DayType::Sunday,
                _ => DayType::Weekday,
            },
            temperature_c: self.temperature_c(number, f64::from(date.day_of_year())),
            dawn_min: (solar_noon_min - half_light_min).round(),
            dusk_min: (solar_noon_min + half_light_min).round(),
            number,
            stretches: self.stretches(start, end),
        }
    }

    /// The local day of that number, counted from 1970-01-01.
    pub(crate) fn day_numbered(&self, number: i32) -> Day {
        self.day(EPOCH.saturating_add(number.days()))
    }

    /// The local day that an instant is in.
    pub fn day_of(&self, instant: UtcSecond) -> Day {
        self.day(self.date_of(instant))
    }

    /// The local date of an instant.
    pub fn date_of(&self, instant: UtcSecond) -> Date {
        self.time_zone.to_datetime(instant.to_jiff()).date()
    }

    /// The first instant of a local date.
    fn midnight(&self, date: Date) -> i64 {
        self.time_zone
            .to_ambiguous_timestamp(date.at(0, 0, 0, 0))
            .compatible()
            .map_or_else(|_| i64::from(day_number(date)) * i64::from(DAY_S), |t| t.as_second())
    }

    fn stretches(&self, start: i64, end: i64) -> Vec<Stretch> {
        let stretch = |instant: i64| {
            let wall = self.time_zone.to_datetime(UtcSecond(instant).to_jiff()).time();
            Stretch {
                elapsed_s: (instant - start) as i32,
                wall_s: i32::from(wall.hour()) * 3600
                    + i32::from(wall.minute()) * 60
                    + i32::from(wall.second()),
            }
        };
        let mut stretches = vec![stretch(start)];
        // Nearly every day has 24 hours, and a change of the clock is the only thing that makes it otherwise.
        if end - start != i64::from(DAY_S) {
            let changes = self.time_zone.following(UtcSecond(start).to_jiff());
            let within = changes.map(|c| c.timestamp().as_second()).take_while(|&at| at < end);
            stretches.extend(within.map(stretch));
        }
        stretches
    }

    /// When the sun is highest, minutes after midnight on the wall clock at noon.
    fn solar_noon_min(&self, date: Date) -> f64 {
        let noon = UtcSecond(self.midnight(date) + 12 * 3600).to_jiff();
        let offset_min = f64::from(self.time_zone.to_offset(noon).seconds()) / 60.0;
        720.0 + offset_min - 4.0 * self.longitude_deg
    }

    fn temperature_c(&self, number: i32, day_of_year: f64) -> f64 {
        let season = MEAN_C - SWING_C * (std::f64::consts::TAU * (day_of_year - COLDEST_DAY) / 365.25).cos();
        // A weighted sum over the last days: weather comes in spells.
        let spell =
            |n: usize| Draws::new(self.seed, Subject::Weather, 0, i64::from(number) - n as i64).normal();
        let noise: f64 = WEATHER_MEMORY.iter().enumerate().map(|(n, weight)| weight * spell(n)).sum();
        // Tenths, as thermometers are read; and so that the last bit of a cosine decides nothing.
        ((season + WEATHER_NOISE_C * noise) * 10.0).round() / 10.0
    }
}

fn day_number(date: Date) -> i32 {
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

/// Half the time from when it is light enough to when it no longer is, minutes: the sun is then three
/// degrees below the horizon (half-way into civil twilight).
fn half_daylight_min(latitude_deg: f64, day_of_year: f64) -> f64 {
    // Cooper's formula for the sun's declination (1969).
    let declination = 23.45_f64.to_radians() * (std::f64::consts::TAU * (284.0 + day_of_year) / 365.0).sin();
    let latitude = latitude_deg.to_radians();
    let cosine = ((-3.0_f64).to_radians().sin() - latitude.sin() * declination.sin())
        / (latitude.cos() * declination.cos());
    cosine.clamp(-1.0, 1.0).acos().to_degrees() * 4.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn london() -> Almanac {
        Almanac::new(1, TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap(), 51.5, -0.12)
    }

    #[test]
    fn days_have_23_24_or_25_hours() {
        let check = |day: Date, hours: i64, walls: &[(i32, i32)]| {
            let day = london().day(day);
            assert_eq!(day.end.0 - day.start.0, hours * 3600, "{}", day.date);
            assert_eq!(day.wall_until(day.end).collect::<Vec<_>>(), walls, "{}", day.date);
        };
        check(date(2026, 11, 22), 24, &[(0, DAY_S)]);
        check(date(2026, 3, 29), 23, &[(0, 3600), (7200, DAY_S)]);
        check(date(2026, 10, 25), 25, &[(0, 7200), (3600, DAY_S)]);
    }

    #[test]
    fn an_instant_is_in_its_local_day() {
        let summer = UtcSecond::parse("2026-07-01T23:30:00Z").unwrap();
        let day = london().day_of(summer);
        assert_eq!((day.date, day.kind), (date(2026, 7, 2), DayType::Weekday));
        assert_eq!(day.week().1, 3);
        assert_eq!(day.wall_until(summer).collect::<Vec<_>>(), [(0, 1800)]);
    }

    #[test]
    fn the_sun_rises_about_when_it_does() {
        let check = |day: Date, dawn_min: f64, dusk_min: f64| {
            let day = london().day(day);
            assert!((day.dawn_min - dawn_min).abs() < 25.0, "{} dawn {}", day.date, day.dawn_min);
            assert!((day.dusk_min - dusk_min).abs() < 25.0, "{} dusk {}", day.date, day.dusk_min);
        };
        // Sunrise and sunset in London, twenty-odd minutes further apart for the twilight.
        check(date(2026, 12, 21), 8.0 * 60.0 - 18.0, 15.0 * 60.0 + 54.0 + 22.0);
        check(date(2026, 6, 21), 4.0 * 60.0 + 43.0 - 25.0, 21.0 * 60.0 + 21.0 + 25.0);
    }

    #[test]
    fn the_weather_is_londons() {
        let almanac = london();
        let mean = |month: i8| {
            let days = (1..=28).flat_map(|d| (2016..2026).map(move |y| date(y, month, d)));
            let all: Vec<f64> = days.map(|d| almanac.day(d).temperature_c).collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        assert!((4.0..7.5).contains(&mean(1)), "January {}", mean(1));
        assert!((17.0..20.5).contains(&mean(7)), "July {}", mean(7));
        assert_eq!(almanac.day(date(2026, 1, 5)).temperature_c, london().day(date(2026, 1, 5)).temperature_c);
    }
}
