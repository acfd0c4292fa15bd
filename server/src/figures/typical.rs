//! The typical days of a month, of all areas at once: whoever looks at an area wants those of the area around it, too, and
//! that is hundreds of areas of the finest level, a month of days each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{FigureStore, StoreError};
use geography::Geography;
use geography::reference::DayType;
use jiff::ToSpan;
use jiff::civil::Date;
use metering::Window;
use metering::aggregate::Totals;
use metering::disclosure::Nesting;

use super::calendar::{Calendar, day_type};
use super::days::Days;
use super::nested::summed_up;
use super::summary::leaf_of;

/// Months that are kept, of 18 MB where every area is heard.
const KEPT: usize = 3;

/// How soon a month that goes on changing is read again, and how many times as long as reading it took it stands at least.
const STALE_AFTER: Duration = Duration::from_secs(2);
const STANDS_TIMES: u32 = 10;

/// How long a page waits for that.
const WORTH_WAITING: Duration = Duration::from_millis(300);

/// What an area used in the half-hours of some days together.
#[derive(Debug, Clone, Default)]
pub(super) struct DaysTogether {
    /// By half-hour of the local day; empty where nothing was heard.
    pub half_hours: Vec<Totals>,
    /// Days of the month on which anything was heard, the first in the lowest bit.
    dates: u32,
}

impl DaysTogether {
    /// How many days they are.
    pub(super) fn days(&self) -> u32 {
        self.dates.count_ones()
    }

    fn add(&mut self, date: Date, half_hour: usize, totals: &Totals) {
        self.half_hours.resize(48, Totals::default());
        self.half_hours[half_hour] += *totals;
        self.dates |= 1 << (date.day() - 1);
    }

    fn add_all(&mut self, part: &DaysTogether) {
        if self.half_hours.is_empty() {
            self.half_hours.clone_from(&part.half_hours);
        } else {
            self.half_hours.iter_mut().zip(&part.half_hours).for_each(|(whole, part)| *whole += *part);
        }
        self.dates |= part.dates;
    }
}

/// Of each type of day, all areas.
type Month = HashMap<DayType, Vec<DaysTogether>>;

#[derive(Clone)]
struct Held {
    month: Arc<Month>,
    made: Instant,
    took: Duration,
    /// How much had changed when it was read.
    changes: u64,
    /// Whether everything was stored that had.
    settled: bool,
}

impl Held {
    fn stands(&self, changes: u64) -> bool {
        self.settled && self.changes == changes
            || self.made.elapsed() < STALE_AFTER.max(STANDS_TIMES * self.took)
    }
}

/// Months as they were read last.
pub(super) struct TypicalDays {
    geography: Arc<Geography>,
    nesting: Arc<Nesting>,
    calendar: Calendar,
    store: Arc<dyn FigureStore>,
    days: Arc<Days>,
    kept: Mutex<HashMap<Date, Held>>,
    /// Who reads one now.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl TypicalDays {
    /// Nothing kept yet. `days` know what has changed.
    pub(super) fn new(
        geography: Arc<Geography>,
        nesting: Arc<Nesting>,
        calendar: Calendar,
        store: Arc<dyn FigureStore>,
        days: Arc<Days>,
    ) -> Self {
        let (kept, turn) = (Mutex::default(), Arc::default());
        TypicalDays { geography, nesting, calendar, store, days, kept, turn }
    }

    /// Of other aggregates.
    pub(super) fn forget(&self) {
        self.months().clear();
    }

    /// An area's days of a type in the month that begins with `first`; `changes` counts what may have changed any.
    pub(super) async fn of(
        self: &Arc<Self>,
        area: usize,
        first: Date,
        kind: DayType,
        changes: u64,
    ) -> Result<DaysTogether, StoreError> {
        let month = self.month(first, changes).await?;
        Ok(month.get(&kind).and_then(|areas| areas.get(area)).cloned().unwrap_or_default())
    }

    async fn month(self: &Arc<Self>, first: Date, changes: u64) -> Result<Arc<Month>, StoreError> {
        let held = self.months().get(&first).cloned();
        let Some(held) = held else {
            let _turn = self.turn.lock().await;
            let meanwhile = self.months().get(&first).cloned();
            return match meanwhile {
                Some(held) => Ok(held.month),
                None => self.read_and_keep(first, changes).await,
            };
        };
        if !held.stands(changes)
            && let Ok(turn) = self.turn.clone().try_lock_owned()
        {
            let months = self.clone();
            let reading = tokio::spawn(async move {
                let _turn = turn;
                months.read_and_keep(first, changes).await
            });
            match tokio::time::timeout(WORTH_WAITING, reading).await {
                Ok(Ok(Ok(month))) => return Ok(month),
                Ok(Ok(Err(error @ StoreError::Corrupt(_)))) => return Err(error),
                _ => {}
            }
        }
        Ok(held.month)
    }

    async fn read_and_keep(&self, first: Date, changes: u64) -> Result<Arc<Month>, StoreError> {
        let made = Instant::now();
        let end = first.checked_add(1.month()).unwrap_or(first);
        let settled = !self.days.changed.has_between(first, end);
        let month = Arc::new(self.read(first, end).await?);
        let held = Held { month: month.clone(), made, took: made.elapsed(), changes, settled };
        let mut months = self.months();
        if months.len() >= KEPT && !months.contains_key(&first) {
            let oldest = months.iter().min_by_key(|(_, held)| held.made).map(|(&first, _)| first);
            oldest.and_then(|oldest| months.remove(&oldest));
        }
        months.insert(first, held);
        Ok(month)
    }

    async fn read(&self, first: Date, end: Date) -> Result<Month, StoreError> {
        let midnights = self.calendar.midnight(first).zip(self.calendar.midnight(end));
        let (Some((from, to)), Some(span)) = (midnights, self.days.span().await?) else {
            return Ok(Month::new());
        };
        let (from, to) = (from.window(), to.window());
        let leaves = vec![DaysTogether::default(); self.geography.leaf_count() as usize];
        let mut by_kind: HashMap<DayType, Vec<DaysTogether>> =
            DayType::ALL.into_iter().map(|kind| (kind, leaves.clone())).collect();
        for utc_day in from.day().max(span.first_day)..=Window(to.0 - 1).day().min(span.last_day) {
            let windows =
                (0..48).map(|of_day| Window::at(utc_day, of_day)).filter(|w| (from..to).contains(w));
            let locals: Vec<_> =
                windows.map(|window| (window.of_day(), self.calendar.local(window))).collect();
            for area_day in self.store.day(utc_day).await? {
                let Some(leaf) = leaf_of(&self.geography, &area_day.area) else { continue };
                for (of_day, local) in &locals {
                    let totals = &area_day.windows[*of_day];
                    if totals.meter_seconds > 0
                        && let Some(leaves) = by_kind.get_mut(&day_type(local.date))
                    {
                        leaves[leaf].add(local.date, local.half_hour, totals);
                    }
                }
            }
        }
        let all = by_kind
            .into_iter()
            .map(|(kind, leaves)| (kind, summed_up(&leaves, &self.nesting, DaysTogether::add_all)));
        Ok(all.collect())
    }

    fn months(&self) -> MutexGuard<'_, HashMap<Date, Held>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
