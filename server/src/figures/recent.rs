//! The newest windows, followed row by row from the live feed: what "now" is made of.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use geography::Geography;
use metering::aggregate::Totals;
use metering::api::Measure;
use metering::disclosure::{DisclosureRules, ExactFigure, FigureKind, Nesting, Release};
use metering::stored::PlacedRow;
use metering::{AggregateRow, UtcSecond, Window};

use super::nested::summed_up;
use super::summary::leaf_of;

/// How many windows before the current one may stand in for it.
pub(super) const LOOK_BACK: i32 = 4;

/// A window stands for an area when at least this share of the homes of the window before has been
/// heard in it, per cent: else the first few homes of a new half-hour would speak for all.
const HEARD_ENOUGH_PERCENT: u32 = 50;

/// One window's rows, and their sums by leaf.
struct RecentWindow {
    rows: HashMap<(u32, u32), AggregateRow>,
    totals: Vec<Totals>,
}

/// The newest windows of all areas of the finest level.
pub(super) struct Recent {
    geography: Arc<Geography>,
    nesting: Arc<Nesting>,
    rules: DisclosureRules,
    windows: Mutex<BTreeMap<Window, RecentWindow>>,
}

impl Recent {
    /// Nothing heard yet.
    pub(super) fn new(geography: Arc<Geography>, nesting: Arc<Nesting>, rules: DisclosureRules) -> Self {
        Recent { geography, nesting, rules, windows: Mutex::default() }
    }

    /// The windows that are followed at an instant.
    pub(super) fn followed(now: UtcSecond) -> (Window, Window) {
        let current = now.window();
        // The next one, too: clocks of meters run ahead a little.
        (Window(current.0 - LOOK_BACK), current.next())
    }

    /// Forgets everything: what follows is of other aggregates.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    /// Takes rows of one partition; of each, the one that has seen most stays. Says whether any changed.
    pub(super) fn take(&self, partition: u32, rows: &[PlacedRow], now: UtcSecond) -> bool {
        let (first, last) = Self::followed(now);
        let mut windows = self.lock();
        windows.retain(|&window, _| window >= first);
        let mut changed = false;
        for PlacedRow { place, row } in rows {
            if place.window < first || place.window > last {
                continue;
            }
            let Some(leaf) = leaf_of(&self.geography, &place.area) else { continue };
            let window = windows.entry(place.window).or_insert_with(|| RecentWindow {
                rows: HashMap::new(),
                totals: vec![Totals::default(); self.geography.leaf_count() as usize],
            });
            let held = window.rows.entry((partition, leaf as u32)).or_default();
            if row.through > held.through {
                let sums = &mut window.totals[leaf];
                sums.energy += row.energy - held.energy;
                sums.meters += row.meters - held.meters;
                sums.meter_seconds += row.meter_seconds - held.meter_seconds;
                *held = *row;
                changed = true;
            }
        }
        changed
    }

    /// What may be said of now: for every area the newest window in which enough of it was heard.
    pub(super) fn release(&self, now: UtcSecond) -> Release {
        let (first, last) = Self::followed(now);
        let newest_first: Vec<Vec<ExactFigure>> = {
            let windows = self.lock();
            (first.0..=last.0).rev().map(|w| self.figures(windows.get(&Window(w)))).collect()
        };
        let releases: Vec<Release> = newest_first
            .iter()
            .map(|figures| Release::decide(figures, &self.nesting, Measure::Now, &self.rules))
            .collect();
        Release::newest(&releases, &self.nesting, |release, area| {
            let before = newest_first.get(release + 1).map_or(0, |figures| figures[area].homes);
            newest_first[release][area].homes * 100 >= before * HEARD_ENOUGH_PERCENT
        })
    }

    /// The most homes of an area that were heard in any of the followed windows.
    pub(super) fn heard_most(&self, area: usize) -> Option<u32> {
        let leaves = self.geography.leaves(geography::AreaIndex(area as u32));
        let heard = |window: &RecentWindow| {
            let totals = window.totals.get(leaves.start as usize..leaves.end as usize)?;
            u32::try_from(totals.iter().map(|sum| sum.meters).sum::<i64>()).ok()
        };
        self.lock().values().filter_map(heard).max()
    }

    fn figures(&self, window: Option<&RecentWindow>) -> Vec<ExactFigure> {
        let leaves = window.map_or(&[][..], |window| &window.totals);
        let sums = summed_up(leaves, &self.nesting, |whole, part| *whole += *part);
        sums.iter()
            .map(|sum| ExactFigure {
                homes: u32::try_from(sum.meters).unwrap_or(0),
                kind: FigureKind::Window,
                value: sum.mean_w(),
                ..ExactFigure::default()
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Window, RecentWindow>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
