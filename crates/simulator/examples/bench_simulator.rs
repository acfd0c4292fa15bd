//! How fast homes are simulated: 50,000 homes, 7 days, 48 half-hours a day, on one core.
//!
//! Prints one JSON object a line: `{"bench","figure","value","unit","against"}`.

use std::hint::black_box;
use std::time::Instant;

use geography::Geography;
use jiff::ToSpan as _;
use jiff::civil::date;
use jiff::tz::TimeZone;
use metering::{Interval, UtcSecond};
use simulator::{Diary, Household, Population, PopulationConfig, Reference};

fn main() {
    // The posix rule of London's clock, so that the figure needs no time zone database.
    let time_zone = TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap_or(TimeZone::UTC);
    let config = PopulationConfig { homes: 50_000, seed: 1, time_zone };
    let begun = Instant::now();
    let population = Population::new(&Geography::london(), &Reference::published(), config);
    print("make_50000_homes_ms", begun.elapsed().as_secs_f64() * 1e3, "ms", "null");
    print("home_bytes", size_of::<Household>() as f64, "B", "100");

    let begun = Instant::now();
    let (mut diary, mut readings, mut count, mut mwh) = (Diary::default(), Vec::new(), 0_u64, 0_i64);
    for date in date(2026, 11, 15).series(1.day()).take(7) {
        let day = population.day(date);
        let half_hours: Vec<Interval> = (day.start.0..day.end.0)
            .step_by(1800)
            .filter_map(|start| Interval::new(UtcSecond(start), 1800).ok())
            .collect();
        for home in 0..population.len() as u32 {
            readings.clear();
            population.readings(home, &day, &half_hours, &mut diary, &mut readings);
            count += readings.len() as u64;
            mwh += readings.iter().map(|reading| reading.energy.mwh()).sum::<i64>();
        }
    }
    black_box(mwh);
    print("readings_per_s", count as f64 / begun.elapsed().as_secs_f64(), "readings/s", "1000000");

    let begun = Instant::now();
    let interval = Interval::new(UtcSecond(1_795_341_600), 300);
    let (Ok(interval), day) = (interval, population.almanac().day_of(UtcSecond(1_795_341_600))) else {
        return;
    };
    readings.clear();
    for home in 0..population.len() as u32 {
        population.readings(home, &day, &[interval], &mut diary, &mut readings);
    }
    let per_s = readings.len() as f64 / begun.elapsed().as_secs_f64();
    print("live_readings_per_s", per_s, "readings/s", "20600");
}

fn print(figure: &str, value: f64, unit: &str, against: &str) {
    println!(
        r#"{{"bench":"simulator","figure":"{figure}","value":{value:.1},"unit":"{unit}","against":{against}}}"#
    );
}
