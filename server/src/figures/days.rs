//! The read model: what every area of the finest level used on every local day, made from the store
//! when it is asked for, and again when readings have changed it: once for all who ask, and not too often.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{FigureStore, PipelineStore, ReadingLog, StoreError, StoredSpan};
use futures::future::{BoxFuture, FutureExt, Shared};
use futures::{StreamExt, TryStreamExt};
use geography::Geography;
use jiff::civil::Date;
use metering::stored::PlacedRow;
use metering::{Position, Window};
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tokio::time::timeout_at;

use super::calendar::Calendar;
use super::changed::Changed;
use super::ever_heard::EverHeard;
use super::summary::DaySummary;

/// Local days that are kept: a year and a month, of 56 bytes an area each.
const DAYS_KEPT: usize = 400;

/// How soon a day that goes on changing is read again...
const STALE_AFTER: Duration = Duration::from_secs(3);

/// ...and how many times as long as reading it took it stands at least: a large day must not keep the store busy. Within
/// reason.
const STANDS_TIMES: u32 = 10;
const STANDS_AT_MOST: Duration = Duration::from_secs(120);

/// Changed days that are read again at once. Further ones stay as they are until somebody asks again.
const AGAIN_AT_ONCE: usize = 16;

/// Days that are read at once: a year of them must not stand between the store and all who ask for less.
const READ_AT_ONCE: usize = 2;

/// How long a page waits for a day to be read again, where there is an older state of it to show.
const WORTH_WAITING: Duration = Duration::from_millis(300);

/// A day, and when it was so.
#[derive(Debug, Clone)]
pub(super) struct ReadDay {
    pub summary: Arc<DaySummary>,
    /// Readings after this may be missing.
    pub as_of: Instant,
    /// Some are, and it is being read again.
    pub is_behind: bool,
}

struct Kept {
    summary: Arc<DaySummary>,
    /// When reading it began.
    began: Instant,
    /// How long that took.
    took: Duration,
    /// Since when anything may have changed.
    outdated: Option<Instant>,
}

impl Kept {
    /// Whether it need not be read again yet, though it has changed.
    fn stands(&self) -> bool {
        let stands_for = (STANDS_TIMES * self.took).clamp(STALE_AFTER, STANDS_AT_MOST);
        self.outdated.is_none() && self.began.elapsed() < stands_for
    }
}

/// A day that is being read, for everybody who waits for it.
#[derive(Clone)]
struct Reading {
    day: Shared<BoxFuture<'static, Result<ReadDay, StoreError>>>,
    /// Until when, for those who have something to show.
    worth_waiting: Instant,
}

/// A day that somebody asks for.
enum Begun {
    /// As it was read last.
    Stands(ReadDay),
    /// It is being read again.
    Again(ReadDay, Reading),
    /// It was not read yet.
    First(Reading),
}

/// Days that are kept or being read.
#[derive(Default)]
struct Held {
    kept: BTreeMap<Date, Kept>,
    reading: HashMap<Date, Reading>,
    /// The UTC days that the store had when it was asked.
    stored: Option<StoredSpan>,
    /// Those of rows that have been published since the start.
    published: Option<StoredSpan>,
    /// Counts the times at which something was missed: what was being read then is not kept.
    missed: u64,
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
    held: Mutex<Held>,
    /// Who reads a day from the store now.
    turns: Semaphore,
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
        Days {
            geography,
            calendar,
            store,
            stored,
            ever_heard,
            held: Mutex::default(),
            turns: Semaphore::new(READ_AT_ONCE),
            changed: Changed::default(),
        }
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
        let mut held = self.held();
        held.published = held.published.into_iter().chain(published).reduce(both);
        drop(held);
        for (window, through) in windows {
            self.changed.note(self.calendar.local(window).date, partition, through);
        }
    }

    /// Forgets what was read: it is of other aggregates.
    pub(super) fn forget(&self) {
        let mut held = self.held();
        *held = Held { missed: held.missed + 1, published: held.published, ..Held::default() };
    }

    /// Reads everything again when it is asked for: anything may have changed.
    pub(super) fn outdate(&self) {
        let mut held = self.held();
        held.missed += 1;
        held.reading.clear();
        held.stored = None;
        let now = Instant::now();
        for day in held.kept.values_mut() {
            day.outdated.get_or_insert(now);
        }
    }

    /// Local days. A state of one that readings have changed since is as good where a newer one takes its time: that is read
    /// all the same, for who asks next.
    pub(super) async fn summaries(
        self: &Arc<Self>,
        dates: impl Iterator<Item = Date> + Send,
    ) -> Result<Vec<ReadDay>, StoreError> {
        let worth_waiting = Instant::now() + WORTH_WAITING;
        let dates: Vec<Date> = dates.collect();
        let stored = self.stored_dates().await?;
        let stored = &stored;
        let days = dates.into_iter().map(|date| async move {
            // There is nothing to be read of it.
            if !stored.as_ref().is_some_and(|stored| stored.contains(&date)) {
                let summary = Arc::new(DaySummary { date, leaves: Vec::new() });
                return Ok(ReadDay { summary, as_of: Instant::now(), is_behind: false });
            }
            self.day(date, worth_waiting).await
        });
        // A few at a time, so that those who ask for a year leave room to those who ask for a day.
        futures::stream::iter(days).buffered(READ_AT_ONCE).try_collect().await
    }

    /// One local day.
    pub(super) async fn summary(self: &Arc<Self>, date: Date) -> Result<Arc<DaySummary>, StoreError> {
        Ok(self.day(date, Instant::now() + WORTH_WAITING).await?.summary)
    }

    /// The first UTC day that there may be readings of, and the last. Asked of the store once: then the feed tells.
    pub(super) async fn span(&self) -> Result<Option<StoredSpan>, StoreError> {
        let (known, missed) = {
            let held = self.held();
            (held.stored, held.missed)
        };
        let stored = match known {
            Some(stored) => Some(stored),
            None => self.store.span().await?,
        };
        let mut held = self.held();
        if held.missed == missed {
            held.stored = stored;
        }
        Ok(stored.into_iter().chain(held.published).reduce(both))
    }

    /// Likewise, local days.
    async fn stored_dates(&self) -> Result<Option<RangeInclusive<Date>>, StoreError> {
        let date_of = |window: Window| self.calendar.date_of(window.start());
        let span = self.span().await?;
        Ok(span.map(|span| date_of(Window::at(span.first_day, 0))..=date_of(Window::at(span.last_day, 47))))
    }

    async fn day(self: &Arc<Self>, date: Date, worth_waiting: Instant) -> Result<ReadDay, StoreError> {
        match self.begin(date) {
            Begun::Stands(held) => Ok(held),
            Begun::Again(held, reading) => {
                let until = worth_waiting.min(reading.worth_waiting);
                match timeout_at(until.into(), reading.day).await {
                    Ok(Err(StoreError::Unavailable(_))) | Err(_) => Ok(held),
                    Ok(read) => read,
                }
            }
            Begun::First(reading) => reading.day.await,
        }
    }

    fn begin(self: &Arc<Self>, date: Date) -> Begun {
        let now = Instant::now();
        let changed = self.changed.since(date);
        let mut held = self.held();
        let under_way = held.reading.get(&date).cloned();
        let Some(day) = held.kept.get(&date) else {
            return Begun::First(under_way.unwrap_or_else(|| self.reading(date, &mut held)));
        };
        let since = day.outdated.into_iter().chain(changed).min();
        let as_of = since.map_or(now, |since| since.max(day.began));
        let read = ReadDay { summary: day.summary.clone(), as_of, is_behind: since.is_some() };
        if since.is_none() || day.stands() {
            return Begun::Stands(read);
        }
        match under_way {
            Some(reading) => Begun::Again(read, reading),
            None if held.reading.len() >= AGAIN_AT_ONCE => Begun::Stands(read),
            None => Begun::Again(read, self.reading(date, &mut held)),
        }
    }

    /// Begins to read a day, once for all who ask meanwhile, and to its end even if they go.
    fn reading(self: &Arc<Self>, date: Date, held: &mut Held) -> Reading {
        let (days, missed) = (self.clone(), held.missed);
        let task = tokio::spawn(async move {
            let _under_way = UnderWay { days: &days, date, missed };
            days.read_and_keep(date, missed).await
        });
        let ended = move |ended: Result<_, JoinError>| {
            let read = ended.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())));
            read.inspect_err(|error| tracing::warn!(%error, %date, "a day could not be read"))
        };
        let worth_waiting = Instant::now() + WORTH_WAITING;
        let reading = Reading { day: task.map(ended).boxed().shared(), worth_waiting };
        held.reading.insert(date, reading.clone());
        reading
    }

    async fn read_and_keep(&self, date: Date, missed: u64) -> Result<ReadDay, StoreError> {
        let _turn = self.turns.acquire().await;
        // What is stored by now is in what is read from here on; what is not makes the day be read again.
        let began = Instant::now();
        let stored = self.stored.store.progress(self.stored.log.partitions()).await?;
        let summary = Arc::new(DaySummary::read(date, &*self.store, &self.geography, &self.calendar).await?);
        self.ever_heard.note_day(&summary);
        let mut held = self.held();
        if held.missed == missed {
            while held.kept.len() >= DAYS_KEPT && !held.kept.contains_key(&date) {
                held.kept.pop_first();
            }
            let took = began.elapsed();
            held.kept.insert(date, Kept { summary: summary.clone(), began, took, outdated: None });
            self.changed.was_read(date, began, &stored);
        }
        Ok(ReadDay { summary, as_of: began, is_behind: false })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From the first day of both to the last.
fn both(one: StoredSpan, other: StoredSpan) -> StoredSpan {
    StoredSpan { first_day: one.first_day.min(other.first_day), last_day: one.last_day.max(other.last_day) }
}

/// A day is under way as long as this is, however that ends.
struct UnderWay<'a> {
    days: &'a Days,
    date: Date,
    missed: u64,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut held = self.days.held();
        if held.missed == self.missed {
            held.reading.remove(&self.date);
        }
    }
}
