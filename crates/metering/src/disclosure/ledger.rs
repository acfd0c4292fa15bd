//! What of a day has been released, and what may be next.
//!
//! A figure that changes tells what changed it. So what is known of a group of homes in a half-hour is released in
//! *portions*: as it stood when at least ten homes had changed it since the portion before, or not at all. Portions of
//! all groups and half-hours have nothing in common, so whatever is made of released figures, by adding and taking
//! away, is of whole portions: of ten homes or more. Rounding, larger areas, days, months and the newest figure are
//! made of them and of nothing else, which is why none of these needs a rule of its own against being compared.

mod record;

use std::collections::HashSet;
use std::ops::AddAssign;
use std::sync::Arc;

pub use record::{AreaNames, BadRecord};

use super::{DisclosureRules, Groups, Nesting};
use crate::aggregate::Totals;
use crate::time::WINDOW_S;

/// Half-hours of a UTC day.
const WINDOWS: usize = 48;

/// What has been released of homes' use. Only a [`DayLedger`] makes it; what is made of it by adding up may be said
/// in public where its homes are enough for its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Released(Totals);

impl Released {
    /// Energy, mWh.
    pub const fn energy_mwh(&self) -> i64 {
        self.0.energy.mwh()
    }

    /// Homes heard, added up over what was added.
    pub fn homes(&self) -> u32 {
        u32::try_from(self.0.meters).unwrap_or(0)
    }

    /// Meter-seconds covered.
    pub const fn meter_seconds(&self) -> i64 {
        self.0.meter_seconds
    }

    /// Mean power of a home, W. None where nothing is covered.
    pub fn mean_w(&self) -> Option<f64> {
        self.0.mean_w()
    }
}

impl AddAssign for Released {
    fn add_assign(&mut self, other: Released) {
        self.0 += other.0;
    }
}

/// How a half-hour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course<'a> {
    /// More of it is about to arrive, until it has as much as this, by number of the finest level's areas.
    Open(&'a [Totals]),
    /// It is over, and what arrives now is late.
    Over,
}

/// What is known of a group in a half-hour.
#[derive(Debug, Clone, Default, PartialEq)]
struct Cell {
    released: Totals,
    /// Homes that are known to have changed it since.
    changed: HashSet<u32>,
}

impl Cell {
    /// How many homes have changed it since it was released, at least. A home covers all of a half-hour, or a part, or
    /// none: what is covered more or less than before is so by as many homes as half-hours go into it.
    fn homes_changed(&self, now: &Totals) -> u32 {
        let seconds = now.meter_seconds.abs_diff(self.released.meter_seconds);
        let covered = u32::try_from(seconds.div_ceil(WINDOW_S as u64)).unwrap_or(u32::MAX);
        covered.max(u32::try_from(self.changed.len()).unwrap_or(u32::MAX))
    }

    /// Whether it may be released as it is now. While more is about to arrive, what is still to come must be of enough
    /// homes for a portion, too, or the last of them could never be released: a home's part in the next portion will
    /// be about as long as in this one.
    fn may_be_released(&self, now: &Totals, expected: Option<Totals>) -> bool {
        let least = DisclosureRules::HOMES_CHANGED_MIN;
        let changed = self.homes_changed(now);
        let leaves_enough = |expected: Totals| {
            let (to_come, come) =
                (expected.meter_seconds - now.meter_seconds, now.meter_seconds - self.released.meter_seconds);
            i128::from(to_come) * i128::from(changed) >= i128::from(come.max(1)) * i128::from(least)
        };
        changed >= least && expected.is_none_or(leaves_enough)
    }
}

/// What has been released of a UTC day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayLedger {
    groups: Arc<Groups>,
    /// By group, and half-hour of the day.
    cells: Vec<[Cell; WINDOWS]>,
}

impl DayLedger {
    /// Nothing released yet. Who is spoken of together stays as it is for the day.
    pub fn new(groups: Arc<Groups>) -> Self {
        let cells = groups.all().iter().map(|_| std::array::from_fn(|_| Cell::default())).collect();
        DayLedger { groups, cells }
    }

    /// Who is spoken of together.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Releases what may be of a half-hour as it is now: by number of the finest level's areas. `changed` are those areas with
    /// homes, each by a number that is always its own, that have changed what was exact when it was last looked at to what is
    /// now, neither earlier nor later; what is not told of is made out, less well, from what is covered. Gives the numbers
    /// of the groups whose figures have changed.
    pub fn release(
        &mut self,
        of_day: usize,
        exact: &[Totals],
        changed: &[(usize, u32)],
        course: Course<'_>,
    ) -> Vec<usize> {
        for &(leaf, home) in changed {
            if let Some(group) = self.groups.of_leaf(leaf) {
                self.cells[group][of_day].changed.insert(home);
            }
        }
        let sum = |of: &[Totals], leaves: &[u32]| {
            let mut sum = Totals::default();
            leaves.iter().filter_map(|&leaf| of.get(leaf as usize)).for_each(|totals| sum += *totals);
            sum
        };
        let mut released = Vec::new();
        for (number, (group, cells)) in self.groups.all().iter().zip(&mut self.cells).enumerate() {
            let (now, cell) = (sum(exact, &group.leaves), &mut cells[of_day]);
            let expected = match course {
                Course::Open(expected) => Some(sum(expected, &group.leaves)),
                Course::Over => None,
            };
            if cell.may_be_released(&now, expected) {
                *cell = Cell { released: now, changed: HashSet::new() };
                released.push(number);
            }
        }
        released
    }

    /// What has been released of a group in a half-hour.
    #[cfg(test)]
    pub(super) fn of_group(&self, group: usize, of_day: usize) -> Totals {
        self.cells[group][of_day].released
    }

    /// What has been released of every area in a half-hour.
    pub fn areas(&self, of_day: usize, nesting: &Nesting) -> Vec<Released> {
        let mut areas = vec![Released::default(); nesting.len()];
        for (group, cells) in self.groups.all().iter().zip(&self.cells) {
            let around = std::iter::successors(Some(group.area as usize), |&area| nesting.parent(area));
            around.for_each(|area| areas[area] += Released(cells[of_day].released));
        }
        areas
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::small;
    use super::super::{Crowd, Groups};
    use super::*;
    use crate::Energy;

    /// What homes have when each covers so many seconds and uses a watt-hour a second.
    fn covered(homes: i64, seconds: i64) -> Totals {
        Totals {
            energy: Energy::from_mwh(homes * seconds * 1000),
            meters: homes,
            meter_seconds: homes * seconds,
        }
    }

    fn leaves(first: Totals) -> [Totals; 5] {
        let mut leaves = [Totals::default(); 5];
        leaves[0] = first;
        leaves
    }

    fn ledger() -> DayLedger {
        let leaves = [50, 0, 0, 0, 0].map(Crowd::of);
        DayLedger::new(Arc::new(Groups::decide(&leaves, &small(), |crowd| crowd.homes >= 30)))
    }

    #[test]
    fn what_fewer_than_ten_homes_changed_is_not_released() {
        let mut ledger = ledger();
        let mut check = |now: Totals, expect_seconds: i64| {
            ledger.release(7, &leaves(now), &[], Course::Over);
            let areas = ledger.areas(7, &small());
            assert_eq!(areas[3].meter_seconds(), expect_seconds);
            assert_eq!((areas[0], areas[1], areas[4]), (areas[3], areas[3], Released::default()));
        };
        check(covered(9, 1800), 0);
        check(covered(54, 300), 0);
        check(covered(55, 300), 55 * 300);
        check(covered(40, 750), 55 * 300);
        check(covered(40, 900), 40 * 900);
        let corrected = Totals { energy: Energy::from_mwh(7), ..covered(40, 900) };
        check(corrected, 40 * 900);
        assert_eq!(ledger.areas(7, &small())[0].energy_mwh(), 40 * 900 * 1000, "it may be one home's");
        assert_eq!(ledger.areas(6, &small())[0], Released::default());
    }

    #[test]
    fn homes_that_are_told_of_are_counted() {
        const NONE: [usize; 0] = [];
        let mut ledger = ledger();
        let now = leaves(covered(30, 10));
        let nine: Vec<(usize, u32)> = (0..9).chain(0..9).map(|home| (0, home)).collect();
        let mut released =
            |now: &[Totals], changed: &[(usize, u32)]| ledger.release(3, now, changed, Course::Over);
        assert_eq!(released(&now, &nine), NONE, "nine homes, told of twice");
        assert_eq!(released(&now, &[(1, 9)]), NONE, "the tenth is in no group");
        assert_eq!(released(&now, &[(0, 9)]), [0]);
        assert_eq!(released(&leaves(covered(30, 20)), &[]), NONE, "they count once");
    }

    #[test]
    fn the_last_portion_is_kept_large_enough() {
        let expected = leaves(covered(50, 1800));
        let check = |steps: &[(i64, i64)], expect: &[usize]| {
            let mut ledger = ledger();
            let released = steps.iter().map(|&(homes, seconds)| {
                ledger.release(0, &leaves(covered(homes, seconds)), &[], Course::Open(&expected)).len()
            });
            assert_eq!(released.collect::<Vec<_>>(), expect, "{steps:?}");
            ledger.release(0, &expected, &[], Course::Over);
            assert_eq!(ledger.areas(0, &small())[3].meter_seconds(), 50 * 1800);
        };
        check(&[(10, 1800), (19, 1800), (25, 1800), (40, 1800), (45, 1800)], &[1, 0, 1, 1, 0]);
        check(&[(50, 300), (50, 600), (50, 900), (50, 1200), (50, 1500)], &[0, 1, 0, 1, 0]);
    }
}
