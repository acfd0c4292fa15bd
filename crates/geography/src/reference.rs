//! Two published tables that the simulator and the modelled figures rest on, embedded in the binary.
//! Their origin, licence and derivation are told in `data/README.md`.

use std::sync::LazyLock;

use metering::AreaCode;
pub use metering::time::DayType;

const HALF_HOURS: usize = 48;
const MONTHS: usize = 12;
const DAY_TYPES: usize = DayType::ALL.len();

/// BDEW's standard load profile H25 of German homes: how a year's use is spread over months, kinds
/// of day and half-hours of the local day. The shape alone is used, never an amount.
///
/// It is normalised to the mean Gregorian year: months of 31, 28.2425, 31, 30 ... days, of which 5/7
/// are weekdays, 1/7 Saturdays and 1/7 Sundays, sum up to 1. A real year differs from that by the
/// days that it happens to have (less than 0.2 %).
///
/// H25 is one of the profiles that BDEW calls dynamic: its table alone would have homes use most in
/// July. Each month here has been multiplied by the mean of BDEW's published day-of-year factor
/// (`-3.92e-10 t^4 + 3.20e-7 t^3 - 7.02e-5 t^2 + 2.10e-3 t + 1.24`) over its days.
#[derive(Debug, Clone, PartialEq)]
pub struct H25 {
    /// By month, day type, half-hour.
    shares: Vec<f64>,
}

impl H25 {
    /// Share of a year's use that falls into this half-hour (0 is 00:00 to 00:30 local time) of one such day.
    ///
    /// # Panics
    /// When `month` is not 1 to 12, or `half_hour` not below 48.
    pub fn share(&self, month: u8, day: DayType, half_hour: usize) -> f64 {
        assert!((1..=12).contains(&month), "month {month}: allowed are 1 to 12");
        assert!(half_hour < HALF_HOURS, "half-hour {half_hour}: allowed are 0 to 47");
        self.shares[Self::index(usize::from(month) - 1, day, half_hour)]
    }

    /// Share of a year's use that falls into one such day.
    ///
    /// # Panics
    /// When `month` is not 1 to 12.
    pub fn day_share(&self, month: u8, day: DayType) -> f64 {
        (0..HALF_HOURS).map(|half_hour| self.share(month, day, half_hour)).sum()
    }

    /// Days of a month in the mean Gregorian year that the shares are normalised to.
    ///
    /// # Panics
    /// When `month` is not 1 to 12.
    pub fn days_in_month(month: u8) -> f64 {
        match month {
            2 => 28.2425,
            4 | 6 | 9 | 11 => 30.0,
            1..=12 => 31.0,
            _ => panic!("month {month}: allowed are 1 to 12"),
        }
    }

    /// Days of a type in a month of that year.
    ///
    /// # Panics
    /// When `month` is not 1 to 12.
    pub fn days(month: u8, day: DayType) -> f64 {
        Self::days_in_month(month) * f64::from(day.days_a_week()) / 7.0
    }

    fn index(month0: usize, day: DayType, half_hour: usize) -> usize {
        (month0 * DAY_TYPES + day as usize) * HALF_HOURS + half_hour
    }

    /// Reads the table: a row a half-hour, a column a month and day type, in billionths of a year's use.
    fn parse(text: &str) -> Option<Self> {
        let mut shares = vec![0.0; MONTHS * DAY_TYPES * HALF_HOURS];
        let mut rows = 0;
        for (half_hour, line) in text.lines().skip(1).enumerate() {
            let mut columns = 0;
            for (column, field) in line.split(',').skip(1).enumerate() {
                let day = *DayType::ALL.get(column % DAY_TYPES)?;
                let slot = shares.get_mut(Self::index(column / DAY_TYPES, day, half_hour))?;
                *slot = f64::from(field.parse::<u32>().ok()?) / 1e9;
                columns += 1;
            }
            if columns != MONTHS * DAY_TYPES {
                return None;
            }
            rows += 1;
        }
        (rows == HALF_HOURS).then_some(Self { shares })
    }
}

/// A borough's published domestic use: Great Britain's sub-national statistics, summed up from its LSOAs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoroughMean {
    /// The borough.
    pub code: AreaCode,
    /// Its name.
    pub name: String,
    /// Domestic meters.
    pub meters: u32,
    /// Mean use of a meter, kWh a year.
    pub mean_kwh: u32,
}

/// The year that [`borough_means`] are of.
pub const BOROUGH_MEANS_YEAR: i16 = 2019;

fn parse_borough_means(text: &str) -> Option<Vec<BoroughMean>> {
    let row = |line: &str| {
        let mut fields = line.split(',');
        Some(BoroughMean {
            code: AreaCode::parse(fields.next()?).ok()?,
            name: fields.next()?.to_owned(),
            meters: fields.next()?.parse().ok()?,
            mean_kwh: fields.next()?.parse().ok()?,
        })
    };
    text.lines().skip(1).map(row).collect()
}

/// The H25 shape.
pub fn h25() -> &'static H25 {
    static TABLE: LazyLock<H25> = LazyLock::new(|| {
        let table = H25::parse(include_str!("../../../data/london/h25.csv"));
        table.expect("data/london/h25.csv is part of the build, and a test reads it")
    });
    &TABLE
}

/// London's 33 boroughs (the City among them), by code.
pub fn borough_means() -> &'static [BoroughMean] {
    static TABLE: LazyLock<Vec<BoroughMean>> = LazyLock::new(|| {
        let table = parse_borough_means(include_str!("../../../data/london/borough_means.csv"));
        table.expect("data/london/borough_means.csv is part of the build, and a test reads it")
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_year_sums_to_one() {
        let mut year = 0.0;
        for month in 1..=12 {
            for day in DayType::ALL {
                let days = H25::days(month, day);
                year += days * h25().day_share(month, day);
            }
        }
        assert!((year - 1.0).abs() < 1e-6, "{year}");
    }

    #[test]
    fn the_shape_is_that_of_homes() {
        let evening = h25().share(1, DayType::Weekday, 38);
        let night = h25().share(1, DayType::Weekday, 6);
        assert!(evening > 2.5 * night, "{evening} {night}");
        assert!(h25().day_share(1, DayType::Sunday) > h25().day_share(7, DayType::Sunday));
    }

    #[test]
    fn a_short_table_is_refused() {
        let text = include_str!("../../../data/london/h25.csv");
        let rows: Vec<&str> = text.lines().collect();
        assert!(H25::parse(text).is_some());
        assert!(H25::parse(&rows[..48].join("\n")).is_none());
        assert!(H25::parse(&text.replacen(',', ";", 40)).is_none());
    }

    #[test]
    fn boroughs_and_their_means() {
        let table = borough_means();
        assert_eq!(table.len(), 33);
        assert!(table.is_sorted_by_key(|row| row.code.clone()));
        let meters: u64 = table.iter().map(|row| u64::from(row.meters)).sum();
        let energy: u64 = table.iter().map(|row| u64::from(row.meters) * u64::from(row.mean_kwh)).sum();
        assert_eq!(meters, 3_630_455);
        assert_eq!(energy / meters, 3447, "London's mean, kWh a meter");
    }
}
