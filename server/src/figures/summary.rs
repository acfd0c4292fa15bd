//! What has been released of every area on a local day.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Weak};

use geography::Geography;
use geography::reference::h25;
use jiff::civil::Date;
use metering::disclosure::{DayLedger, DayParts, Nesting, Part, Released, SeesDay};
use metering::time::{EVENING, NIGHT};
use metering::{AreaCode, Window};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;

/// What homes used on a local day.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct DayUse {
    /// Energy.
    pub used: ByPart,
    /// Meter-seconds covered.
    pub meter_seconds: i64,
    /// Home-years that the standard shape sees in the covered time: energy over this is a year's use.
    pub home_years: f64,
    /// Half-hours in which any home was heard, the day's first in the lowest bit.
    pub heard: u64,
    /// The most homes that at least nine tenths of the covered time has in each window.
    pub homes: u32,
    /// What one home used of it at most: of what is this area's own, not of areas within it.
    pub largest: ByPart,
}

/// Energy of a day, and of parts of it, mWh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct ByPart {
    /// All day long.
    pub all: i64,
    /// In the night.
    pub night: i64,
    /// In the evening peak.
    pub evening: i64,
}

impl ByPart {
    /// Adds what was used in a half-hour of the local day.
    pub(super) fn add(&mut self, half_hour: usize, mwh: i64) {
        self.all += mwh;
        self.night += if NIGHT.contains(&half_hour) { mwh } else { 0 };
        self.evening += if EVENING.contains(&half_hour) { mwh } else { 0 };
    }

    /// Of two, each part by itself.
    fn with(self, other: ByPart, of: impl Fn(i64, i64) -> i64) -> ByPart {
        ByPart {
            all: of(self.all, other.all),
            night: of(self.night, other.night),
            evening: of(self.evening, other.evening),
        }
    }

    /// Both together.
    pub(super) fn and(self, other: ByPart) -> ByPart {
        self.with(other, |this, other| this + other)
    }

    /// Of each part the larger one.
    pub(super) fn larger(self, other: ByPart) -> ByPart {
        self.with(other, i64::max)
    }

    /// How much more it is than another, if it is.
    pub(super) fn beyond(self, other: ByPart) -> ByPart {
        self.with(other, |this, other| (this - other).max(0))
    }
}

/// A UTC day that a local day is in.
pub(super) struct UtcDay {
    /// Which one.
    pub day: i32,
    /// What has been released of it.
    pub ledger: Arc<DayLedger>,
    /// What is known of the local day's part of it, by number of the finest level's areas.
    pub exact: Vec<ByPart>,
    /// What one home used of that at most.
    pub largest: Vec<ByPart>,
}

/// One local day.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DaySummary {
    /// The day.
    pub date: Date,
    /// What homes used, by number of the area that they are spoken of as: of the smallest areas that may be. Empty where
    /// nothing has been released.
    pub areas: Vec<(u32, DayUse)>,
    /// Areas of which homes are spoken of with those of others.
    pub together: Vec<u32>,
}

impl DaySummary {
    /// A day on which nothing was heard.
    pub(super) fn nothing(date: Date) -> Self {
        DaySummary { date, areas: Vec::new(), together: Vec::new() }
    }

    /// Of what has been released of the UTC days that it is in.
    pub(super) fn of(
        date: Date,
        windows: &Range<Window>,
        days: &[UtcDay],
        calendar: &Calendar,
        nesting: &Nesting,
    ) -> Self {
        let shape = h25();
        let (month, kind) = (date.month() as u8, calendar.day_type(date));
        let mut building: Vec<Building> = vec![Building::default(); nesting.len()];
        let mut together = Vec::new();
        for UtcDay { day, ledger, exact, largest } in days {
            let is_of_it = |of_day| windows.contains(&Window::at(*day, of_day));
            // What is released, what is known by now, and how much of that is one home's.
            let mut spoken_of: HashMap<usize, [ByPart; 3]> = HashMap::new();
            for group in ledger.groups().all() {
                let [_, known, of_one] = spoken_of.entry(group.area as usize).or_default();
                for leaf in group.leaves.iter().map(|&leaf| leaf as usize) {
                    *known = known.and(exact.get(leaf).copied().unwrap_or_default());
                    *of_one = of_one.larger(largest.get(leaf).copied().unwrap_or_default());
                }
            }
            for of_day in (0..48).filter(|&of_day| is_of_it(of_day)) {
                let window = Window::at(*day, of_day);
                let half_hour = calendar.local(window).half_hour;
                let share = shape.share(month, kind, half_hour);
                let mut of_areas: HashMap<usize, Released> = HashMap::new();
                ledger.portions(of_day).for_each(|(area, part)| *of_areas.entry(area).or_default() += part);
                for (area, released) in of_areas {
                    let [told, ..] = spoken_of.entry(area).or_default();
                    told.add(half_hour, released.energy_mwh());
                    building[area].add(&released, half_hour, share, 1 << (window.0 - windows.start.0));
                }
            }
            for (area, [released, known, of_one]) in spoken_of {
                // What was corrected since it was released may have been one home's.
                let of_one = of_one.and(released.beyond(known));
                let day = &mut building[area].day;
                day.largest = day.largest.and(of_one);
            }
            together.extend(ledger.together(is_of_it, nesting));
        }
        together.sort_unstable();
        together.dedup();
        let areas = (0..).zip(building).filter(|(_, building)| building.day.heard != 0);
        DaySummary {
            date,
            areas: areas.map(|(area, building)| (area, building.finish())).collect(),
            together,
        }
    }
}

/// Days, or a part of each, as the parts of areas that figures over them add up to.
pub(super) struct PartsOf<Days> {
    days: Days,
    of: fn(&DayUse) -> Part,
}

impl<'a, Days: Iterator<Item = &'a Arc<DaySummary>> + Clone> PartsOf<Days> {
    /// Whole days.
    pub(super) fn days(days: Days) -> Self {
        PartsOf { days, of: |day| Part { energy_mwh: day.used.all, largest_mwh: day.largest.all } }
    }

    /// Their nights.
    pub(super) fn nights(days: Days) -> Self {
        PartsOf { days, of: |day| Part { energy_mwh: day.used.night, largest_mwh: day.largest.night } }
    }

    /// Their evenings.
    pub(super) fn evenings(days: Days) -> Self {
        PartsOf { days, of: |day| Part { energy_mwh: day.used.evening, largest_mwh: day.largest.evening } }
    }
}

impl<'a, Days: Iterator<Item = &'a Arc<DaySummary>> + Clone> DayParts for PartsOf<Days> {
    fn each_day(&self, see: &mut SeesDay<'_>) {
        for summary in self.days.clone() {
            see(&mut summary.areas.iter().map(|(area, day)| (*area as usize, (self.of)(day))));
        }
    }
}

/// Which days something was worked out of. It keeps none of them.
pub(super) struct WorkedOutOf(Vec<Weak<DaySummary>>);

impl WorkedOutOf {
    /// Of these. Nothing rests on days on which nothing was heard.
    pub(super) fn days(days: &[Arc<DaySummary>]) -> Self {
        WorkedOutOf(heard(days).map(Arc::downgrade).collect())
    }

    /// Whether they are these, none of them read again.
    pub(super) fn are(&self, days: &[Arc<DaySummary>]) -> bool {
        self.0.iter().map(Weak::as_ptr).eq(heard(days).map(Arc::as_ptr))
    }
}

fn heard(days: &[Arc<DaySummary>]) -> impl Iterator<Item = &Arc<DaySummary>> {
    days.iter().filter(|day| !day.areas.is_empty())
}

/// The number of an area of the finest level among its like. None for areas of another geography.
pub(super) fn leaf_of(geography: &Geography, code: &AreaCode) -> Option<usize> {
    geography.leaf_number(geography.index_of(code)?).map(|number| number as usize)
}

#[derive(Clone, Default)]
struct Building {
    day: DayUse,
    /// Meter-seconds by number of homes heard.
    by_homes: Vec<(u32, i64)>,
}

impl Building {
    fn add(&mut self, released: &Released, half_hour: usize, share: f64, bit: u64) {
        if released.meter_seconds() <= 0 {
            return;
        }
        let day = &mut self.day;
        day.used.add(half_hour, released.energy_mwh());
        day.meter_seconds += released.meter_seconds();
        day.heard |= bit;
        day.home_years += released.meter_seconds() as f64 / 1800.0 * share;
        self.by_homes.push((released.homes(), released.meter_seconds()));
    }

    fn finish(mut self) -> DayUse {
        self.day.homes = homes_of_most(&mut self.by_homes);
        self.day
    }
}

/// The largest number of homes that at least nine tenths of the weight has.
pub(super) fn homes_of_most(by_homes: &mut [(u32, i64)]) -> u32 {
    by_homes.sort_unstable_by(|a, b| b.cmp(a));
    let total: i64 = by_homes.iter().map(|&(_, weight)| weight).sum();
    let mut above = 0;
    for &(homes, weight) in by_homes.iter() {
        above += weight;
        if above * 10 >= total * 9 {
            return homes;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_that_most_of_the_time_has() {
        let check = |pairs: &[(u32, i64)], expect| {
            assert_eq!(homes_of_most(&mut pairs.to_vec()), expect, "{pairs:?}");
        };
        check(&[], 0);
        check(&[(10, 1)], 10);
        check(&[(10, 89), (1, 11)], 1);
        check(&[(10, 90), (1, 10)], 10);
        check(&[(12, 50), (10, 45), (1, 5)], 10);
    }
}
