use jiff::civil::date;
use metering::wire::implausible;
use metering::{Energy, Interval, UtcSecond};
use proptest::prelude::*;

use super::city::{places, population, time_zone};
use crate::places::{HOMES_A_GROUP_MIN, HOMES_A_LEAF_MIN};
use crate::population::{Diary, Population, PopulationConfig};

fn interval(start: i64, duration_s: i64) -> Interval {
    Interval::new(UtcSecond(start), duration_s).unwrap()
}

#[test]
fn more_homes_begin_with_the_same_ones() {
    let (few, many) = (population(1000), population(60_000));
    assert_eq!(few.households(), &many.households()[..1000]);
    let config = PopulationConfig { homes: 1000, seed: 7, time_zone: time_zone() };
    let anew = Population::from_places(places(30), geography::reference::h25(), config.clone());
    assert_eq!(few.households(), anew.households());
    let other = Population::from_places(
        places(30),
        geography::reference::h25(),
        PopulationConfig { seed: 8, ..config },
    );
    assert_ne!(few.households(), other.households());
    assert_eq!(few.registration(999), many.registration(999));
    assert_eq!(few.meter(999).as_str(), "SIM0000999");
}

#[test]
fn every_area_gets_its_homes() {
    let places = places(30);
    let leaf_of = places.allocate(60_000);
    let mut counts = vec![0; places.leaves.len()];
    for &leaf in &leaf_of {
        counts[leaf as usize] += 1;
    }
    assert!(counts.iter().all(|&n| n >= HOMES_A_LEAF_MIN));
    // The rest went by meters: Barnet (2) has 22 times those of the City (0).
    let borough = |n: usize| counts[n * 150..(n + 1) * 150].iter().sum::<usize>();
    assert!(borough(2) > borough(0) + 300, "{} {}", borough(2), borough(0));
}

#[test]
fn a_few_homes_fill_a_few_areas() {
    let places = places(30);
    let mut by_group = vec![0; places.groups.len()];
    for leaf in places.allocate(500) {
        by_group[places.leaves[leaf as usize].group as usize] += 1;
    }
    let filled: Vec<usize> = by_group.into_iter().filter(|&n| n > 0).collect();
    assert_eq!(filled.len(), 10);
    assert!(filled.iter().all(|&n| n >= HOMES_A_GROUP_MIN));
}

#[test]
fn areas_are_complete_one_after_the_other() {
    let population = population(60_000);
    let leaves: Vec<u32> =
        population.by_area().into_iter().map(|home| population.households()[home as usize].leaf).collect();
    let changes = leaves.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes + 1, 4950);
}

#[test]
fn a_home_is_small() {
    assert!(std::mem::size_of::<crate::Household>() <= 100);
}

#[test]
fn homes_are_not_alike_and_days_are_not_either() {
    let population = population(200);
    let day = |home, d| {
        let day = population.day(date(2026, 11, d));
        population.day_energy(home, &day, &mut Diary::default()).mwh()
    };
    let mut homes: Vec<i64> = (0..200).map(|home| day(home, 17)).collect();
    let days: std::collections::BTreeSet<i64> = (1..=28).map(|d| day(3, d)).collect();
    assert_eq!(days.len(), 28);
    homes.sort_unstable();
    assert!(homes[180] > 2 * homes[20], "{} {}", homes[20], homes[180]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn however_time_is_cut_the_energy_is_the_same(
        home in 0_u32..2000, hour in 490_000_i64..500_000, pieces in prop::sample::select(vec![10, 30, 60, 300, 450, 900, 1800])
    ) {
        let population = small();
        let whole = population.energy(home, interval(hour * 3600, 3600));
        let parts: Energy = (0..3600 / pieces)
            .map(|n| population.energy(home, interval(hour * 3600 + n * pieces, pieces)))
            .inspect(|energy| assert!(*energy >= Energy::ZERO))
            .sum();
        prop_assert_eq!(whole, parts);
        prop_assert!(!implausible(whole, interval(hour * 3600, 3600)));
    }

    #[test]
    fn a_day_at_once_is_what_its_intervals_are(home in 0_u32..2000, day in 0_i64..730) {
        let population = small();
        let day = population.almanac().day_of(UtcSecond(1_767_225_600 + day * 86_400));
        let intervals: Vec<Interval> =
            (day.start.0..day.end.0).step_by(1800).map(|s| interval(s, 1800)).collect();
        let mut readings = Vec::new();
        population.readings(home, &day, &intervals, &mut Diary::default(), &mut readings);
        prop_assert_eq!(readings.len(), intervals.len());
        for reading in readings {
            prop_assert_eq!(reading.energy, population.energy(home, reading.interval));
        }
    }
}

/// One population for all cases: making it is most of the work.
fn small() -> &'static Population {
    static POPULATION: std::sync::LazyLock<Population> = std::sync::LazyLock::new(|| population(2000));
    &POPULATION
}
