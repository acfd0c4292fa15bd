//! Whether one home makes up too much of a figure.

use super::{DisclosureRules, Nesting};

/// What the homes of an area used on some day, of those that are spoken of as this area and not as one within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// All of them together, mWh.
    pub energy_mwh: i64,
    /// One of them at most, mWh.
    pub largest_mwh: i64,
}

/// Who is shown a day: the parts of areas, by their numbers.
pub type SeesDay<'a> = dyn FnMut(&mut dyn Iterator<Item = (usize, Part)>) + 'a;

/// The parts of all areas, day by day. What one home used over days is what it used on each of them, at most; so whoever moved
/// between them is not two homes.
pub trait DayParts {
    /// Shows each day.
    fn each_day(&self, see: &mut SeesDay<'_>);
}

impl DayParts for Vec<Vec<(usize, Part)>> {
    fn each_day(&self, see: &mut SeesDay<'_>) {
        self.iter().for_each(|day| see(&mut day.iter().copied()));
    }
}

/// The areas of which one home may be too much.
pub(super) fn dominated(parts: &dyn DayParts, nesting: &Nesting) -> Vec<bool> {
    find(parts, nesting.len(), |area| std::iter::successors(Some(area), |&area| nesting.parent(area)))
}

/// The shown areas of which one home may be too much of what is left, when those that are shown within them are taken away:
/// what is `told_with` them.
pub(super) fn dominated_residuals(parts: &dyn DayParts, told_with: &[Option<usize>]) -> Vec<bool> {
    find(parts, told_with.len(), |area| told_with[area].into_iter())
}

/// `counts_for` gives whose figures a part of an area is in.
fn find<Areas: Iterator<Item = usize>>(
    parts: &dyn DayParts,
    areas: usize,
    counts_for: impl Fn(usize) -> Areas,
) -> Vec<bool> {
    let mut sums = vec![Part::default(); areas];
    let mut largest = vec![0; areas];
    let mut touched = Vec::new();
    parts.each_day(&mut |day| {
        for (area, part) in day {
            for of in counts_for(area) {
                sums[of].energy_mwh += part.energy_mwh;
                if largest[of] == 0 {
                    touched.push(of);
                }
                largest[of] = part.largest_mwh.max(largest[of]);
            }
        }
        for of in touched.drain(..) {
            sums[of].largest_mwh += std::mem::take(&mut largest[of]);
        }
    });
    sums.iter().map(Part::is_of_one).collect()
}

impl Part {
    /// Whether one home may be too much of it.
    fn is_of_one(&self) -> bool {
        let most = i128::from(self.energy_mwh) * i128::from(DisclosureRules::LARGEST_SHARE_MAX_PERCENT);
        i128::from(self.largest_mwh) * 100 > most
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::super::Shown;
    use super::super::tests::small;
    use super::*;

    fn found(of: &[bool]) -> Vec<usize> {
        of.iter().enumerate().filter(|&(_, &is)| is).map(|(area, _)| area).collect()
    }

    fn part(area: usize, energy_mwh: i64, largest_mwh: i64) -> (usize, Part) {
        (area, Part { energy_mwh, largest_mwh })
    }

    #[test]
    fn one_home_is_at_most_so_much_of_every_area() {
        let day = vec![part(3, 100, 16), part(4, 100, 15), part(5, 40, 3), part(6, 10, 9), part(7, 300, 10)];
        let areas = |days: &[Vec<(usize, Part)>]| found(&dominated(&days.to_vec(), &small()));
        assert_eq!(areas(std::slice::from_ref(&day)), [3, 6]);
        assert_eq!(areas(&[]), [] as [usize; 0]);
        // On the next day it is less of it, or another one may be.
        assert_eq!(areas(&[day.clone(), vec![part(3, 100, 10), part(6, 100, 9)]]), [6]);
        assert_eq!(areas(&[day, vec![part(3, 100, 14), part(6, 100, 7)]]), [] as [usize; 0]);
    }

    #[test]
    fn who_moves_is_one_home() {
        // Half of the days in one area, half in another: of both together it is too much.
        let days = vec![
            vec![part(3, 100, 40), part(4, 60, 2), part(5, 40, 2)],
            vec![part(3, 60, 2), part(4, 100, 40), part(5, 40, 2)],
        ];
        assert_eq!(found(&dominated(&days, &small())), [0, 1, 3, 4]);
    }

    #[test]
    fn what_is_left_of_a_shown_area_is_not_one_homes_either() {
        let days =
            vec![vec![part(3, 100, 60), part(4, 400, 20), part(5, 30, 3), part(1, 20, 2), part(7, 300, 9)]];
        assert_eq!(found(&dominated(&days, &small())), [3]);
        let left = |shown: &[usize]| {
            let shown: Vec<bool> = (0..8).map(|area| shown.contains(&area)).collect();
            found(&dominated_residuals(&days, &small().told_with(&shown)))
        };
        assert_eq!(left(&[0, 1, 2, 7]), [] as [usize; 0]);
        assert_eq!(left(&[0, 1, 2, 4, 7]), [1], "60 of 150");
        assert_eq!(left(&[0, 2, 4, 7]), [0], "the same, of the area around it");
        assert_eq!(left(&[2, 7]), [] as [usize; 0]);
    }

    /// Where each home is on each of three days, and what it uses there: one in ten as much as many others.
    fn homes() -> impl Strategy<Value = Vec<[(usize, i64); 3]>> {
        let uses = prop_oneof![9 => 50..400_i64, 1 => 400..20_000_i64];
        let day = move |leaf: usize| (prop_oneof![9 => Just(leaf), 1 => 3..8_usize], uses.clone());
        let home = (3..8_usize).prop_flat_map(move |leaf| [day(leaf), day(leaf), day(leaf)]);
        prop::collection::vec(home, 20..180)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        /// Areas lie in each other, so the least that anybody can work out of what is shown of them is what is left of one when
        /// all that are shown within it are taken away. Of no such rest is one home too much, wherever it moved.
        #[test]
        fn nobody_is_most_of_what_can_be_worked_out(homes in homes()) {
            const HOMES_MIN: u32 = 10;
            let nesting = small();
            let within = |area: usize| std::iter::successors(Some(area), |&area| nesting.parent(area));
            let mut in_area = vec![BTreeSet::new(); nesting.len()];
            let mut days = vec![BTreeMap::<usize, Part>::new(); 3];
            for (home, places) in homes.iter().enumerate() {
                for (day, &(leaf, mwh)) in days.iter_mut().zip(places) {
                    let part = day.entry(leaf).or_default();
                    part.energy_mwh += mwh;
                    part.largest_mwh = part.largest_mwh.max(mwh);
                    within(leaf).for_each(|area| {
                        in_area[area].insert(home);
                    });
                }
            }
            let counts: Vec<u32> = in_area.iter().map(|homes| homes.len() as u32).collect();
            let days: Vec<Vec<(usize, Part)>> = days.into_iter().map(|day| day.into_iter().collect()).collect();
            let shown = Shown::decide(&counts, &[HOMES_MIN; 8], &nesting, &[&days]);
            let is_shown: Vec<bool> = (0..nesting.len()).map(|area| shown.is_shown(area)).collect();
            let mut rests: BTreeMap<usize, BTreeMap<usize, i64>> = BTreeMap::new();
            for (home, places) in homes.iter().enumerate() {
                for &(leaf, mwh) in places {
                    if let Some(area) = within(leaf).find(|&area| is_shown[area]) {
                        *rests.entry(area).or_default().entry(home).or_default() += mwh;
                    }
                }
            }
            for (area, by_home) in rests {
                let (all, most) = (by_home.values().sum::<i64>(), by_home.values().max().unwrap());
                prop_assert!(most * 100 <= all * 15, "{most} of {all} in what is left of {area}");
            }
        }
    }
}
