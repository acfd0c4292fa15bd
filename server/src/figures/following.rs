//! How the figures of a node stay those of what is stored: it follows what the pipeline publishes, looks up now and then
//! what nobody publishes, and reads what pages begin with before anybody asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use app::error::AppError;
use engine::{LiveBatch, LiveFeed, LiveNews, StoreError};
use jiff::civil::Date;
use metering::api::Measure;
use metering::disclosure::{Look, Seen};
use metering::reading::Dwelling;
use metering::statistics::YearStatistics;
use metering::{Position, Window};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::model::{Model, STATISTICS};
use super::recent::{Recent, WindowLook};
use super::series::unavailable;
use super::service::{FiguresService, Registered};
use super::summary::leaf_of;

/// When every process has heard that other aggregates are in use, and has stored what it decided until then.
const EVERYBODY_KNOWS_AFTER: Duration = Duration::from_secs(10);

/// How often registrations and statistics are looked up again...
const REFRESH_EVERY: Duration = Duration::from_secs(15);

/// ...and how many times as long as that took they stand at least, within reason: all registrations are read.
const REFRESHED_STANDS_TIMES: u32 = 30;
const REFRESHED_STANDS_AT_MOST: Duration = Duration::from_secs(120);

/// And while meters are being registered, or none is yet: the page says how many homes there are, and whose.
const REFRESH_AT_FIRST: Duration = Duration::from_secs(1);

/// How long it may take to keep what is released: who watches is told meanwhile that nothing changes.
const KEPT_WITHIN: Duration = Duration::from_secs(3);

/// How often it is asked how far the log is stored, where more was released.
const STORED_ASKED_EVERY: Duration = Duration::from_millis(200);

/// And for how long: longer than a flush takes.
const STORED_WITHIN: Duration = Duration::from_secs(60);

/// How often what pages begin with is read though nobody asks: it can take half a minute of a store that has much else to
/// do, and whoever comes first would wait for it.
const KEPT_WARM_EVERY: Duration = Duration::from_secs(600);

/// How often it is looked up what homes usually use.
const USUAL_STANDS_FOR: Duration = Duration::from_secs(3600);

impl FiguresService {
    /// Follows the live feed until it is told to stop.
    pub async fn follow(self: Arc<Self>, feed: Arc<dyn LiveFeed>, shutdown: CancellationToken) {
        let mut receiver = feed.subscribe();
        let mut edition = self.in_use.subscribe();
        // Who heard of other aggregates before this node did has published rows that it passed over.
        let mut again_at = None;
        let refreshing = tokio::spawn(self.clone().refresh_now_and_then());
        let warming = tokio::spawn(self.clone().keep_warm());
        let fitting = tokio::spawn(self.clone().fit_now_and_then());
        let weighing = tokio::spawn(self.clone().weigh_days());
        self.begin_again().await;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Ok(()) = edition.changed() => {
                    self.recent.forget();
                    self.ledgers.forget();
                    self.days.forget();
                    self.typical.forget();
                    self.forgotten.notify_one();
                    self.read_again().await;
                    again_at = Some(tokio::time::Instant::now() + EVERYBODY_KNOWS_AFTER);
                }
                () = tokio::time::sleep_until(again_at.unwrap_or_else(tokio::time::Instant::now)), if again_at.is_some() => {
                    again_at = None;
                    self.read_again().await;
                }
                received = receiver.recv() => match received {
                    Ok(news) => match &*news {
                        LiveNews::Rows(batch) => self.take(batch),
                        LiveNews::Gap => self.read_again().await,
                    },
                    Err(RecvError::Lagged(_)) => self.read_again().await,
                    Err(RecvError::Closed) => break,
                },
            }
        }
        refreshing.abort();
        warming.abort();
        fitting.abort();
        weighing.abort();
    }

    fn take(&self, batch: &LiveBatch) {
        // Who has not heard yet that other aggregates are in use publishes theirs.
        if batch.rows.is_empty() || batch.edition != self.in_use.get() {
            return;
        }
        self.days.note_rows(batch.partition, &batch.rows, &batch.homes);
        self.ever_heard.note_rows(batch.partition, &batch.rows, &self.geography);
        let newest = batch.rows.iter().map(|row| row.place.window).max().map_or(i64::MIN, |w| w.end().0);
        let now = self.clock.now();
        self.newest.fetch_max(newest, Ordering::Relaxed);
        // Readings from long ago make no figure of now any fresher, whenever they arrive.
        let fresh = newest > Recent::followed(now).0.start().0;
        self.heard.fetch_max(if fresh { now.0 } else { newest.min(now.0) }, Ordering::Relaxed);
        self.changes.fetch_add(1, Ordering::Relaxed);
        if self.recent.take(batch.partition, &batch.rows, &batch.homes, now) {
            self.recent_changed.notify_one();
        }
    }

    /// After something was missed.
    async fn read_again(&self) {
        tracing::warn!("some of the live feed was missed; reading the store again");
        self.days.changed().note_gap();
        self.begin_again().await;
    }

    /// Reads what the feed builds on; until it succeeds, figures stay as they are.
    async fn begin_again(&self) {
        let mut wait = Duration::from_millis(200);
        self.recent.is_begun(false);
        while let Err(error) = self.read_recent().await {
            tracing::warn!(%error, "the newest windows could not be read; trying again");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(10));
        }
        self.recent.is_begun(true);
        self.days.outdate();
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.recent_changed.notify_one();
    }

    /// Waits until everything is stored that the newest half-hours were released of: what is published is stored a little
    /// later, and an older state of some of it would tell of what changed it since.
    async fn stored_as_released(&self) -> Result<(), StoreError> {
        let (first, last) = Recent::followed(self.clock.now());
        let mut released = Seen::new();
        for day in first.day()..=last.day() {
            let ledger = self.ledgers.day(day).await?;
            let windows = (first.0..=last.0).map(Window).filter(|window| window.day() == day);
            for (&partition, &at) in windows.flat_map(|window| ledger.seen(window.of_day())) {
                let seen = released.entry(partition).or_default();
                *seen = at.max(*seen);
            }
        }
        let began = Instant::now();
        loop {
            let stored = self.days.stored().await?;
            let is_stored = |(partition, at): (&u32, &Position)| {
                stored.get(*partition as usize).is_none_or(|stored| *stored >= Some(*at))
            };
            // What an owner of other aggregates published before it heard of these may never be stored among them.
            if released.iter().all(is_stored) || began.elapsed() >= STORED_WITHIN {
                return Ok(());
            }
            tokio::time::sleep(STORED_ASKED_EVERY).await;
        }
    }

    async fn read_recent(&self) -> Result<(), StoreError> {
        self.stored_as_released().await?;
        if let Some(span) = self.store.span().await? {
            let end = Window::at(span.last_day + 1, 0).start().0;
            self.newest.fetch_max(end.min(self.clock.now().0), Ordering::Relaxed);
            self.heard.fetch_max(Window::at(span.last_day, 0).start().0, Ordering::Relaxed);
        }
        let (first, last) = Recent::followed(self.clock.now());
        let mut by_partition: HashMap<u32, Vec<_>> = HashMap::new();
        for (partition, row) in self.store.recent_rows(first, last).await? {
            let now = self.clock.now();
            let (began, ended) = (row.place.window.start().min(now), row.place.window.end().min(now));
            let heard = self.arrived.map_or(began, |arrived| arrived.clamp(began, ended));
            self.heard.fetch_max(heard.0, Ordering::Relaxed);
            by_partition.entry(partition).or_default().push(row);
        }
        for (partition, rows) in by_partition {
            self.recent.take(partition, &rows, &[], self.clock.now());
        }
        Ok(())
    }

    async fn refresh_now_and_then(self: Arc<Self>) {
        let (mut scanned, mut meters, mut newest) = (false, 0, None);
        let mut refresh_due = Instant::now();
        loop {
            if let Err(error) = self.refresh_if_due(&mut refresh_due).await {
                tracing::warn!(%error, "registrations and statistics could not be read; trying again");
            } else if !scanned {
                scanned = self.scan_ever().await.is_ok();
            } else if let Err(error) = self.look_at_newer_days().await {
                tracing::warn!(%error, "the newest days could not be read; trying again");
            }
            // A day that took its time was read meanwhile.
            let now = self.ever_heard.newest();
            if std::mem::replace(&mut newest, now) != now {
                self.changes.fetch_add(1, Ordering::Relaxed);
            }
            let before = std::mem::replace(&mut meters, self.registered().meters);
            // While they become more all the time, nearly all are known.
            let settled = meters > 0 && meters.abs_diff(before) * 100 <= meters;
            if settled {
                self.homes_are_known();
            } else {
                refresh_due = Instant::now();
            }
            tokio::time::sleep(if settled { REFRESH_EVERY } else { REFRESH_AT_FIRST }).await;
        }
    }

    /// From now on it is known who is spoken of together: for the first time, everything is looked at for that.
    fn homes_are_known(&self) {
        let (before, registered) = (self.ledgers.homes(), self.registered());
        let is_new = before.is_none();
        if before.as_deref() == Some(&registered.by_leaf[..]) {
            return;
        }
        self.ledgers.there_are(&registered.by_leaf);
        self.recent.look_at_all();
        if is_new {
            self.days.outdate();
            self.typical.forget();
            self.changes.fetch_add(1, Ordering::Relaxed);
            self.recent_changed.notify_one();
        }
    }

    /// Releases what may be of the newest half-hours. What can't be kept is not released: the figures stand.
    pub async fn look_at_now(&self) {
        let (now, registered) = (self.clock.now(), self.ledgers.homes());
        // What arrives before it is known who is spoken of together is looked at then.
        let looks =
            registered.as_ref().map_or_else(Vec::new, |registered| self.recent.looks(now, registered));
        let homes = registered.map(|registered| {
            let mut heard = vec![0; registered.len()];
            looks.iter().for_each(|look| look.note_heard(&mut heard));
            self.ledgers.homes_of(&self.ever_heard.as_many_of(&registered), &heard)
        });
        let (first, last) = Recent::followed(now);
        for day in first.day()..=last.day() {
            let of_day: Vec<Look<'_>> =
                looks.iter().filter(|look| look.window.day() == day).map(WindowLook::look).collect();
            let homes = homes.as_deref().filter(|_| !of_day.is_empty());
            let looked = tokio::time::timeout(KEPT_WITHIN, self.ledgers.look(day, &of_day, homes)).await;
            let late = |_| StoreError::Unavailable("it takes too long to keep what is released".to_owned());
            match looked.map_err(late).flatten() {
                Ok(ledger) => self.recent.show(day, &ledger, now),
                Err(error) => {
                    tracing::warn!(%error, "the newest figures can't be released: they stand");
                    drop(of_day);
                    self.recent.look_again(looks);
                    return;
                }
            }
        }
    }

    /// Looks registrations and statistics up if that is due, and notes when it is again.
    async fn refresh_if_due(&self, due: &mut Instant) -> Result<(), StoreError> {
        let began = Instant::now();
        if began >= *due {
            self.refresh().await?;
            *due = began + (REFRESHED_STANDS_TIMES * began.elapsed()).min(REFRESHED_STANDS_AT_MOST);
        }
        Ok(())
    }

    /// Looks registrations and statistics up.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let leaves = self.geography.leaf_count() as usize;
        let mut registered = Registered {
            by_leaf: vec![0; leaves],
            simulated_by_leaf: vec![0; leaves],
            described_by_leaf: vec![(0, 0.0); leaves],
            ..Registered::default()
        };
        let households = self.households();
        for registration in self.store.registrations().await? {
            let simulated = (self.simulated)(&registration.meter);
            let Some(leaf) = leaf_of(&self.geography, &registration.area) else {
                registered.elsewhere += 1;
                continue;
            };
            registered.meters += 1;
            registered.simulated += u64::from(simulated);
            registered.by_leaf[leaf] += 1;
            if registration.dwelling != Dwelling::default() {
                let described = &mut registered.described_by_leaf[leaf];
                described.0 += 1;
                described.1 += households.factor(&registration.dwelling);
            }
            registered.simulated_by_leaf[leaf] += u32::from(simulated);
        }
        if registered.elsewhere > self.registered().elsewhere {
            tracing::warn!(
                meters = registered.elsewhere,
                "meters are registered in areas that this map does not have: they are kept, and not shown"
            );
        }
        *self.registered.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registered);
        let mut years: BTreeMap<u16, YearStatistics> = BTreeMap::new();
        for document in self.documents.documents(STATISTICS).await? {
            match (document.id.parse(), serde_json::from_slice(&document.body)) {
                (Ok(year), Ok(statistics)) => drop(years.insert(year, statistics)),
                _ => tracing::warn!(id = document.id, "a document of published statistics can't be read"),
            }
        }
        let model = Model::new(&self.geography, &years);
        let mut held = self.model.write().unwrap_or_else(PoisonError::into_inner);
        if **held != model {
            *held = Arc::new(model);
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Looks through stored days, the newest first, until every area with meters was seen to have homes, and one day
    /// to have enough.
    async fn scan_ever(&self) -> Result<(), StoreError> {
        let Some(span) = self.store.span().await? else { return Ok(()) };
        let registered = self.registered();
        for day in (span.first_day..=span.last_day).rev() {
            let date = self.calendar.date_of(Window::at(day, 24).start());
            self.days.summary(date).await?;
            let seen = self.ever_heard.by_leaf();
            let all_seen =
                seen.iter().zip(&registered.by_leaf).all(|(&homes, &meters)| meters == 0 || homes > 0);
            if all_seen && self.ever_heard.newest().is_some() {
                break;
            }
        }
        self.changes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Reads what pages begin with, and again now and then, and soon after all of it was forgotten.
    async fn keep_warm(self: Arc<Self>) {
        loop {
            tokio::time::sleep(REFRESH_EVERY).await;
            let Some(newest) = self.newest_day() else { continue };
            if let Err(error) = self.warm_up(newest).await {
                tracing::warn!(
                    error = format!("{error:?}"),
                    "what pages begin with could not be read; trying again"
                );
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(KEPT_WARM_EVERY) => {}
                () = self.forgotten.notified() => {}
            }
        }
    }

    /// Reads what pages begin with: the year, the newest day, and the month that its typical day is of.
    async fn warm_up(&self, newest: Date) -> Result<(), AppError> {
        self.period_release(Measure::default(), self.default_period()).await.map_err(unavailable)?;
        self.days.summary(newest).await.map_err(unavailable)?;
        let month = self.typical_month().await?;
        self.typical.of(0, month, self.calendar.day_type(newest)).await.map_err(unavailable)?;
        Ok(())
    }

    /// Weighs the days that figures are made of.
    async fn weigh_days(self: Arc<Self>) {
        let (weights, found) = (self.weights.clone(), Notify::new());
        let weighing = weights.weigh_what_is_wanted(|| {
            self.changes.fetch_add(1, Ordering::Relaxed);
            found.notify_one();
        });
        let learning = async {
            loop {
                match self.weights.usual(self.clock.now().window().day()).await {
                    Ok(Some(usual)) => self.ledgers.usually(&usual),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::debug!(%error, "what homes usually use is not known: it stays as it was");
                    }
                }
                // What others have found is known by then, too.
                let _ = tokio::time::timeout(USUAL_STANDS_FOR, found.notified()).await;
                tokio::time::sleep(REFRESH_EVERY).await;
            }
        };
        tokio::join!(weighing, learning);
    }

    /// Looks at days after the newest one on which enough homes were heard, where readings of them arrived.
    async fn look_at_newer_days(&self) -> Result<(), StoreError> {
        let newest = self.ever_heard.newest();
        let touched = self.days.changed().take_touched();
        for date in touched.into_iter().rev().take_while(|&date| Some(date) > newest) {
            self.days.summary(date).await?;
            if self.ever_heard.newest() >= Some(date) {
                break;
            }
            if self.days.changed().has(date) {
                self.days.changed().touch_again(date);
            }
        }
        Ok(())
    }
}
