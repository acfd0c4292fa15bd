//! What has been released of every area on a local day.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Weak};

use geography::Geography;
use geography::reference::h25;
use jiff::civil::Date;
use metering::disclosure::{DayLedger, DayParts, Nesting, Part, Released};
use metering::time::{EVENING, NIGHT};
use metering::{AreaCode, Window};

use super::calendar::Calendar;

/// What homes used on a local day.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct DayUse {
    /// Energy, mWh.
    pub energy_mwh: i64,
    /// Of it, in the night.
    pub night_mwh: i64,
    /// Of it, in the evening peak.
    pub evening_mwh: i64,
    /// Meter-seconds covered.
    pub meter_seconds: i64,
    /// Home-years that the standard shape sees in the covered time: energy over this is a year's use.
    pub home_years: f64,
    /// Half-hours in which any home was heard, the day's first in the lowest bit.
    pub heard: u64,
    /// The most homes that at least nine tenths of the covered time has in each window.
    pub homes: u32,
    /// What one home used of it at most, mWh: of what is this area's own, not of areas within it.
    pub largest_mwh: i64,
}

/// A UTC day that a local day is in.
pub(super) struct UtcDay {
    /// Which one.
    pub day: i32,
    /// What has been released of it.
    pub ledger: Arc<DayLedger>,
    /// What one home used of the local day's part of it at most, by number of the finest level's areas, mWh.
    pub largest_mwh: Vec<i64>,
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
        for UtcDay { day, ledger, largest_mwh } in days {
            let is_of_it = |of_day| windows.contains(&Window::at(*day, of_day));
            let mut of_one: HashMap<u32, i64> = HashMap::new();
            for group in ledger.groups().all() {
                let largest = group.leaves.iter().filter_map(|&leaf| largest_mwh.get(leaf as usize)).max();
                let of_area = of_one.entry(group.area).or_default();
                *of_area = largest.copied().unwrap_or(0).max(*of_area);
            }
            of_one.into_iter().for_each(|(area, mwh)| building[area as usize].day.largest_mwh += mwh);
            for of_day in (0..48).filter(|&of_day| is_of_it(of_day)) {
                let window = Window::at(*day, of_day);
                let half_hour = calendar.local(window).half_hour;
                let share = shape.share(month, kind, half_hour);
                let mut of_areas: HashMap<usize, Released> = HashMap::new();
                ledger.portions(of_day).for_each(|(area, part)| *of_areas.entry(area).or_default() += part);
                for (area, released) in of_areas {
                    building[area].add(&released, half_hour, share, 1 << (window.0 - windows.start.0));
                }
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

/// Days, as the parts of areas that figures over them add up to.
pub(super) struct PartsOf<Days>(pub Days);

impl<'a, Days: Iterator<Item = &'a Arc<DaySummary>> + Clone> DayParts for PartsOf<Days> {
    fn each_day(&self, see: &mut dyn FnMut(&mut dyn Iterator<Item = (usize, Part)>)) {
        for summary in self.0.clone() {
            see(&mut summary.areas.iter().map(|&(area, DayUse { energy_mwh, largest_mwh, .. })| {
                (area as usize, Part { energy_mwh, largest_mwh })
            }));
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
        let (day, mwh) = (&mut self.day, released.energy_mwh());
        day.energy_mwh += mwh;
        day.night_mwh += if NIGHT.contains(&half_hour) { mwh } else { 0 };
        day.evening_mwh += if EVENING.contains(&half_hour) { mwh } else { 0 };
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
