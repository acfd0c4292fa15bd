//! What every area of the finest level used on a local day.

use std::sync::{Arc, Weak};

use engine::{FigureStore, StoreError};
use geography::Geography;
use geography::reference::h25;
use jiff::civil::Date;
use metering::aggregate::Totals;
use metering::time::{EVENING, NIGHT};
use metering::{AreaCode, Window};

use super::calendar::Calendar;

/// What an area of the finest level used on a local day.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct LeafDay {
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
}

/// All areas of the finest level on one local day, by number of the leaf.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DaySummary {
    /// The day.
    pub date: Date,
    /// By number of the leaf; empty where none was heard.
    pub leaves: Vec<LeafDay>,
}

impl DaySummary {
    /// Reads and sums up a day.
    pub(super) async fn read(
        date: Date,
        store: &dyn FigureStore,
        geography: &Geography,
        calendar: &Calendar,
    ) -> Result<Self, StoreError> {
        let mut building = Vec::new();
        let Some(windows) = calendar.windows_of(date) else {
            return Ok(DaySummary { date, leaves: Vec::new() });
        };
        let shape = h25();
        let (month, kind) = (date.month() as u8, calendar.day_type(date));
        for utc_day in windows.start.day()..=Window(windows.end.0 - 1).day() {
            let wanted: Vec<(Window, usize, f64)> = (0..48)
                .map(|of_day| Window::at(utc_day, of_day))
                .filter(|window| windows.contains(window))
                .map(|window| {
                    let half_hour = calendar.local(window).half_hour;
                    (window, half_hour, shape.share(month, kind, half_hour))
                })
                .collect();
            for area_day in store.day(utc_day).await? {
                let Some(leaf) = leaf_of(geography, &area_day.area) else { continue };
                building.resize(geography.leaf_count() as usize, Building::default());
                for &(window, half_hour, share) in &wanted {
                    let bit = 1 << (window.0 - windows.start.0);
                    building[leaf].add(&area_day.windows[window.of_day()], half_hour, share, bit);
                }
            }
        }
        Ok(DaySummary { date, leaves: building.into_iter().map(Building::finish).collect() })
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
    days.iter().filter(|day| !day.leaves.is_empty())
}

/// The number of an area of the finest level among its like. None for areas of another geography.
pub(super) fn leaf_of(geography: &Geography, code: &AreaCode) -> Option<usize> {
    geography.leaf_number(geography.index_of(code)?).map(|number| number as usize)
}

#[derive(Clone, Default)]
struct Building {
    day: LeafDay,
    /// Meter-seconds by number of homes heard.
    by_homes: Vec<(u32, i64)>,
}

impl Building {
    fn add(&mut self, totals: &Totals, half_hour: usize, share: f64, bit: u64) {
        if totals.meter_seconds <= 0 {
            return;
        }
        let (day, mwh) = (&mut self.day, totals.energy.mwh());
        day.energy_mwh += mwh;
        day.night_mwh += if NIGHT.contains(&half_hour) { mwh } else { 0 };
        day.evening_mwh += if EVENING.contains(&half_hour) { mwh } else { 0 };
        day.meter_seconds += totals.meter_seconds;
        day.heard |= bit;
        day.home_years += totals.meter_seconds as f64 / 1800.0 * share;
        self.by_homes.push((u32::try_from(totals.meters).unwrap_or(0), totals.meter_seconds));
    }

    fn finish(mut self) -> LeafDay {
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
