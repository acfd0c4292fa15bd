use geography::Geography;
use geography::reference::borough_means;

use super::city::time_zone;
use crate::population::{Population, PopulationConfig, Reference};
use crate::{HOMES_A_GROUP_MIN, HOMES_A_LEAF_MIN};

fn london(homes: usize) -> Population {
    let config = PopulationConfig { homes, seed: 1, time_zone: time_zone() };
    Population::new(&Geography::london(), &Reference::published(), config)
}

/// Homes by the codes of the areas of each level.
fn counts(geography: &Geography, population: &Population, level: &str) -> Vec<usize> {
    let level = geography.level_named(level).unwrap();
    let mut counts = vec![0; geography.areas_of(level).len()];
    for household in population.households() {
        let area = geography.at_level(geography.leaf(household.leaf), level).unwrap();
        counts[geography.place_in_level(area)] += 1;
    }
    counts
}

#[test]
fn the_default_population_reaches_every_area() {
    let (geography, population) = (Geography::london(), london(50_000));
    let least = |level| counts(&geography, &population, level).into_iter().min().unwrap();
    assert!(least("lsoa") >= HOMES_A_LEAF_MIN, "{}", least("lsoa"));
    assert!(least("msoa") >= HOMES_A_GROUP_MIN, "{}", least("msoa"));
    assert_eq!(counts(&geography, &population, "msoa").len(), 983);
}

#[test]
fn a_small_population_fills_whole_areas() {
    let (geography, population) = (Geography::london(), london(1000));
    let filled: Vec<usize> = counts(&geography, &population, "msoa").into_iter().filter(|&n| n > 0).collect();
    let enough = filled.iter().filter(|&&n| n >= HOMES_A_GROUP_MIN).count();
    assert!(enough + 1 >= filled.len() && enough >= 15, "{filled:?}");
}

#[test]
fn londons_boroughs_are_expected_to_use_what_is_published() {
    let (geography, population) = (Geography::london(), london(50_000));
    let mut sums = vec![(0.0, 0.0); 33];
    for household in population.households() {
        let area = geography.at_level(geography.leaf(household.leaf), geography.coarsest()).unwrap();
        let code = &geography.area(area).code;
        let borough = borough_means().iter().position(|mean| mean.code == *code).unwrap();
        sums[borough].0 += population.expected_kwh_a_year(household.number);
        sums[borough].1 += 1.0;
    }
    for (published, (kwh, homes)) in borough_means().iter().zip(sums) {
        let off = (kwh / homes / f64::from(published.mean_kwh) - 1.0) * 100.0;
        assert!(off.abs() < 1.0, "{}: {off:+.2} %", published.name);
    }
}
