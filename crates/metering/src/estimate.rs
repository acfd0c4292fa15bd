//! What a household uses in a year: as much as the mean home of its area, times what sets the household apart, and how far
//! off that may be.
//!
//! What sets households apart is taken from published values as long as few homes are known, and fitted to homes that
//! are measured and said what kind of home they are, where there are enough: logarithms of their use over the mean of their
//! area, least squares, each coefficient held to the published one as if some homes had said so (ridge regression). How far
//! off it may be are the tenth, the middle and the ninetieth hundredth of what such homes used over what was expected.

use crate::reading::{Dwelling, DwellingKind, Heating};

/// Homes that are fitted to at least: the tenth of fewer is that of a handful.
pub const FITTED_HOMES_MIN: usize = 100;

/// As many homes hold a coefficient to the published one.
const HELD_BY_HOMES: f64 = 10.0;

/// How often coefficients are gone through: each converges by a factor of some each time.
const ROUNDS: usize = 300;

/// Bedrooms, people, and one for each kind and each heating.
const FEATURES: usize = 2 + DwellingKind::ALL.len() + Heating::ALL.len();
const PEOPLE: usize = 1;
const KINDS: usize = 2;
const HEATINGS: usize = KINDS + DwellingKind::ALL.len();

/// Of the natural logarithm of a year's use: for a bedroom, and for the logarithm of the number of people.
///
/// Ofgem's typical domestic consumption values are 1,800, 2,700 and 4,100 kWh for the households that it names for them: one
/// or two people with one bedroom, two or three with three, four or five with five. These two give 1,840, 2,700 and 4,040.
const BEDROOM: f64 = 0.095;
const PERSON: f64 = 0.37;

/// The same for homes heated with electricity: Ofgem's typical value of a meter with two prices, which such homes have, is
/// 3,400 kWh, with one price 2,500 (from 1 July 2026).
const ELECTRIC: f64 = 0.31;

/// The mean home: 2.4 people (ONS, Families and households 2023) and 2.8 bedrooms (English Housing Survey 2022).
const MEAN_BEDROOMS: f64 = 2.8;
const MEAN_PEOPLE: f64 = 2.4;

/// How homes of one area differ, as the standard deviation of the logarithm of their use: that of a log-normal distribution
/// whose mean is 1.24 times its median, as in half of London's LSOAs (DESNZ, LSOA domestic electricity 2019).
const HOMES_DIFFER: f64 = 0.66;

/// How much of that, as variances, is known once the bedrooms are, and once the people are.
const KNOWN_BY_BEDROOMS: f64 = 0.02;
const KNOWN_BY_PEOPLE: f64 = 0.05;

/// Standard deviations within which four of five of a normal distribution are.
pub const FOUR_OF_FIVE: f64 = 1.2816;

/// A home that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownHome {
    /// What kind of home it is.
    pub dwelling: Dwelling,
    /// What it used in some time, over what the mean home of its area used in that time.
    pub over_mean: f64,
}

/// What is said of a household.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// As many such households use more as use less, kWh a year.
    pub kwh: f64,
    /// One in ten uses less.
    pub low_kwh: f64,
    /// One in ten uses more.
    pub high_kwh: f64,
}

/// How households differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Households {
    coefficients: [f64; FEATURES],
    /// What the mean home is like.
    mean: [f64; FEATURES],
    /// Logarithms: what homes used over what was expected. None where only published values tell.
    spread: Option<[f64; 3]>,
    homes: usize,
}

impl Households {
    /// As published values have it.
    pub fn published() -> Self {
        let (mut coefficients, mut mean) = ([0.0; FEATURES], [0.0; FEATURES]);
        (coefficients[0], coefficients[PEOPLE]) = (BEDROOM, PERSON);
        for heating in [Heating::Electric, Heating::HeatPump] {
            coefficients[HEATINGS + heating as usize - 1] = ELECTRIC;
        }
        (mean[0], mean[PEOPLE]) = (MEAN_BEDROOMS, MEAN_PEOPLE.ln());
        Households { coefficients, mean, spread: None, homes: 0 }
    }

    /// As homes have it that are known; as published where they are too few. A home that used nothing is not lived in.
    pub fn fitted(homes: &[KnownHome]) -> Self {
        let published = Self::published();
        let lived_in: Vec<(&KnownHome, f64)> = homes
            .iter()
            .filter(|home| home.over_mean > 0.0 && home.over_mean.is_finite())
            .map(|home| (home, home.over_mean.ln()))
            .collect();
        if lived_in.len() < FITTED_HOMES_MIN {
            return published;
        }
        let mean = mean_of(&lived_in, published.mean);
        let rows: Vec<[f64; FEATURES]> =
            lived_in.iter().map(|(home, _)| apart(&home.dwelling, &mean)).collect();
        let middle = lived_in.iter().map(|(_, ln)| ln).sum::<f64>() / lived_in.len() as f64;
        let mut coefficients = published.coefficients;
        let mut left: Vec<f64> = rows
            .iter()
            .zip(&lived_in)
            .map(|(row, (_, ln))| ln - middle - expected(&coefficients, row))
            .collect();
        for _ in 0..ROUNDS {
            for feature in 0..FEATURES {
                let (mut with, mut square) = (0.0, 0.0);
                for (row, left) in rows.iter().zip(&left) {
                    with += row[feature] * left;
                    square += row[feature] * row[feature];
                }
                let pull = HELD_BY_HOMES * (published.coefficients[feature] - coefficients[feature]);
                let step = (with + pull) / (square + HELD_BY_HOMES);
                coefficients[feature] += step;
                left.iter_mut().zip(&rows).for_each(|(left, row)| *left -= step * row[feature]);
            }
        }
        let mut over: Vec<f64> = left.iter().map(|left| left + middle).collect();
        over.sort_unstable_by(f64::total_cmp);
        let spread = Some([0.1, 0.5, 0.9].map(|part| quantile(&over, part)));
        Households { coefficients, mean, spread, homes: lived_in.len() }
    }

    /// How many homes it rests on; none where only published values tell.
    pub fn homes(&self) -> usize {
        self.homes
    }

    /// What sets a household apart from the mean one, as a factor.
    pub fn factor(&self, dwelling: &Dwelling) -> f64 {
        expected(&self.coefficients, &apart(dwelling, &self.mean)).exp()
    }

    /// Of a household where the mean home uses so much. `mean_off` is how far that mean may be off, as the standard deviation
    /// of its logarithm.
    pub fn estimate(&self, dwelling: &Dwelling, mean_kwh: f64, mean_off: f64) -> Estimate {
        let expected = mean_kwh * self.factor(dwelling);
        let [low, middle, high] = self.spread.unwrap_or_else(|| published_spread(dwelling));
        // Two things that have nothing to do with each other.
        let wider = |from_middle: f64| from_middle.hypot(FOUR_OF_FIVE * mean_off);
        Estimate {
            kwh: expected * middle.exp(),
            low_kwh: expected * (middle - wider(middle - low)).exp(),
            high_kwh: expected * (middle + wider(high - middle)).exp(),
        }
    }
}

/// Of a log-normal distribution with a mean of one.
fn published_spread(dwelling: &Dwelling) -> [f64; 3] {
    let known = dwelling.bedrooms.map_or(0.0, |_| KNOWN_BY_BEDROOMS)
        + dwelling.occupants.map_or(0.0, |_| KNOWN_BY_PEOPLE);
    let variance = HOMES_DIFFER * HOMES_DIFFER - known;
    let middle = -variance / 2.0;
    let off = FOUR_OF_FIVE * variance.sqrt();
    [middle - off, middle, middle + off]
}

/// What is known of a home.
fn features(dwelling: &Dwelling) -> [Option<f64>; FEATURES] {
    let mut features = [None; FEATURES];
    features[0] = dwelling.bedrooms.map(f64::from);
    features[PEOPLE] = dwelling.occupants.map(|people| f64::from(people.max(1)).ln());
    let one_of = |features: &mut [Option<f64>], number: Option<usize>| {
        if let Some(number) = number {
            features.fill(Some(0.0));
            features[number] = Some(1.0);
        }
    };
    one_of(&mut features[KINDS..HEATINGS], dwelling.kind.map(|kind| kind as usize - 1));
    one_of(&mut features[HEATINGS..], dwelling.heating.map(|heating| heating as usize - 1));
    features
}

/// How far it is from the mean home, as far as that is known.
fn apart(dwelling: &Dwelling, mean: &[f64; FEATURES]) -> [f64; FEATURES] {
    let mut apart = [0.0; FEATURES];
    for ((apart, feature), mean) in apart.iter_mut().zip(features(dwelling)).zip(mean) {
        *apart = feature.map_or(0.0, |value| value - mean);
    }
    apart
}

fn expected(coefficients: &[f64; FEATURES], apart: &[f64; FEATURES]) -> f64 {
    coefficients.iter().zip(apart).map(|(coefficient, apart)| coefficient * apart).sum()
}

/// Of those homes of which it is known; else as published.
fn mean_of(homes: &[(&KnownHome, f64)], published: [f64; FEATURES]) -> [f64; FEATURES] {
    let mut mean = published;
    for (feature, mean) in mean.iter_mut().enumerate() {
        let known = || homes.iter().filter_map(|(home, _)| features(&home.dwelling)[feature]);
        let (sum, count) = known().fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
        if count > 0 {
            *mean = sum / f64::from(count);
        }
    }
    mean
}

/// Of sorted values, interpolated as if their ranks were in the middle of their shares.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let at = (part * sorted.len() as f64 - 0.5).clamp(0.0, (sorted.len() - 1) as f64);
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dwelling(bedrooms: u8, occupants: u8) -> Dwelling {
        Dwelling { bedrooms: Some(bedrooms), occupants: Some(occupants), ..Dwelling::default() }
    }

    #[test]
    fn ofgems_three_households() {
        let published = Households::published();
        // Half a person more or less than whole ones: the mean of both.
        let of = |bedrooms, people: [u8; 2]| {
            people.iter().map(|&people| published.factor(&dwelling(bedrooms, people)).ln()).sum::<f64>() / 2.0
        };
        let (low, medium, high) = (of(1, [1, 2]), of(3, [2, 3]), of(5, [4, 5]));
        let kwh = |other: f64| 2_700.0 * (other - medium).exp();
        assert!((kwh(low) / 1_800.0 - 1.0).abs() < 0.05, "{}", kwh(low));
        assert!((kwh(high) / 4_100.0 - 1.0).abs() < 0.05, "{}", kwh(high));
    }

    #[test]
    fn more_is_known_of_whom_more_is_said() {
        let published = Households::published();
        let width = |estimate: Estimate| estimate.high_kwh / estimate.low_kwh;
        let nothing = published.estimate(&Dwelling::default(), 3_400.0, 0.0);
        assert_eq!(published.factor(&Dwelling::default()), 1.0);
        assert!(nothing.low_kwh < nothing.kwh && nothing.kwh < 3_400.0 && 3_400.0 < nothing.high_kwh);
        let said = published.estimate(&dwelling(2, 2), 3_400.0, 0.0);
        assert!(width(said) < width(nothing));
        assert!(
            width(published.estimate(&dwelling(2, 2), 3_400.0, 0.2)) > width(said),
            "the mean may be off"
        );
        let heated = Dwelling { heating: Some(Heating::Electric), ..dwelling(2, 2) };
        let ratio = published.factor(&heated) / published.factor(&dwelling(2, 2));
        assert!((ratio - 3_400.0 / 2_500.0).abs() < 0.01, "{ratio}");
    }

    /// Numbers that are as good as random, of a standard normal distribution: sums of twelve even ones.
    fn noise(seed: &mut u64) -> f64 {
        let mut even = || {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..12).map(|_| even()).sum::<f64>() - 6.0
    }

    fn town(homes: usize, seed: &mut u64) -> Vec<KnownHome> {
        let home = |number: usize| {
            let (bedrooms, people) = ((number % 5) as u8, (number / 5 % 4) as u8 + 1);
            let heating = if number.is_multiple_of(3) { Heating::HeatPump } else { Heating::Gas };
            let kind = (!number.is_multiple_of(7)).then(|| DwellingKind::ALL[number % 6]);
            let ln = 0.2 * f64::from(bedrooms)
                + 0.5 * f64::from(people).ln()
                + if heating == Heating::HeatPump { 0.8 } else { 0.0 };
            let dwelling = Dwelling { kind, heating: Some(heating), ..dwelling(bedrooms, people) };
            KnownHome { dwelling, over_mean: (ln + 0.4 * noise(seed)).exp() }
        };
        let mut homes: Vec<KnownHome> = (0..homes).map(home).collect();
        let mean = homes.iter().map(|home| home.over_mean).sum::<f64>() / homes.len() as f64;
        homes.iter_mut().for_each(|home| home.over_mean /= mean);
        homes
    }

    #[test]
    fn many_homes_tell_more_than_what_is_published() {
        let seed = &mut 7;
        let fitted = Households::fitted(&town(2_000, seed));
        assert_eq!(fitted.homes(), 2_000);
        let pump = |heating| fitted.factor(&Dwelling { heating: Some(heating), ..Dwelling::default() });
        let ratio = pump(Heating::HeatPump) / pump(Heating::Gas);
        assert!((ratio.ln() - 0.8).abs() < 0.1, "{ratio}");
        let others = town(2_000, seed);
        let is_within = |home: &&KnownHome| {
            let estimate = fitted.estimate(&home.dwelling, 1.0, 0.0);
            (estimate.low_kwh..=estimate.high_kwh).contains(&home.over_mean)
        };
        let within = others.iter().filter(is_within).count() as f64 / others.len() as f64;
        assert!((0.77..0.83).contains(&within), "{within}");
    }

    #[test]
    fn few_homes_and_empty_ones_tell_nothing() {
        let seed = &mut 11;
        assert_eq!(Households::fitted(&town(FITTED_HOMES_MIN - 1, seed)), Households::published());
        let mut homes = town(FITTED_HOMES_MIN, seed);
        homes[0].over_mean = 0.0;
        assert_eq!(Households::fitted(&homes).homes(), 0, "one of them is empty");
    }
}
