//! How homes differ: percentiles, none of which is any one home's.

use serde::{Deserialize, Serialize};

use super::DisclosureRules;

/// Half-hours of a local day.
const HALF_HOURS: usize = 48;

/// What a home uses in each half-hour of its mean day, W.
pub type HomeDay = [f64; HALF_HOURS];

/// What one in ten, five in ten and nine in ten homes stay below, W.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Percentiles {
    /// One in ten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p10: Option<f64>,
    /// Five.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// Nine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<f64>,
}

/// How homes differ in each half-hour of their mean days. Only [`DaySpread::of`] works it out; what is read back was that once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaySpread(Vec<Percentiles>);

impl DaySpread {
    /// Of homes. None of too few.
    pub fn of(homes: &[HomeDay], rules: &DisclosureRules) -> Option<Self> {
        if homes.len() < rules.percentile_homes_min() {
            return None;
        }
        let half_hour = |number: usize| {
            let mut watts: Vec<f64> = homes.iter().map(|home| home[number]).collect();
            watts.sort_unstable_by(f64::total_cmp);
            let at = |share| percentile(&watts, share);
            Percentiles { p10: at(0.1), p50: at(0.5), p90: at(0.9) }
        };
        Some(DaySpread((0..HALF_HOURS).map(half_hour).collect()))
    }

    /// In a half-hour of the local day.
    pub fn half_hour(&self, number: usize) -> Percentiles {
        self.0.get(number).copied().unwrap_or_default()
    }
}

/// Whether percentiles may be told of an area, beside those of the areas within it: `homes` of each area of a finer level. Those
/// of areas that have too few to be told of are none, or as many as make up a percentile: fewer would be what sets two percentiles
/// apart.
pub fn stands_beside(homes: &[usize], rules: &DisclosureRules) -> bool {
    let few: usize = homes.iter().filter(|&&homes| homes < rules.percentile_homes_min()).sum();
    few == 0 || few >= DisclosureRules::HOMES_OF_A_PERCENTILE
}

/// The mean of the homes that are nearest to the percentile in rank, as many on either side, rounded as all power is. None where
/// there are too few of them to a side, and where one of them is too much of it.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let homes = DisclosureRules::HOMES_OF_A_PERCENTILE;
    let first = ((share * sorted.len() as f64).round() as usize).checked_sub(homes / 2)?;
    let nearest = sorted.get(first..first + homes)?;
    let (sum, largest) = (nearest.iter().sum::<f64>(), *nearest.last()?);
    let is_of_one = largest * 100.0 > sum * f64::from(DisclosureRules::LARGEST_SHARE_MAX_PERCENT);
    let step = DisclosureRules::POWER_STEP_W;
    (!is_of_one).then(|| (sum / homes as f64 / step).round() * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(watts: impl IntoIterator<Item = f64>) -> Vec<HomeDay> {
        watts.into_iter().map(|watts| [watts; HALF_HOURS]).collect()
    }

    fn of(homes: &[HomeDay]) -> Option<DaySpread> {
        DaySpread::of(homes, &DisclosureRules::default())
    }

    fn spread(watts: impl IntoIterator<Item = f64>) -> [Option<f64>; 3] {
        let spread = of(&homes(watts)).unwrap();
        let Percentiles { p10, p50, p90 } = spread.half_hour(7);
        [p10, p50, p90]
    }

    #[test]
    fn percentiles_are_of_ten_homes() {
        assert!(of(&homes((0..19).map(|_| 200.0))).is_none());
        assert_eq!(spread((0..20).map(|_| 200.0)), [None, Some(200.0), None]);
        assert_eq!(spread((0..44).map(|n| 200.0 + f64::from(n))), [None, Some(220.0), None]);
        assert_eq!(spread((0..50).map(|n| 200.0 + f64::from(n))), [Some(205.0), Some(225.0), Some(245.0)]);
    }

    #[test]
    fn a_few_homes_are_not_what_sets_two_areas_apart() {
        let stands = |homes: &[usize]| stands_beside(homes, &DisclosureRules::default());
        assert!(stands(&[]) && stands(&[25, 30, 0]) && stands(&[25, 5, 5]));
        assert!(!stands(&[25, 1]) && !stands(&[25, 5, 4]));
    }

    #[test]
    fn raised_rules_hold_here_too() {
        let raised = DisclosureRules::raised(30, 30).unwrap();
        let twenty = homes((0..20).map(|_| 200.0));
        assert!(of(&twenty).is_some() && DaySpread::of(&twenty, &raised).is_none());
    }

    #[test]
    fn none_is_mostly_one_home() {
        let with = |last: f64| spread((0..49).map(|_| 100.0).chain([last]));
        assert_eq!(with(150.0), [Some(100.0), Some(100.0), Some(105.0)]);
        assert_eq!(with(160.0), [Some(100.0), Some(100.0), None]);
        assert_eq!(spread((0..50).map(|_| 0.0)), [Some(0.0); 3]);
    }
}
