//! The read model: what every area of the finest level used on every local day, made from the store
//! when it is asked for, and again when readings have changed it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use engine::{FigureStore, PipelineStore, ReadingLog, StoreError};
use geography::Geography;
use geography::reference::h25;
use jiff::civil::Date;
use metering::aggregate::Totals;
use metering::stored::PlacedRow;
use metering::{AreaCode, Position, Window};

use super::calendar::{Calendar, day_type};
use super::changed::Changed;
use super::ever_heard::EverHeard;

/// Local days that are kept: a year and a month, of 56 bytes an area each.
const DAYS_KEPT: usize = 400;

/// How soon a day that goes on changing is read again.
const STALE_AFTER: Duration = Duration::from_secs(3);

/// The half-hours of the night: 00:30 to 07:30, as most Economy 7 meters have it.
const NIGHT: std::ops::Range<usize> = 1..15;

/// The half-hours of the evening peak: 16:00 to 20:00.
const EVENING: std::ops::Range<usize> = 32..40;

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

struct Kept {
    summary: Arc<DaySummary>,
    /// When reading it began.
    began: Instant,
}

/// How far the store is, for those who read what others write.
#[derive(Clone)]
pub struct Stored {
    /// Who knows.
    pub store: Arc<dyn PipelineStore>,
    /// Whose partitions they are.
    pub log: Arc<dyn ReadingLog>,
}

/// Summaries by day, and which of them readings have changed since they were made.
pub(super) struct Days {
    geography: Arc<Geography>,
    calendar: Calendar,
    store: Arc<dyn FigureStore>,
    stored: Stored,
    /// Told of every day that is read.
    ever_heard: Arc<EverHeard>,
    kept: Mutex<BTreeMap<Date, Kept>>,
    pub(super) changed: Changed,
}

impl Days {
    /// Nothing kept yet.
    pub(super) fn new(
        geography: Arc<Geography>,
        calendar: Calendar,
        store: Arc<dyn FigureStore>,
        stored: Stored,
        ever_heard: Arc<EverHeard>,
    ) -> Self {
        let (kept, changed) = (Mutex::default(), Changed::default());
        Days { geography, calendar, store, stored, ever_heard, kept, changed }
    }

    /// Notes the days that a partition's rows changed.
    pub(super) fn note_rows(&self, partition: u32, rows: &[PlacedRow]) {
        let mut windows: HashMap<Window, Position> = HashMap::new();
        for PlacedRow { place, row } in rows {
            let through = windows.entry(place.window).or_insert(row.through);
            *through = (*through).max(row.through);
        }
        for (window, through) in windows {
            self.changed.note(self.calendar.local(window).date, partition, through);
        }
    }

    /// Forgets what was read: anything may have changed.
    pub(super) fn forget(&self) {
        lock(&self.kept).clear();
    }

    /// One local day.
    pub(super) async fn summary(&self, date: Date) -> Result<Arc<DaySummary>, StoreError> {
        if let Some(day) = lock(&self.kept).get(&date)
            && (!self.changed.has(date) || day.began.elapsed() < STALE_AFTER)
        {
            return Ok(day.summary.clone());
        }
        // What is stored by now is in what is read from here on; what is not makes the day be read again.
        let began = Instant::now();
        let stored = self.stored.store.progress(self.stored.log.partitions()).await?;
        let summary = Arc::new(self.read(date).await?);
        self.ever_heard.note_day(&summary);
        let mut kept = lock(&self.kept);
        if kept.get(&date).is_some_and(|other| other.began > began) {
            return Ok(summary);
        }
        while kept.len() >= DAYS_KEPT && !kept.contains_key(&date) {
            kept.pop_first();
        }
        kept.insert(date, Kept { summary: summary.clone(), began });
        self.changed.was_read(date, began, &stored);
        Ok(summary)
    }

    async fn read(&self, date: Date) -> Result<DaySummary, StoreError> {
        let mut building = Vec::new();
        let Some(windows) = self.calendar.windows_of(date) else {
            return Ok(DaySummary { date, leaves: Vec::new() });
        };
        let shape = h25();
        let (month, kind) = (date.month() as u8, day_type(date));
        for utc_day in windows.start.day()..=Window(windows.end.0 - 1).day() {
            let wanted: Vec<(Window, usize, f64)> = (0..48)
                .map(|of_day| Window::at(utc_day, of_day))
                .filter(|window| windows.contains(window))
                .map(|window| {
                    let half_hour = self.calendar.local(window).half_hour;
                    (window, half_hour, shape.share(month, kind, half_hour))
                })
                .collect();
            for area_day in self.store.day(utc_day).await? {
                let Some(leaf) = leaf_of(&self.geography, &area_day.area) else { continue };
                building.resize(self.geography.leaf_count() as usize, Building::default());
                for &(window, half_hour, share) in &wanted {
                    let bit = 1 << (window.0 - windows.start.0);
                    building[leaf].add(&area_day.windows[window.of_day()], half_hour, share, bit);
                }
            }
        }
        Ok(DaySummary { date, leaves: building.into_iter().map(Building::finish).collect() })
    }
}

/// The number of an area of the finest level among its like. None for areas of another geography.
pub(super) fn leaf_of(geography: &Geography, code: &AreaCode) -> Option<usize> {
    geography.leaf_number(geography.index_of(code)?).map(|number| number as usize)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
