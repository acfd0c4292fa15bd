//! The read model: what every area of the finest level used on every local day, made from the store
//! when it is asked for, and again when readings have changed it.

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use engine::{FigureStore, PipelineStore, ReadingLog, StoreError, StoredSpan};
use futures::{StreamExt, TryStreamExt};
use geography::Geography;
use jiff::civil::Date;
use metering::stored::PlacedRow;
use metering::{Position, Window};

use super::calendar::Calendar;
use super::changed::Changed;
use super::ever_heard::EverHeard;
use super::reread::{READ_AT_ONCE, Read, Rereading, Source};
use super::summary::DaySummary;

/// Local days that are kept: a year and a month, of 56 bytes an area each.
const DAYS_KEPT: usize = 400;

/// How far the store is, for those who read what others write.
#[derive(Clone)]
pub struct Stored {
    /// Who knows.
    pub store: Arc<dyn PipelineStore>,
    /// Whose partitions they are.
    pub log: Arc<dyn ReadingLog>,
}

/// A local day as it was read.
#[derive(Clone)]
pub(super) struct ReadDay {
    pub summary: Arc<DaySummary>,
    /// How far each partition was stored before that.
    stored: Arc<[Option<Position>]>,
}

/// Summaries by day, and which of them readings have changed since they were made.
pub(super) struct Days {
    read: Arc<Rereading<Reader>>,
    /// Which days there are.
    span: Mutex<Span>,
}

struct Reader {
    geography: Arc<Geography>,
    calendar: Calendar,
    store: Arc<dyn FigureStore>,
    stored: Stored,
    /// Told of every day that is read.
    ever_heard: Arc<EverHeard>,
    changed: Changed,
}

#[async_trait]
impl Source for Reader {
    type Value = ReadDay;

    async fn read(&self, date: Date) -> Result<ReadDay, StoreError> {
        // What is stored by now is in what is read from here on; what is not makes the day be read again.
        let stored = self.stored.store.progress(self.stored.log.partitions()).await?;
        let summary = DaySummary::read(date, &*self.store, &self.geography, &self.calendar).await?;
        self.ever_heard.note_day(&summary);
        Ok(ReadDay { summary: Arc::new(summary), stored: stored.into() })
    }

    fn changed(&self, date: Date, _: &ReadDay) -> Option<Instant> {
        self.changed.since(date)
    }

    fn kept(&self, date: Date, began: Instant, day: &ReadDay) {
        self.changed.was_read(date, began, &day.stored);
    }
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

impl Days {
    /// Nothing kept yet.
    pub(super) fn new(
        geography: Arc<Geography>,
        calendar: Calendar,
        store: Arc<dyn FigureStore>,
        stored: Stored,
        ever_heard: Arc<EverHeard>,
    ) -> Self {
        let changed = Changed::default();
        let reader = Reader { geography, calendar, store, stored, ever_heard, changed };
        Days { read: Arc::new(Rereading::new(reader, DAYS_KEPT)), span: Mutex::default() }
    }

    /// Which days have changed.
    pub(super) fn changed(&self) -> &Changed {
        &self.read.source.changed
    }

    /// Notes the days that a partition's rows changed.
    pub(super) fn note_rows(&self, partition: u32, rows: &[PlacedRow]) {
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
                let summary = Arc::new(DaySummary { date, leaves: Vec::new() });
                Ok(Read { value: ReadDay { summary, stored: Arc::default() }, as_of, is_behind })
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
