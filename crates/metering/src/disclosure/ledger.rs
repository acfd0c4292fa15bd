//! What of a day has been released, and what may be next.
//!
//! A figure that changes tells what changed it. So what is known of a group of homes in a half-hour is released in
//! *portions*: as it stood when at least ten homes had changed it since the portion before, or not at all. Portions of
//! all groups and half-hours have nothing in common, so whatever is made of released figures, by adding and taking
//! away, is of whole portions: of ten homes or more. Rounding, larger areas, days, months and the newest figure are
//! made of them and of nothing else, which is why none of these needs a rule of its own against being compared.

mod record;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::AddAssign;
use std::sync::Arc;

pub use record::{AreaNames, BadRecord};

use super::{Crowd, DisclosureRules, Groups, Nesting};
use crate::Position;
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

/// A home that changed something in part, as it was told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedHome {
    /// Where: the number of the finest level's area.
    pub leaf: usize,
    /// By a number that is always the home's own.
    pub home: u32,
    /// Whose record did it: a partition of the log...
    pub partition: u32,
    /// ...and the last position in it.
    pub at: Position,
}

/// How far each partition of the log has been seen.
pub type Seen = BTreeMap<u32, Position>;

/// Whether one has seen all that the other has.
fn covers(seen: &Seen, other: &Seen) -> bool {
    other.iter().all(|(partition, at)| seen.get(partition).is_some_and(|seen| seen >= at))
}

/// What is known of a half-hour.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Which one of the day.
    pub of_day: usize,
    /// All that is known, by number of the finest level's areas.
    pub exact: &'a [Totals],
    /// Homes that have changed that since it was last looked at; none where nobody tells any more. What is not told of is made
    /// out, less well, from what is covered.
    pub changed: Option<&'a [ChangedHome]>,
    /// Everything up to there is in it.
    pub seen: &'a Seen,
    /// How it stands.
    pub course: Course<'a>,
}

/// What has been released of a UTC day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayLedger {
    groups: Arc<Groups>,
    /// By group, and half-hour of the day.
    released: Vec<[Totals; WINDOWS]>,
    /// How far what is released of a half-hour had seen the log.
    seen: Vec<Seen>,
    /// Homes that are known to have changed what is released of a group in a half-hour since. Not kept: who goes on after a
    /// process that ended counts from there.
    changed: HashMap<(usize, usize), HashSet<u32>>,
    /// Whether more homes may be put together.
    may_grow: bool,
}

impl DayLedger {
    /// Nothing released yet. Who is spoken of together stays as it is for the day.
    pub fn new(groups: Arc<Groups>) -> Self {
        DayLedger {
            released: vec![[Totals::default(); WINDOWS]; groups.all().len()],
            groups,
            seen: vec![Seen::new(); WINDOWS],
            changed: HashMap::new(),
            may_grow: true,
        }
    }

    /// Who is spoken of together.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Puts homes together that are in no group yet. Says whether there are any more groups.
    pub fn add_groups(
        &mut self,
        leaves: &[Crowd],
        nesting: &Nesting,
        is_enough: impl Fn(&Crowd) -> bool,
    ) -> bool {
        let left: Vec<Crowd> = leaves
            .iter()
            .enumerate()
            .map(|(leaf, crowd)| if self.groups.of_leaf(leaf).is_some() { Crowd::default() } else { *crowd })
            .collect();
        let more = Groups::decide(&left, nesting, is_enough);
        if more.all().is_empty() || !self.may_grow {
            return false;
        }
        self.groups = Arc::new(self.groups.with(&more, leaves.len()));
        self.released.resize(self.groups.all().len(), [Totals::default(); WINDOWS]);
        true
    }

    /// Releases what may be of a half-hour as it is now. Gives the numbers of the groups whose figures have changed. Nothing
    /// is released of a state that has seen less than what was released before, nor where less is covered than then: it may be
    /// an older state of some of it.
    pub fn release(&mut self, look: &Look<'_>) -> Vec<usize> {
        let Look { of_day, exact, changed, seen, course } = *look;
        if changed.is_none() {
            self.changed.retain(|&(_, of), _| of != of_day);
        }
        for &ChangedHome { leaf, home, partition, at } in changed.unwrap_or_default() {
            let is_released = self.seen[of_day].get(&partition).is_some_and(|&seen| seen >= at);
            if let Some(group) = self.groups.of_leaf(leaf).filter(|_| !is_released) {
                self.changed.entry((group, of_day)).or_default().insert(home);
            }
        }
        if !covers(seen, &self.seen[of_day]) {
            return Vec::new();
        }
        let sum = |of: &[Totals], leaves: &[u32]| {
            let mut sum = Totals::default();
            leaves.iter().filter_map(|&leaf| of.get(leaf as usize)).for_each(|totals| sum += *totals);
            sum
        };
        let mut groups = Vec::new();
        for (number, (group, released)) in self.groups.all().iter().zip(&mut self.released).enumerate() {
            let (now, before) = (sum(exact, &group.leaves), &mut released[of_day]);
            if now == *before || now.meter_seconds < before.meter_seconds {
                continue;
            }
            let expected = match course {
                Course::Open(expected) => Some(sum(expected, &group.leaves)),
                Course::Over => None,
            };
            let told = self.changed.get(&(number, of_day)).map_or(0, HashSet::len);
            if may_be_released(before, &now, homes_changed(before, &now, told), expected) {
                *before = now;
                self.changed.remove(&(number, of_day));
                groups.push(number);
            }
        }
        if !groups.is_empty() {
            self.seen[of_day].extend(seen);
        }
        groups
    }

    /// How far what is released of a half-hour had seen the log.
    pub fn seen(&self, of_day: usize) -> &Seen {
        &self.seen[of_day]
    }

    /// What has been released in a half-hour, group by group: the area that it is of, and what.
    pub fn portions(&self, of_day: usize) -> impl Iterator<Item = (usize, Released)> {
        let released = self.groups.all().iter().zip(&self.released);
        released
            .map(move |(group, released)| (group.area as usize, Released(released[of_day])))
            .filter(|(_, released)| *released != Released::default())
    }

    /// What has been released of every area in a half-hour.
    pub fn areas(&self, of_day: usize, nesting: &Nesting) -> Vec<Released> {
        let mut areas = vec![Released::default(); nesting.len()];
        for (area, released) in self.portions(of_day) {
            std::iter::successors(Some(area), |&area| nesting.parent(area))
                .for_each(|area| areas[area] += released);
        }
        areas
    }

    /// The areas, of all levels, of which homes are spoken of with those of others, where anything was released of them in
    /// some of the half-hours.
    pub fn together(&self, of_day: impl Fn(usize) -> bool, nesting: &Nesting) -> Vec<u32> {
        let first_leaf = nesting.len() - self.groups.leaves();
        let (mut together, mut are) = (Vec::new(), vec![false; nesting.len()]);
        for (group, released) in self.groups.all().iter().zip(&self.released) {
            let of_half_hour = |of: usize| of_day(of) && released[of] != Totals::default();
            if !(0..WINDOWS).any(of_half_hour) {
                continue;
            }
            for &leaf in &group.leaves {
                let within =
                    std::iter::successors(Some(first_leaf + leaf as usize), |&area| nesting.parent(area));
                for area in within.take_while(|&area| area != group.area as usize) {
                    if !std::mem::replace(&mut are[area], true) {
                        together.push(area as u32);
                    }
                }
            }
        }
        together
    }

    #[cfg(test)]
    pub(super) fn of_group(&self, group: usize, of_day: usize) -> Totals {
        self.released[group][of_day]
    }
}

/// How many homes have changed what was released, at least, if so many were told of. A home covers all of a half-hour, or a
/// part, or none: what is covered more or less than before is so by as many homes as half-hours go into it.
fn homes_changed(released: &Totals, now: &Totals, told: usize) -> u32 {
    let seconds = now.meter_seconds.abs_diff(released.meter_seconds);
    let covered = u32::try_from(seconds.div_ceil(WINDOW_S as u64)).unwrap_or(u32::MAX);
    covered.max(u32::try_from(told).unwrap_or(u32::MAX))
}

/// Whether it may be released as it is now. While more is about to arrive, what is still to come must be of enough homes for
/// a portion, too, or the last of them could never be released: a home's part in the next portion will be about as long as
/// in this one.
fn may_be_released(released: &Totals, now: &Totals, changed: u32, expected: Option<Totals>) -> bool {
    let least = DisclosureRules::HOMES_CHANGED_MIN;
    let leaves_enough = |expected: Totals| {
        let to_come = expected.meter_seconds - now.meter_seconds;
        let come = now.meter_seconds - released.meter_seconds;
        to_come <= 0
            || i128::from(to_come) * i128::from(changed) >= i128::from(come.max(1)) * i128::from(least)
    };
    changed >= least && expected.is_none_or(leaves_enough)
}

#[cfg(test)]
mod tests {
    use super::super::tests::small;
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

    fn over<'a>(of_day: usize, exact: &'a [Totals], changed: &'a [ChangedHome], seen: &'a Seen) -> Look<'a> {
        Look { of_day, exact, changed: Some(changed), seen, course: Course::Over }
    }

    fn seen(offset: i64) -> Seen {
        Seen::from([(0, Position::new(1, offset))])
    }

    const NONE: [usize; 0] = [];

    #[test]
    fn what_fewer_than_ten_homes_changed_is_not_released() {
        let mut ledger = ledger();
        let mut check = |now: Totals, expect_seconds: i64| {
            ledger.release(&over(7, &leaves(now), &[], &Seen::new()));
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

    /// The homes of an area, told of at offsets of their numbers.
    fn told(leaf: usize, homes: std::ops::Range<u32>) -> Vec<ChangedHome> {
        let changed = |home| ChangedHome { leaf, home, partition: 0, at: Position::new(1, i64::from(home)) };
        homes.map(changed).collect()
    }

    #[test]
    fn homes_that_are_told_of_are_counted() {
        let mut ledger = ledger();
        let now = leaves(covered(30, 10));
        let nine = [told(0, 0..9), told(0, 0..9)].concat();
        let mut released = |now: &[Totals], changed: &[ChangedHome], offset| {
            ledger.release(&over(3, now, changed, &seen(offset)))
        };
        assert_eq!(released(&now, &nine, 9), NONE, "nine homes, told of twice");
        assert_eq!(released(&now, &told(1, 9..10), 9), NONE, "the tenth is in no group");
        assert_eq!(released(&now, &told(0, 9..10), 20), [0]);
        let more = leaves(covered(30, 20));
        assert_eq!(released(&more, &[], 20), NONE, "they count once");
        assert_eq!(released(&more, &told(0, 5..20), 30), NONE, "what was released had seen them");
        assert_eq!(released(&more, &told(0, 21..31), 30), [0]);
        let (still_more, seen) = (leaves(covered(30, 30)), seen(50));
        assert_eq!(released(&still_more, &told(0, 31..40), 50), NONE);
        let look = Look { changed: None, ..over(3, &still_more, &[], &seen) };
        assert_eq!(ledger.release(&look), NONE);
        assert_eq!(
            ledger.release(&over(3, &still_more, &told(0, 51..52), &seen)),
            NONE,
            "they are forgotten"
        );
    }

    #[test]
    fn who_has_seen_less_releases_nothing() {
        let mut ledger = ledger();
        let mut released =
            |homes, seen: &Seen| ledger.release(&over(3, &leaves(covered(homes, 1800)), &[], seen));
        assert_eq!(released(40, &seen(20)), [0]);
        assert_eq!(released(20, &seen(19)), NONE);
        assert_eq!(released(20, &Seen::new()), NONE);
        assert_eq!(released(20, &seen(20)), NONE, "nor of a state that covers less");
        assert_eq!(released(50, &seen(20)), [0]);
    }

    #[test]
    fn homes_that_come_later_are_put_together_besides() {
        let mut ledger = ledger();
        let is_enough = |crowd: &Crowd| crowd.homes >= 30;
        assert!(!ledger.add_groups(&[90, 29, 0, 0, 0].map(Crowd::of), &small(), is_enough), "29 are too few");
        assert!(ledger.add_groups(&[90, 29, 1, 0, 31].map(Crowd::of), &small(), is_enough));
        let groups: Vec<_> =
            ledger.groups().all().iter().map(|group| (group.area, group.leaves.clone())).collect();
        assert_eq!(groups, [(3, vec![0]), (1, vec![1, 2]), (7, vec![4])]);
        let totals = [0, 29, 1, 0, 0].map(|homes| covered(homes, 1800));
        assert_eq!(ledger.release(&over(3, &totals, &[], &Seen::new())), [1]);
        assert_eq!(ledger.together(|_| true, &small()), [4, 5], "area 1 is what they are spoken of as");
        assert_eq!(ledger.together(|of_day| of_day != 3, &small()), [] as [u32; 0]);
    }

    #[test]
    fn the_last_portion_is_kept_large_enough() {
        let expected = leaves(covered(50, 1800));
        let check = |steps: &[(i64, i64)], expect: &[usize]| {
            let mut ledger = ledger();
            let released = steps.iter().map(|&(homes, seconds)| {
                let (exact, seen) = (leaves(covered(homes, seconds)), Seen::new());
                let look = over(0, &exact, &[], &seen);
                ledger.release(&Look { course: Course::Open(&expected), ..look }).len()
            });
            assert_eq!(released.collect::<Vec<_>>(), expect, "{steps:?}");
            ledger.release(&over(0, &expected, &[], &Seen::new()));
            assert_eq!(ledger.areas(0, &small())[3].meter_seconds(), 50 * 1800);
        };
        check(&[(10, 1800), (19, 1800), (25, 1800), (40, 1800), (45, 1800)], &[1, 0, 1, 1, 0]);
        check(&[(50, 300), (50, 600), (50, 900), (50, 1200), (50, 1500)], &[0, 1, 0, 1, 0]);
        check(&[(40, 1800), (45, 1800), (50, 1800)], &[1, 0, 1]);
    }
}
