//! The typical days of a month, of all areas at once: whoever looks at an area wants those of the area around it, too, and
//! that is hundreds of areas of the finest level, a month of days each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use engine::{StoreError, StoredSpan};
use geography::reference::DayType;
use jiff::ToSpan;
use jiff::civil::Date;
use metering::Window;
use metering::disclosure::{Nesting, Released};

use super::calendar::Calendar;
use super::days::Days;
use super::nested::with_parts;
use super::reread::{Rereading, Source};

/// Months that are kept, of 18 MB where every area is heard.
const MONTHS_KEPT: usize = 3;

/// What an area used in the half-hours of some days together.
#[derive(Debug, Clone, Default)]
pub(super) struct DaysTogether {
    /// By half-hour of the local day; empty where nothing was heard.
    pub half_hours: Vec<Released>,
    /// Days of the month on which anything was heard, the first in the lowest bit.
    dates: u32,
}

impl DaysTogether {
    /// How many days they are.
    pub(super) fn days(&self) -> u32 {
        self.dates.count_ones()
    }

    fn add(&mut self, date: Date, half_hour: usize, released: &Released) {
        self.half_hours.resize(48, Released::default());
        self.half_hours[half_hour] += *released;
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

/// A month as it was read.
#[derive(Clone)]
pub(super) struct Month {
    /// Of each type of day, all areas.
    by_kind: Arc<HashMap<DayType, Vec<DaysTogether>>>,
    /// How much had changed of it by then; none where what was stored lacked something.
    settled: Option<u64>,
    /// When it was read.
    began: Instant,
}

/// Months as they were read last.
pub(super) struct TypicalDays {
    read: Arc<Rereading<Reader>>,
}

struct Reader {
    nesting: Arc<Nesting>,
    calendar: Calendar,
    days: Arc<Days>,
}

#[async_trait]
impl Source for Reader {
    type Value = Month;

    async fn read(&self, first: Date) -> Result<Month, StoreError> {
        let end = end_of(first);
        let (began, settled) = (Instant::now(), self.days.changed().settled_between(first, end));
        let by_kind = Arc::new(self.month(first, end).await?);
        Ok(Month { by_kind, settled, began })
    }

    fn changed(&self, first: Date, month: &Month) -> Option<Instant> {
        let now = self.days.changed().settled_between(first, end_of(first));
        (now.is_none() || now != month.settled).then_some(month.began)
    }
}

impl TypicalDays {
    /// Nothing kept yet. `days` know what has changed.
    pub(super) fn new(nesting: Arc<Nesting>, calendar: Calendar, days: Arc<Days>) -> Self {
        let reader = Reader { nesting, calendar, days };
        TypicalDays { read: Arc::new(Rereading::new(reader, MONTHS_KEPT)) }
    }

    /// They are of other aggregates.
    pub(super) fn forget(&self) {
        self.read.forget();
    }

    /// An area's days of a type in the month that begins with `first`.
    pub(super) async fn of(
        &self,
        area: usize,
        first: Date,
        kind: DayType,
    ) -> Result<DaysTogether, StoreError> {
        let Reader { days, calendar, .. } = &self.read.source;
        let span = days.span().await?;
        let date_of = |day, of_day| calendar.date_of(Window::at(day, of_day).start());
        let is_stored = |span: StoredSpan| {
            date_of(span.last_day, 47) >= first && date_of(span.first_day, 0) < end_of(first)
        };
        if !span.is_some_and(is_stored) {
            return Ok(DaysTogether::default());
        }
        let month = self.read.get(first, Rereading::<Reader>::patience()).await?.value;
        Ok(month.by_kind.get(&kind).and_then(|areas| areas.get(area)).cloned().unwrap_or_default())
    }
}

fn end_of(first: Date) -> Date {
    first.checked_add(1.month()).unwrap_or(first)
}

impl Reader {
    async fn month(&self, first: Date, end: Date) -> Result<HashMap<DayType, Vec<DaysTogether>>, StoreError> {
        let midnights = self.calendar.midnight(first).zip(self.calendar.midnight(end));
        let (Some((from, to)), Some(span)) = (midnights, self.days.span().await?) else {
            return Ok(HashMap::new());
        };
        let (from, to) = (from.window(), to.window());
        // So that what changed since is released first.
        let dates =
            std::iter::successors(Some(first), |date| date.tomorrow().ok()).take_while(|&date| date < end);
        if self.days.summaries(dates).await?.iter().any(|day| day.is_behind && !day.value.was_read()) {
            return Err(StoreError::Unavailable("a day of the month can't be read".to_owned()));
        }
        let areas = vec![DaysTogether::default(); self.nesting.len()];
        let mut by_kind: HashMap<DayType, Vec<DaysTogether>> =
            DayType::ALL.into_iter().map(|kind| (kind, areas.clone())).collect();
        for utc_day in from.day().max(span.first_day)..=Window(to.0 - 1).day().min(span.last_day) {
            let ledger = self.days.released(utc_day).await?;
            let windows =
                (0..48).map(|of_day| Window::at(utc_day, of_day)).filter(|w| (from..to).contains(w));
            for window in windows {
                let local = self.calendar.local(window);
                let Some(areas) = by_kind.get_mut(&self.calendar.day_type(local.date)) else { continue };
                for (area, released) in ledger.portions(window.of_day()) {
                    areas[area].add(local.date, local.half_hour, &released);
                }
            }
        }
        let all = by_kind
            .into_iter()
            .map(|(kind, own)| (kind, with_parts(own, &self.nesting, DaysTogether::add_all)));
        Ok(all.collect())
    }
}
