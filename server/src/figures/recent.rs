//! The newest windows, followed row by row from the live feed: what "now" is made of.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use geography::Geography;
use metering::aggregate::Totals;
use metering::api::Measure;
use metering::disclosure::{
    ChangedHome, Course, DayLedger, DisclosureRules, ExactFigure, FigureKind, Look, Nesting, Release,
    Released, Seen,
};
use metering::stored::{HomeChange, PlacedRow};
use metering::time::WINDOW_S;
use metering::{AggregateRow, UtcSecond, Window};

use super::summary::leaf_of;

/// How many windows before the current one may stand in for it.
pub(super) const LOOK_BACK: i32 = 4;

/// A window stands for an area when at least this share of the homes of the window before has been
/// heard in it, per cent: else the first few homes of a new half-hour would speak for all.
const HEARD_ENOUGH_PERCENT: u32 = 50;

/// A window that has ended is over when nothing has changed it for so long: what comes then is late.
const QUIET_FOR: Duration = Duration::from_secs(5);

/// And after so long in any case.
const OVER_AFTER_S: i64 = 600;

/// Homes that are told of at once, at most: of a window that nobody looks at.
const TOLD_MAX: usize = 500_000;

/// One window's rows, their sums by leaf, and what has changed since it was last looked at.
struct RecentWindow {
    rows: HashMap<(u32, u32), AggregateRow>,
    totals: Vec<Totals>,
    seen: Seen,
    changed: Vec<ChangedHome>,
    changed_at: Instant,
    /// Since it changed last, how it stood when it was looked at: whether it was over.
    looked_at: Option<bool>,
}

impl RecentWindow {
    fn new(leaves: usize) -> Self {
        RecentWindow {
            rows: HashMap::new(),
            totals: vec![Totals::default(); leaves],
            seen: Seen::new(),
            changed: Vec::new(),
            changed_at: Instant::now(),
            looked_at: None,
        }
    }
}

/// A window as it is to be looked at.
pub(super) struct WindowLook {
    pub(super) window: Window,
    exact: Vec<Totals>,
    seen: Seen,
    changed: Vec<ChangedHome>,
    /// What it will have, while it is not over.
    expected: Option<Vec<Totals>>,
}

impl WindowLook {
    /// Notes how many homes were heard in it, by area of the finest level, where there are none more yet.
    pub(super) fn note_heard(&self, heard: &mut [u32]) {
        for (heard, totals) in heard.iter_mut().zip(&self.exact) {
            *heard = u32::try_from(totals.meters).unwrap_or(0).max(*heard);
        }
    }

    /// To be shown to the day's ledger.
    pub(super) fn look(&self) -> Look<'_> {
        Look {
            of_day: self.window.of_day(),
            exact: &self.exact,
            changed: Some(&self.changed),
            seen: &self.seen,
            course: self.expected.as_deref().map_or(Course::Over, Course::Open),
        }
    }
}

/// What has been released of a window.
#[derive(Default)]
struct ReleasedWindow {
    /// By area.
    areas: Vec<Released>,
    /// Areas of which homes are spoken of with those of others.
    together: Vec<u32>,
}

#[derive(Default)]
struct Held {
    /// Whether the windows are known as far as they have been released: before that they are not looked at.
    is_begun: bool,
    windows: BTreeMap<Window, RecentWindow>,
    released: BTreeMap<Window, ReleasedWindow>,
    /// Counts how often that changed.
    shown: u64,
    /// What may be said of it, and when that was so: it is asked for by every page.
    said: Option<(Said, Arc<Release>)>,
}

/// What was followed, and what had been released of it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Said {
    first: Window,
    shown: u64,
}

/// The newest windows of all areas of the finest level.
pub(super) struct Recent {
    geography: Arc<Geography>,
    nesting: Arc<Nesting>,
    rules: DisclosureRules,
    held: Mutex<Held>,
}

impl Recent {
    /// Nothing heard yet.
    pub(super) fn new(geography: Arc<Geography>, nesting: Arc<Nesting>, rules: DisclosureRules) -> Self {
        Recent { geography, nesting, rules, held: Mutex::default() }
    }

    /// The windows that are followed at an instant.
    pub(super) fn followed(now: UtcSecond) -> (Window, Window) {
        let current = now.window();
        // The next one, too: clocks of meters run ahead a little.
        (Window(current.0 - LOOK_BACK), current.next())
    }

    /// Forgets everything but what has been released: what follows is of other aggregates.
    pub(super) fn forget(&self) {
        self.lock().windows.clear();
    }

    /// Whether the windows are known as far as they have been released.
    pub(super) fn is_begun(&self, is_begun: bool) {
        self.lock().is_begun = is_begun;
    }

    /// Takes rows of one partition, and the homes that changed them in part; of each row, the one that has seen most stays.
    /// Says whether any changed.
    pub(super) fn take(
        &self,
        partition: u32,
        rows: &[PlacedRow],
        homes: &[HomeChange],
        now: UtcSecond,
    ) -> bool {
        let (first, last) = Self::followed(now);
        let Held { windows, released, .. } = &mut *self.lock();
        windows.retain(|&window, _| window >= first);
        released.retain(|&window, _| window >= first);
        let (mut is_changed, mut homes) = (false, homes.iter().peekable());
        for (number, PlacedRow { place, row }) in (0..).zip(rows) {
            let of_row: Vec<&HomeChange> =
                std::iter::from_fn(|| homes.next_if(|change| change.row <= number)).collect();
            if place.window < first || place.window > last {
                continue;
            }
            let Some(leaf) = leaf_of(&self.geography, &place.area) else { continue };
            let leaves = self.geography.leaf_count() as usize;
            let window = windows.entry(place.window).or_insert_with(|| RecentWindow::new(leaves));
            let held = window.rows.entry((partition, leaf as u32)).or_default();
            if row.through <= held.through {
                continue;
            }
            // What the row had seen of a home before, it tells no more.
            let told = of_row.into_iter().filter(|change| change.at > held.through);
            let room = TOLD_MAX.saturating_sub(window.changed.len());
            window.changed.extend(
                told.map(|&HomeChange { home, at, .. }| ChangedHome { leaf, home, partition, at }).take(room),
            );
            let sums = &mut window.totals[leaf];
            sums.energy += row.energy - held.energy;
            sums.meters += row.meters - held.meters;
            sums.meter_seconds += row.meter_seconds - held.meter_seconds;
            *held = *row;
            let seen = window.seen.entry(partition).or_default();
            *seen = row.through.max(*seen);
            (window.changed_at, window.looked_at) = (Instant::now(), None);
            is_changed = true;
        }
        is_changed
    }

    /// What is to be looked at: windows that have changed since they were, or are over since. `homes` are there, by leaf.
    pub(super) fn looks(&self, now: UtcSecond, homes: &[u32]) -> Vec<WindowLook> {
        let (first, _) = Self::followed(now);
        let Held { windows, is_begun, .. } = &mut *self.lock();
        let mut looks = Vec::new();
        if !*is_begun {
            return looks;
        }
        let mut before: Option<(Window, &[Totals])> = None;
        for (&number, window) in windows.range_mut(first..) {
            let is_quiet = window.changed_at.elapsed() >= QUIET_FOR;
            let is_over = number.end() <= now && (is_quiet || now.0 - number.end().0 >= OVER_AFTER_S);
            if window.looked_at.is_none_or(|was_over| is_over && !was_over) {
                let before = before.take().filter(|(of, _)| of.next() == number);
                looks.push(WindowLook {
                    window: number,
                    exact: window.totals.clone(),
                    seen: window.seen.clone(),
                    changed: std::mem::take(&mut window.changed),
                    expected: (!is_over).then(|| expected(before.map(|(_, totals)| totals), homes)),
                });
                window.looked_at = Some(is_over);
            }
            before = Some((number, &window.totals));
        }
        looks
    }

    /// They could not be looked at: again.
    pub(super) fn look_again(&self, looks: Vec<WindowLook>) {
        let mut held = self.lock();
        for look in looks {
            if let Some(window) = held.windows.get_mut(&look.window) {
                window.looked_at = None;
                window.changed.extend(look.changed);
            }
        }
    }

    /// More homes may be put together now: all windows are to be looked at for that.
    pub(super) fn look_at_all(&self) {
        self.lock().windows.values_mut().for_each(|window| window.looked_at = None);
    }

    /// Shows what has been released of the windows that are of a UTC day.
    pub(super) fn show(&self, day: i32, ledger: &DayLedger, now: UtcSecond) {
        let (first, last) = Self::followed(now);
        let of_day = (first.0..=last.0).map(Window).filter(|window| window.day() == day);
        let released: Vec<(Window, ReleasedWindow)> = of_day
            .map(|window| {
                let number = window.of_day();
                let together = ledger.together(|of_day| of_day == number, &self.nesting);
                (window, ReleasedWindow { areas: ledger.areas(number, &self.nesting), together })
            })
            .collect();
        let mut held = self.lock();
        held.released.extend(released);
        held.shown += 1;
    }

    /// What may be said of now: for every area the newest window in which enough of it was heard.
    pub(super) fn release(&self, now: UtcSecond) -> Arc<Release> {
        let (first, last) = Self::followed(now);
        let (newest_first, of) = {
            let held = self.lock();
            let of = Said { first, shown: held.shown };
            if let Some((_, release)) = held.said.as_ref().filter(|(said, _)| *said == of) {
                return release.clone();
            }
            let figures = |window| self.figures(held.released.get(&Window(window)));
            let newest_first: Vec<Vec<ExactFigure>> = (first.0..=last.0).rev().map(figures).collect();
            (newest_first, of)
        };
        let releases: Vec<Release> = newest_first
            .iter()
            .map(|figures| Release::decide(figures, &[], &self.nesting, Measure::Now, &self.rules))
            .collect();
        let release = Arc::new(Release::newest(&releases, &self.nesting, |release, area| {
            let before = newest_first.get(release + 1).map_or(0, |figures| figures[area].homes);
            newest_first[release][area].homes * 100 >= before * HEARD_ENOUGH_PERCENT
        }));
        self.lock().said = Some((of, release.clone()));
        release
    }

    /// The most homes of an area that were released in any of the followed windows.
    pub(super) fn heard_most(&self, area: usize) -> Option<u32> {
        self.lock().released.values().filter_map(|window| window.areas.get(area)).map(Released::homes).max()
    }

    fn figures(&self, window: Option<&ReleasedWindow>) -> Vec<ExactFigure> {
        let figure = |released: &Released| ExactFigure {
            homes: released.homes(),
            kind: FigureKind::Window,
            value: released.mean_w(),
            ..ExactFigure::default()
        };
        let Some(ReleasedWindow { areas, together }) = window else {
            return vec![ExactFigure::default(); self.nesting.len()];
        };
        let mut figures: Vec<ExactFigure> = areas.iter().map(figure).collect();
        together.iter().for_each(|&area| figures[area as usize].together = true);
        figures
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a window will have: as much as the one before, and where that has nothing, a half-hour of all homes that there are.
fn expected(before: Option<&[Totals]>, homes: &[u32]) -> Vec<Totals> {
    let mut expected = before.unwrap_or_default().to_vec();
    expected.resize(homes.len().max(expected.len()), Totals::default());
    for (totals, &homes) in expected.iter_mut().zip(homes) {
        if totals.meter_seconds <= 0 {
            totals.meter_seconds = i64::from(homes) * WINDOW_S;
        }
    }
    expected
}
