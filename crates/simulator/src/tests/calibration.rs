use geography::reference::{DayType, H25, borough_means, h25};
use jiff::ToSpan as _;
use jiff::civil::date;
use metering::{Interval, UtcSecond};

use super::city::population;
use crate::home::Habit;
use crate::population::{Diary, Population};
use crate::{Day, Equipment};

fn year(population: &Population) -> Vec<Day> {
    date(2026, 1, 1).series(1.day()).take(365).map(|d| population.day(d)).collect()
}

fn half_hours(day: &Day) -> Vec<Interval> {
    (day.start.0..day.end.0).step_by(1800).map(|s| Interval::new(UtcSecond(s), 1800).unwrap()).collect()
}

/// kWh of one home on one day.
fn day_kwh(population: &Population, home: u32, day: &Day, diary: &mut Diary) -> f64 {
    population.day_energy(home, day, diary).kwh()
}

#[test]
fn boroughs_use_what_is_published_over_a_year() {
    let population = population(50_000);
    let days = year(&population);
    let mut diary = Diary::default();
    // Each home lives every 24th day, and each day is lived by every 24th home: a borough's 1,500 homes
    // cover the whole year evenly. (24 and 7 have no common factor: weekdays come evenly, too.)
    let (mut sums, mut expected) = (vec![(0.0, 0.0); 33], vec![(0.0, 0.0); 33]);
    for home in 0..population.len() as u32 {
        let borough = population.borough(home) as usize;
        for day in days.iter().skip((home % 24) as usize).step_by(24) {
            sums[borough].0 += day_kwh(&population, home, day, &mut diary);
            sums[borough].1 += 1.0 / 365.2425;
        }
        expected[borough].0 += population.expected_kwh_a_year(home);
        expected[borough].1 += 1.0;
    }
    let mut worst = (0.0_f64, 0.0_f64);
    for ((published, simulated), expected) in borough_means().iter().zip(sums).zip(expected) {
        let off = |(kwh, years): (f64, f64)| (kwh / years / f64::from(published.mean_kwh) - 1.0) * 100.0;
        let (simulated, expected) = (off(simulated), off(expected));
        println!("{:24} simulated {simulated:+.2} %, expected {expected:+.2} %", published.name);
        worst = (worst.0.max(simulated.abs()), worst.1.max(expected.abs()));
    }
    println!("worst: simulated {:.2} %, expected {:.2} %", worst.0, worst.1);
    assert!(worst.0 < 3.0 && worst.1 < 1.0, "{worst:?}");
}

#[test]
fn the_mean_day_has_the_shape_of_the_standard_profile() {
    let population = population(50_000);
    let days = year(&population);
    let mut diary = Diary::default();
    let (mut ours, mut theirs) = ([[0.0; 48]; 3], [[0.0; 48]; 3]);
    let mut readings = Vec::new();
    for (n, day) in days.iter().enumerate() {
        // On the days on which the clock is changed, a half-hour is not what its number says.
        if day.end.0 - day.start.0 != 86_400 {
            continue;
        }
        readings.clear();
        for home in (n as u32..population.len() as u32).step_by(251) {
            population.readings(home, day, &half_hours(day), &mut diary, &mut readings);
        }
        for (n, reading) in readings.iter().enumerate() {
            ours[day.kind as usize][n % 48] += reading.energy.kwh();
        }
        for (half_hour, sum) in theirs[day.kind as usize].iter_mut().enumerate() {
            *sum += h25().share(day.date.month() as u8, day.kind, half_hour);
        }
    }
    let mut worst = 1.0_f64;
    for kind in DayType::ALL {
        let (ours, theirs) = (&ours[kind as usize], &theirs[kind as usize]);
        let r = correlation(ours, theirs);
        println!("{}: r = {r:.4}", kind.as_str());
        for (label, shape) in [("simulated", ours), ("H25", theirs)] {
            let mean = shape.iter().sum::<f64>() / 48.0;
            let relative: Vec<String> = shape.iter().map(|v| format!("{:.2}", v / mean)).collect();
            println!("  {label:10} {}", relative.join(" "));
        }
        worst = worst.min(r);
    }
    assert!(worst >= 0.95, "{worst}");
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |of: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(&x, &y)| of(x - ma, y - mb)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

/// The closed form and the plan must not drift apart: for each habit, and for what few homes have.
#[test]
fn the_expectation_is_what_is_simulated() {
    let population = population(50_000);
    let days = year(&population);
    let check = |name: &str, which: &dyn Fn(&crate::Household) -> bool| {
        let homes: Vec<u32> =
            population.households().iter().filter(|h| which(h)).map(|h| h.number).take(400).collect();
        let mut diary = Diary::default();
        let (mut simulated, mut expected) = (0.0, 0.0);
        for (n, &home) in homes.iter().enumerate() {
            let lived: f64 =
                days.iter().skip(n % 4).step_by(4).map(|d| day_kwh(&population, home, d, &mut diary)).sum();
            simulated += lived * 365.2425 / days.iter().skip(n % 4).step_by(4).count() as f64;
            expected += population.expected_kwh_a_year(home);
        }
        let off = (simulated / expected - 1.0) * 100.0;
        println!("{name:20} {} homes: {off:+.2} % of {:.0} kWh", homes.len(), expected / homes.len() as f64);
        assert!(homes.len() >= 100 && off.abs() < 2.5, "{name}: {off:+.2} %");
    };
    for habit in Habit::ALL {
        check(&format!("{habit:?}"), &|h| h.habit == habit);
    }
    for heating in metering::reading::Heating::ALL {
        check(&format!("{heating:?}"), &|h| h.heating == heating);
    }
    check("electric car", &|h| h.equipment.has(Equipment::ELECTRIC_CAR));
    check("storage heaters", &|h| h.equipment.has(Equipment::STORAGE_HEATERS));
}

#[test]
fn the_reference_is_where_it_should_be() {
    // The tests above compare with these two; an empty table would make them say nothing.
    assert_eq!(borough_means().len(), 33);
    let year: f64 = (1..=12).map(|m| H25::days_in_month(m) * h25().day_share(m, DayType::Weekday)).sum();
    assert!((0.9..1.1).contains(&year), "{year}");
}
