//! The read model: what every area of the finest level used on every local day, made from the store
//! when it is asked for, and again when readings have changed it.

use std::collections::{BTreeSet, HashMap};
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::{FigureStore, PipelineStore, ReadingLog, StoreError, StoredSpan};
use futures::{StreamExt, TryStreamExt};
use geography::Geography;
use jiff::civil::Date;
use metering::aggregate::Totals;
use metering::disclosure::{ChangedHome, Course, DayLedger, Look, Nesting, Seen};
use metering::stored::{HomeChange, PlacedRow};
use metering::{Position, Window};

use super::calendar::Calendar;
use super::changed::Changed;
use super::ever_heard::EverHeard;
use super::ledgers::Ledgers;
use super::recent::Recent;
use super::reread::{READ_AT_ONCE, Read, Rereading, Source};
use super::summary::{ByPart, DaySummary, UtcDay, homes_of_most, leaf_of};
use super::told::Told;
use super::weights::{DayCourse, Weights};
use crate::clock::Clock;

/// Local days that are kept: a year and a month, of 64 bytes an area each that anything is said of.
const DAYS_KEPT: usize = 400;

/// How long what is on its way into the store is waited for before a day is weighed.
const ARRIVES_WITHIN: Duration = Duration::from_secs(120);

/// How far the store is, for those who read what others write.
#[derive(Clone)]
pub struct Stored {
    /// Who knows.
    pub store: Arc<dyn PipelineStore>,
    /// Whose partitions they are.
    pub log: Arc<dyn ReadingLog>,
}

impl Stored {
    /// How far each partition is.
    pub(super) async fn progress(&self) -> Result<Vec<Option<Position>>, StoreError> {
        self.store.progress(self.log.partitions()).await
    }
}

/// A local day as it was read.
#[derive(Clone)]
pub(super) struct ReadDay {
    pub summary: Arc<DaySummary>,
    /// How far each partition was stored before that.
    stored: Arc<[Option<Position>]>,
    /// When it was, and the window before which it was looked at; none where there was nothing to look at.
    looked_at: Option<(Instant, Window)>,
    /// The UTC days that it is in.
    utc_days: RangeInclusive<i32>,
    /// Whether too much of it has come since it was weighed, and it will be again.
    pub is_to_be_weighed: bool,
}

/// Summaries by day, and which of them readings have changed since they were made.
pub(super) struct Days {
    read: Arc<Rereading<Reader>>,
    /// Which days there are.
    span: Mutex<Span>,
}

/// What days are read with.
pub(super) struct Reader {
    pub(super) geography: Arc<Geography>,
    pub(super) nesting: Arc<Nesting>,
    pub(super) calendar: Calendar,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Arc<dyn FigureStore>,
    pub(super) stored: Stored,
    pub(super) ledgers: Arc<Ledgers>,
    pub(super) weights: Arc<Weights>,
    pub(super) told: Told,
    /// Told of every day that is read.
    pub(super) ever_heard: Arc<EverHeard>,
    pub(super) changed: Changed,
}

#[async_trait]
impl Source for Reader {
    type Value = ReadDay;

    async fn read(&self, date: Date) -> Result<ReadDay, StoreError> {
        // What is stored by now is in what is read from here on; what is not makes the day be read again.
        let stored = self.stored.progress().await?;
        let (now, left_until) = (Instant::now(), self.left_until());
        let (summary, is_to_be_weighed) = self.released(date, &stored, left_until).await?;
        let looked_at = Some((now, left_until));
        let utc_days = self.calendar.windows_of(date).map_or(RangeInclusive::new(0, -1), |of| utc_days(&of));
        let summary = Arc::new(summary);
        Ok(ReadDay { summary, stored: stored.into(), looked_at, utc_days, is_to_be_weighed })
    }

    fn changed(&self, date: Date, day: &ReadDay) -> Option<Instant> {
        // What was followed when it was read and no longer is has not been looked at since.
        let end = self.calendar.windows_of(date).map(|windows| windows.end);
        let is_left =
            |&(_, until): &(Instant, Window)| end.is_some_and(|end| until < end.min(self.left_until()));
        let left = day.looked_at.filter(is_left).map(|(at, _)| at);
        let read_at = day.looked_at.map(|(at, _)| at);
        let weighed = day.utc_days.clone().filter_map(|day| self.weights.found(day));
        let weighed = weighed.filter(|&at| read_at.is_some_and(|read| read <= at));
        self.changed.since(date).into_iter().chain(left).chain(weighed).min()
    }

    fn kept(&self, date: Date, began: Instant, day: &ReadDay) {
        self.changed.was_read(date, began, &day.stored);
    }
}

impl Reader {
    /// What has been released of a local day, after a look at what is stored of it before a window; and whether it is to be
    /// weighed.
    async fn released(
        &self,
        date: Date,
        stored: &[Option<Position>],
        left_until: Window,
    ) -> Result<(DaySummary, bool), StoreError> {
        let Some(windows) = self.calendar.windows_of(date) else {
            return Ok((DaySummary::nothing(date), false));
        };
        let seen: Seen = (0..).zip(stored).filter_map(|(partition, at)| Some((partition, (*at)?))).collect();
        let (mut days, mut by_homes) = (Vec::new(), vec![Vec::new(); self.geography.leaf_count() as usize]);
        for day in utc_days(&windows) {
            let mut exact = vec![Vec::new(); 48];
            let mut known = vec![ByPart::default(); by_homes.len()];
            for area_day in self.store.day(day).await? {
                let Some(leaf) = leaf_of(&self.geography, &area_day.area) else { continue };
                for (of_day, totals) in area_day.windows.iter().enumerate() {
                    if totals.meter_seconds <= 0 {
                        continue;
                    }
                    exact[of_day].resize(by_homes.len(), Totals::default());
                    exact[of_day][leaf] = *totals;
                    if windows.contains(&Window::at(day, of_day)) {
                        by_homes[leaf]
                            .push((u32::try_from(totals.meters).unwrap_or(0), totals.meter_seconds));
                        let half_hour = self.calendar.local(Window::at(day, of_day)).half_hour;
                        known[leaf].add(half_hour, totals.energy.mwh());
                    }
                }
            }
            days.push((day, exact, known));
        }
        let heard: Vec<u32> = by_homes.iter_mut().map(|by_homes| homes_of_most(by_homes)).collect();
        let is_over = windows.end.start() <= self.clock.now();
        self.ever_heard.note_day(date, &heard, is_over);
        let homes = self.homes(date, heard, is_over);
        // Under a steady stream some of it is always on its way.
        let is_arriving = self.changed.since(date).is_some_and(|since| since.elapsed() < ARRIVES_WITHIN);
        let course = match is_arriving && self.changed.would_lack(date, stored) {
            true => DayCourse::Arriving,
            false if is_over => DayCourse::Over,
            false => DayCourse::Open,
        };
        let (mut released, mut is_to_be_weighed) = (Vec::with_capacity(days.len()), false);
        for (day, exact, known) in days {
            let looked_at =
                (0..48).filter(|&of_day| Window::at(day, of_day) < left_until && !exact[of_day].is_empty());
            let told: Vec<(usize, Vec<ChangedHome>)> =
                looked_at.map(|of_day| (of_day, self.told.take(Window::at(day, of_day), stored))).collect();
            let looks = told.iter().map(|(of_day, changed)| Look {
                of_day: *of_day,
                exact: &exact[*of_day],
                changed: Some(changed),
                seen: &seen,
                course: Course::Over,
            });
            let looks: Vec<Look<'_>> = looks.collect();
            let homes = homes.as_deref().filter(|_| !looks.is_empty());
            let looked = self.ledgers.look(day, &looks, homes).await;
            let ledger = match looked {
                Ok(ledger) => ledger,
                Err(error) => {
                    told.into_iter()
                        .for_each(|(of_day, homes)| self.told.put_back(Window::at(day, of_day), homes));
                    return Err(error);
                }
            };
            let (largest, is_lacking) = self.weights.largest(day, date, &known, course).await?;
            is_to_be_weighed |= is_lacking;
            released.push(UtcDay { day, ledger, exact: known, largest });
        }
        let summary = DaySummary::of(date, &windows, &released, &self.calendar, &self.nesting);
        Ok((summary, is_to_be_weighed))
    }

    /// How many homes there are, by area of the finest level, to be put together: while readings of the day arrive, those that
    /// are registered tell who is still to come.
    fn homes(&self, date: Date, heard: Vec<u32>, is_over: bool) -> Option<Vec<u32>> {
        if is_over && !self.changed.has(date) {
            return Some(heard);
        }
        Some(self.ledgers.homes_of(&self.ledgers.homes()?, &heard))
    }

    /// Before this window none is followed from the live feed, by any node: the last one that was may still be by others.
    fn left_until(&self) -> Window {
        Window(Recent::followed(self.clock.now()).0.0 - 1)
    }
}

/// The UTC days of some windows.
fn utc_days(windows: &Range<Window>) -> RangeInclusive<i32> {
    windows.start.day()..=Window(windows.end.0 - 1).day()
}

#[derive(Default)]
struct Span {
    /// What the store said, and whether it must be asked again.
    stored: Option<StoredSpan>,
    is_outdated: bool,
    /// The UTC days of rows that have been published since the start, from the first to the last.
    published: Option<StoredSpan>,
    /// Their local days: there may be nothing between them.
    published_dates: BTreeSet<Date>,
    /// Counts the times at which something was missed.
    missed: u64,
}

impl ReadDay {
    /// Whether there is anything that it was read of.
    pub(super) fn was_read(&self) -> bool {
        !self.stored.is_empty()
    }
}

impl Days {
    /// Nothing kept yet.
    pub(super) fn new(reader: Reader) -> Self {
        Days { read: Arc::new(Rereading::new(reader, DAYS_KEPT)), span: Mutex::default() }
    }

    /// How far all partitions are stored.
    pub(super) async fn stored(&self) -> Result<Vec<Option<Position>>, StoreError> {
        self.read.source.stored.progress().await
    }

    /// What has been released of a UTC day, as of the last look at it.
    pub(super) async fn released(&self, day: i32) -> Result<Arc<DayLedger>, StoreError> {
        self.read.source.ledgers.day(day).await
    }

    /// Which days have changed.
    pub(super) fn changed(&self) -> &Changed {
        &self.read.source.changed
    }

    /// Notes the days that a partition's rows changed, and the homes that changed them in part.
    pub(super) fn note_rows(&self, partition: u32, rows: &[PlacedRow], homes: &[HomeChange]) {
        let Reader { told, geography, .. } = &self.read.source;
        told.note(partition, rows, homes, geography, self.read.source.left_until());
        let mut windows: HashMap<Window, Position> = HashMap::new();
        for PlacedRow { place, row } in rows {
            let through = windows.entry(place.window).or_insert(row.through);
            *through = (*through).max(row.through);
        }
        let days = windows.keys().map(|window| window.day());
        let published = days.map(|day| StoredSpan { first_day: day, last_day: day }).reduce(both);
        let Reader { calendar, changed, .. } = &self.read.source;
        let dates: Vec<_> =
            windows.into_iter().map(|(window, through)| (calendar.local(window).date, through)).collect();
        let mut span = self.known_span();
        span.published = span.published.into_iter().chain(published).reduce(both);
        span.published_dates.extend(dates.iter().map(|(date, _)| date));
        drop(span);
        for (date, through) in dates {
            changed.note(date, partition, through);
        }
    }

    /// Forgets what was read: it is of other aggregates.
    pub(super) fn forget(&self) {
        self.read.forget();
        self.read.source.told.forget();
        let mut span = self.known_span();
        (span.stored, span.is_outdated) = (None, false);
        span.missed += 1;
    }

    /// Reads everything again when it is asked for: anything may have changed.
    pub(super) fn outdate(&self) {
        self.read.outdate();
        let mut span = self.known_span();
        span.missed += 1;
        span.is_outdated = true;
    }

    /// Local days.
    pub(super) async fn summaries(
        &self,
        dates: impl Iterator<Item = Date> + Send,
    ) -> Result<Vec<Read<ReadDay>>, StoreError> {
        let patience = Rereading::<Reader>::patience();
        let dates: Vec<Date> = dates.collect();
        let stored = self.stored_dates().await?;
        let (stored, published) = (&stored, &self.published_among(&dates));
        let days = dates.into_iter().map(|date| async move {
            let nothing = |as_of, is_behind| {
                let summary = Arc::new(DaySummary::nothing(date));
                Ok(Read {
                    value: ReadDay {
                        summary,
                        stored: Arc::default(),
                        looked_at: None,
                        utc_days: RangeInclusive::new(0, -1),
                        is_to_be_weighed: false,
                    },
                    as_of,
                    is_behind,
                })
            };
            let is_stored = stored.as_ref().is_some_and(|stored| stored.contains(&date));
            if !is_stored && !published.contains(&date) {
                return nothing(Instant::now(), false);
            }
            match self.read.get(date, patience).await {
                // There was nothing before the feed told of it.
                Err(StoreError::Unavailable(_)) if !is_stored => {
                    nothing(self.changed().since(date).unwrap_or_else(Instant::now), true)
                }
                read => read,
            }
        });
        // A few at a time, so that those who ask for a year leave room to those who ask for a day.
        futures::stream::iter(days).buffered(READ_AT_ONCE).try_collect().await
    }

    /// One local day.
    pub(super) async fn summary(&self, date: Date) -> Result<Arc<DaySummary>, StoreError> {
        Ok(self.read.get(date, Rereading::<Reader>::patience()).await?.value.summary)
    }

    /// The first UTC day that there may be readings of, and the last.
    pub(super) async fn span(&self) -> Result<Option<StoredSpan>, StoreError> {
        let stored = self.stored_span().await?;
        Ok(stored.into_iter().chain(self.known_span().published).reduce(both))
    }

    /// Asked of the store once: then the feed tells.
    async fn stored_span(&self) -> Result<Option<StoredSpan>, StoreError> {
        let (known, missed) = {
            let span = self.known_span();
            (span.stored.filter(|_| !span.is_outdated), span.missed)
        };
        let asked = match known {
            Some(known) => Ok(Some(known)),
            None => self.read.source.store.span().await,
        };
        let mut span = self.known_span();
        let stored = match asked {
            Ok(stored) => stored,
            // As it was, then.
            Err(StoreError::Unavailable(_)) if span.stored.is_some() => span.stored,
            Err(error) => return Err(error),
        };
        if span.missed == missed {
            (span.stored, span.is_outdated) = (stored, false);
        }
        Ok(stored)
    }

    /// Likewise, local days.
    async fn stored_dates(&self) -> Result<Option<RangeInclusive<Date>>, StoreError> {
        let date_of = |window: Window| self.read.source.calendar.date_of(window.start());
        let span = self.stored_span().await?;
        Ok(span.map(|span| date_of(Window::at(span.first_day, 0))..=date_of(Window::at(span.last_day, 47))))
    }

    /// Of these, the days that the feed has told of. None of them makes others before and after it worth reading.
    fn published_among(&self, dates: &[Date]) -> BTreeSet<Date> {
        let published = &self.known_span().published_dates;
        dates.iter().filter(|date| published.contains(date)).copied().collect()
    }

    fn known_span(&self) -> MutexGuard<'_, Span> {
        self.span.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From the first day of both to the last.
fn both(one: StoredSpan, other: StoredSpan) -> StoredSpan {
    StoredSpan { first_day: one.first_day.min(other.first_day), last_day: one.last_day.max(other.last_day) }
}
