//! What is read of the store by the day, kept, and read again when it has changed: once for all who ask, not too often, and
//! not while somebody waits who has something to show.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::StoreError;
use futures::future::{BoxFuture, FutureExt, Shared};
use jiff::civil::Date;
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tokio::time::timeout_at;

/// How soon what goes on changing is read again...
const STALE_AFTER: Duration = Duration::from_secs(3);

/// ...and how many times as long as reading it took it stands at least, so that it does not keep the store busy. Within
/// reason.
const STANDS_TIMES: u32 = 20;
const STANDS_AT_MOST: Duration = Duration::from_secs(300);

/// How long it is waited for where there is an older state to show: of a page's time no more than it has to spare, and
/// enough for a store that has nothing else to do. What took longer the last time is not waited for at all.
const WORTH_WAITING: Duration = Duration::from_millis(40);

/// And for how much longer where that is older than it should ever be.
const WORTH_WAITING_MORE: Duration = Duration::from_secs(2);

/// What is read at once for those who have nothing to show.
pub(super) const READ_AT_ONCE: usize = 2;

/// What waits to be read again at most. The rest stays as it is until somebody asks again.
const AGAIN_AT_MOST: usize = 16;

/// Where it comes from.
#[async_trait]
pub(super) trait Source: Send + Sync + 'static {
    /// What is kept.
    type Value: Clone + Send + Sync + 'static;

    /// Reads it.
    async fn read(&self, date: Date) -> Result<Self::Value, StoreError>;

    /// Since when it may have changed, if it may.
    fn changed(&self, date: Date, value: &Self::Value) -> Option<Instant>;

    /// It was read from `began` on, and is what is kept from now on.
    fn kept(&self, _date: Date, _began: Instant, _value: &Self::Value) {}
}

/// What was read, and when it was so.
#[derive(Debug, Clone)]
pub(super) struct Read<V> {
    /// What was read.
    pub value: V,
    /// Readings after this may be missing.
    pub as_of: Instant,
    /// Some are, and it is being read again.
    pub is_behind: bool,
}

struct Kept<V> {
    value: V,
    /// When reading it began.
    began: Instant,
    /// How long that took.
    took: Duration,
    /// Since when anything may have changed.
    outdated: Option<Instant>,
}

impl<V> Kept<V> {
    /// Whether it need not be read again yet, though it has changed.
    fn stands(&self) -> bool {
        let stands_for = (STANDS_TIMES * self.took).clamp(STALE_AFTER, STANDS_AT_MOST);
        self.outdated.is_none() && self.began.elapsed() < stands_for
    }
}

/// What is being read, for everybody who waits for it.
#[derive(Clone)]
struct Reading<V: Clone> {
    read: Shared<BoxFuture<'static, Result<Read<V>, StoreError>>>,
    /// Until when, for those who have something to show.
    worth_waiting: Instant,
}

struct Held<V: Clone> {
    kept: BTreeMap<Date, Kept<V>>,
    reading: HashMap<Date, Reading<V>>,
    when: When,
}

/// Between which of these something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct When {
    /// Counts the times at which something was missed: what was being read then may lack it.
    missed: u64,
    /// Counts the times at which everything was forgotten: what was being read then is of something else.
    forgotten: u64,
}

/// Of a date that somebody asks for.
enum Begun<V: Clone> {
    /// As it was read last.
    Stands(Read<V>),
    /// It is being read again.
    Again(Read<V>, Reading<V>),
    /// It was not read yet.
    First(Reading<V>),
}

/// What is kept of a source.
pub(super) struct Rereading<S: Source> {
    pub(super) source: S,
    held: Mutex<Held<S::Value>>,
    keep: usize,
    /// Who reads for somebody that has nothing to show.
    first: Semaphore,
    /// Who reads something again.
    again: Semaphore,
}

impl<S: Source> Rereading<S> {
    /// Nothing kept yet, and never more than `keep`.
    pub(super) fn new(source: S, keep: usize) -> Self {
        let held = Held { kept: BTreeMap::new(), reading: HashMap::new(), when: When::default() };
        let (first, again) = (Semaphore::new(READ_AT_ONCE), Semaphore::new(1));
        Rereading { source, held: Mutex::new(held), keep, first, again }
    }

    /// Forgets what was read: it is of something else.
    pub(super) fn forget(&self) {
        let mut held = self.held();
        held.when.forgotten += 1;
        held.reading.clear();
        held.kept.clear();
    }

    /// Reads everything again when it is asked for: anything may have changed.
    pub(super) fn outdate(&self) {
        let mut held = self.held();
        held.when.missed += 1;
        held.reading.clear();
        let now = Instant::now();
        for kept in held.kept.values_mut() {
            kept.outdated.get_or_insert(now);
        }
    }

    /// Until when it is worth waiting for whatever is read again from now on.
    pub(super) fn patience() -> Instant {
        Instant::now() + WORTH_WAITING
    }

    /// A state that has changed since is as good where a newer one takes its time, or the store is away: that is read all
    /// the same, for who asks next.
    pub(super) async fn get(
        self: &Arc<Self>,
        date: Date,
        patience: Instant,
    ) -> Result<Read<S::Value>, StoreError> {
        let (held, read) = match self.begin(date) {
            Begun::Stands(held) => return Ok(held),
            Begun::First(reading) => return reading.read.await,
            Begun::Again(held, reading) => {
                let is_old = held.as_of.elapsed() > STANDS_AT_MOST;
                let more = if is_old { WORTH_WAITING_MORE } else { Duration::ZERO };
                let until = patience.min(reading.worth_waiting) + more;
                (held, timeout_at(until.into(), reading.read).await.ok())
            }
        };
        match read {
            Some(Err(StoreError::Unavailable(_))) | None => Ok(held),
            Some(read) => read,
        }
    }

    fn begin(self: &Arc<Self>, date: Date) -> Begun<S::Value> {
        let now = Instant::now();
        let mut held = self.held();
        let under_way = held.reading.get(&date).cloned();
        let Some(kept) = held.kept.get(&date) else {
            return Begun::First(
                under_way.unwrap_or_else(|| self.reading(date, &mut held, Duration::ZERO, false)),
            );
        };
        let worth_waiting = if kept.took > WORTH_WAITING { Duration::ZERO } else { WORTH_WAITING };
        let changed = self.source.changed(date, &kept.value);
        let since = kept.outdated.into_iter().chain(changed).min();
        let as_of = since.map_or(now, |since| since.max(kept.began));
        let read = Read { value: kept.value.clone(), as_of, is_behind: since.is_some() };
        if since.is_none() || kept.stands() {
            return Begun::Stands(read);
        }
        match under_way {
            Some(reading) => Begun::Again(read, reading),
            None if held.reading.len() >= AGAIN_AT_MOST => Begun::Stands(read),
            None => Begun::Again(read, self.reading(date, &mut held, worth_waiting, true)),
        }
    }

    /// Begins to read, once for all who ask meanwhile, and to its end even if they go.
    fn reading(
        self: &Arc<Self>,
        date: Date,
        held: &mut Held<S::Value>,
        worth_waiting: Duration,
        again: bool,
    ) -> Reading<S::Value> {
        let (this, when) = (self.clone(), held.when);
        let task = tokio::spawn(async move {
            let _under_way = UnderWay { of: &this, date, when };
            this.read_and_keep(date, when, again).await
        });
        let ended = move |ended: Result<_, JoinError>| {
            let read = ended.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())));
            read.inspect_err(|error| tracing::warn!(%error, %date, "a day could not be read"))
        };
        let reading =
            Reading { read: task.map(ended).boxed().shared(), worth_waiting: Instant::now() + worth_waiting };
        held.reading.insert(date, reading.clone());
        reading
    }

    async fn read_and_keep(&self, date: Date, when: When, again: bool) -> Result<Read<S::Value>, StoreError> {
        let _turn = if again { self.again.acquire().await } else { self.first.acquire().await };
        let began = Instant::now();
        let value = self.source.read(date).await?;
        let mut held = self.held();
        let is_outdated = held.when != when;
        // Of something else it is kept by nobody; what may lack something, where there is nothing else to show.
        if held.when.forgotten == when.forgotten && !(is_outdated && held.kept.contains_key(&date)) {
            while held.kept.len() >= self.keep && !held.kept.contains_key(&date) {
                held.kept.pop_first();
            }
            let outdated = is_outdated.then_some(began);
            let kept = Kept { value: value.clone(), began, took: began.elapsed(), outdated };
            held.kept.insert(date, kept);
            if !is_outdated {
                self.source.kept(date, began, &value);
            }
        }
        Ok(Read { value, as_of: began, is_behind: false })
    }

    fn held(&self) -> MutexGuard<'_, Held<S::Value>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something is under way as long as this is, however that ends.
struct UnderWay<'a, S: Source> {
    of: &'a Rereading<S>,
    date: Date,
    when: When,
}

impl<S: Source> Drop for UnderWay<'_, S> {
    fn drop(&mut self) {
        let mut held = self.of.held();
        if held.when == self.when {
            held.reading.remove(&self.date);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use jiff::civil::date;

    use super::*;

    const DAY: Date = date(2026, 11, 22);

    /// Counts how often it was read, and gives that.
    #[derive(Default)]
    struct Counting {
        reads: AtomicU64,
        takes_ms: AtomicU64,
        away: AtomicBool,
        changed: Mutex<Option<Instant>>,
    }

    #[async_trait]
    impl Source for Counting {
        type Value = u64;

        async fn read(&self, _date: Date) -> Result<u64, StoreError> {
            tokio::time::sleep(Duration::from_millis(self.takes_ms.load(Ordering::Relaxed))).await;
            if self.away.load(Ordering::Relaxed) {
                return Err(StoreError::Unavailable("away".into()));
            }
            Ok(self.reads.fetch_add(1, Ordering::Relaxed) + 1)
        }

        fn changed(&self, _date: Date, _value: &u64) -> Option<Instant> {
            *self.changed.lock().unwrap()
        }

        fn kept(&self, _date: Date, _began: Instant, _value: &u64) {
            *self.changed.lock().unwrap() = None;
        }
    }

    async fn got(days: &Arc<Rereading<Counting>>) -> (u64, bool) {
        let read = days.get(DAY, Rereading::<Counting>::patience()).await.unwrap();
        (read.value, read.is_behind)
    }

    fn counting(takes_ms: u64) -> Arc<Rereading<Counting>> {
        let source = Counting { takes_ms: takes_ms.into(), ..Counting::default() };
        Arc::new(Rereading::new(source, 3))
    }

    #[tokio::test]
    async fn all_who_ask_share_one_reading() {
        let days = counting(20);
        assert_eq!(tokio::join!(got(&days), got(&days), got(&days)), ((1, false), (1, false), (1, false)));
        assert_eq!(got(&days).await, (1, false));
    }

    #[tokio::test]
    async fn what_has_changed_stands_while_it_is_read_again() {
        let days = counting(0);
        assert_eq!(got(&days).await, (1, false));
        *days.source.changed.lock().unwrap() = Some(Instant::now());
        assert_eq!(got(&days).await, (1, true), "it was read a moment ago");
        days.outdate();
        days.source.takes_ms.store(1000, Ordering::Relaxed);
        assert_eq!(got(&days).await, (1, true), "it takes too long");
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!(got(&days).await, (2, false), "it was read all the same");
    }

    #[tokio::test]
    async fn what_is_kept_stands_while_the_store_is_away() {
        let days = counting(0);
        days.source.away.store(true, Ordering::Relaxed);
        assert!(days.get(DAY, Instant::now()).await.is_err());
        days.source.away.store(false, Ordering::Relaxed);
        assert_eq!(got(&days).await, (1, false));
        days.source.away.store(true, Ordering::Relaxed);
        days.outdate();
        assert_eq!(got(&days).await, (1, true));
    }

    #[tokio::test]
    async fn what_was_being_read_when_something_was_missed_stands_until_it_is_read_again() {
        for forget in [false, true] {
            let days = counting(50);
            let (early, ()) = tokio::join!(got(&days), async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if forget { days.forget() } else { days.outdate() }
            });
            assert_eq!(early, (1, false));
            days.source.takes_ms.store(0, Ordering::Relaxed);
            days.source.away.store(true, Ordering::Relaxed);
            let away = days.get(DAY, Rereading::<Counting>::patience()).await.ok();
            assert_eq!(away.map(|read| (read.value, read.is_behind)), (!forget).then_some((1, true)));
            days.source.away.store(false, Ordering::Relaxed);
            // What took its time is read for who asks next.
            while got(&days).await != (2, false) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    #[tokio::test]
    async fn the_oldest_go_first() {
        let days = counting(0);
        for day in [22, 24, 23, 25] {
            days.get(date(2026, 11, day), Instant::now()).await.unwrap();
        }
        assert_eq!(days.held().kept.keys().map(|date| date.day()).collect::<Vec<_>>(), [23, 24, 25]);
    }
}
