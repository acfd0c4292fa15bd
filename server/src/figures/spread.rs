//! How the homes of an area differ on a typical day.
//!
//! Percentiles are not made of what the ledgers release, but of homes' own readings, so they have a rule of their own: what was
//! published of a month stands until a week or ten homes more are in it, and is kept, for all nodes the same.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{DocumentStore, FigureStore, StoreError};
use geography::reference::DayType;
use geography::{AreaIndex, Geography};
use jiff::civil::Date;
use metering::aggregate::{Totals, shares};
use metering::disclosure::{DaySpread, DisclosureRules, HomeDay};
use metering::stored::RawVersion;
use metering::{AreaCode, MeterId};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::calendar::Calendar;
use super::households::lot;
use super::period::Period;

/// Homes that are looked at, at most: more would tell hardly more.
const HOMES_MAX: usize = 300;

/// Homes whose readings are read at once: of a month's half-hours these are some MB.
const AT_ONCE: usize = 20;

/// How much of its days a home has to have been heard, %.
const COVERED_MIN_PERCENT: i64 = 90;

/// How long what was found stands, and how many are held.
const STANDS_FOR: Duration = Duration::from_secs(1800);
const HELD_MAX: usize = 4096;

/// An area, a month by its first day, and a type of days.
pub(super) type Of = (usize, Date, DayType);

/// What was published of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Published {
    /// The day after the last one that is in it.
    until: Date,
    /// Homes that are in it.
    homes: usize,
    spread: DaySpread,
}

impl Published {
    /// Whether so much has come since that another may be published.
    fn may_be_followed(&self, until: Date, homes: usize) -> bool {
        let days = until.since(self.until).map_or(0, |more| more.get_days());
        let more_homes = homes.saturating_sub(self.homes);
        days >= DisclosureRules::PERIOD_DAYS_MIN as i32
            || more_homes >= DisclosureRules::HOMES_CHANGED_MIN as usize
    }
}

/// What was found, and when.
struct Held {
    spread: Option<Arc<DaySpread>>,
    until: Date,
    at: Instant,
}

/// Spreads as they were found last.
pub(super) struct Spreads {
    geography: Arc<Geography>,
    calendar: Calendar,
    store: Arc<dyn FigureStore>,
    documents: Arc<dyn DocumentStore>,
    held: Mutex<HashMap<Of, Held>>,
    /// One at a time: hundreds of homes' readings are read.
    turn: Arc<Semaphore>,
}

impl Spreads {
    /// Nothing found yet.
    pub(super) fn new(
        geography: Arc<Geography>,
        calendar: Calendar,
        store: Arc<dyn FigureStore>,
        documents: Arc<dyn DocumentStore>,
    ) -> Arc<Self> {
        let (held, turn) = (Mutex::default(), Arc::new(Semaphore::new(1)));
        Arc::new(Spreads { geography, calendar, store, documents, held, turn })
    }

    /// Of the days before `until`. It is worked out while nobody waits for longer than `patience`; until then there is what was
    /// found before, or none.
    pub(super) async fn get(
        self: &Arc<Self>,
        of: Of,
        until: Date,
        patience: Duration,
    ) -> Option<Arc<DaySpread>> {
        let before = {
            let held = self.held();
            let known = held.get(&of);
            let stands = |held: &&Held| held.until == until && held.at.elapsed() < STANDS_FOR;
            if let Some(held) = known.filter(stands) {
                return held.spread.clone();
            }
            known.and_then(|held| held.spread.clone())
        };
        let Ok(turn) = self.turn.clone().try_acquire_owned() else { return before };
        let (spreads, known) = (self.clone(), before.clone());
        let found = tokio::spawn(async move {
            let found = spreads.published(of, until).await;
            drop(turn);
            let spread = found.unwrap_or_else(|error| {
                tracing::warn!(%error, "how homes differ could not be worked out; trying again");
                known
            });
            let mut held = spreads.held();
            if held.len() >= HELD_MAX {
                held.clear();
            }
            held.insert(of, Held { spread: spread.clone(), until, at: Instant::now() });
            spread
        });
        match tokio::time::timeout(patience, found).await {
            Ok(Ok(spread)) => spread,
            _ => before,
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Of, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is published; what may be besides is kept first.
    async fn published(&self, of: Of, until: Date) -> Result<Option<Arc<DaySpread>>, StoreError> {
        let (area, first, kind) = of;
        let code = &self.geography.area(AreaIndex(area as u32)).code;
        let (group, id) =
            (format!("spread {}", first.strftime("%Y-%m")), format!("{code} {}", kind.as_str()));
        let body = self.documents.document(&group, &id).await?;
        let unreadable =
            |error: serde_json::Error| StoreError::Corrupt(format!("{group} {id:?} can't be read: {error}"));
        let kept: Option<Published> =
            body.as_deref().map(serde_json::from_slice).transpose().map_err(unreadable)?;
        let codes: BTreeSet<AreaCode> = self
            .geography
            .leaves(AreaIndex(area as u32))
            .map(|leaf| self.geography.area(self.geography.leaf(leaf)).code.clone())
            .collect();
        let meters = self.drawn(&codes).await?;
        if let Some(kept) = kept.as_ref().filter(|kept| !kept.may_be_followed(until, meters.len())) {
            return Ok(Some(Arc::new(kept.spread.clone())));
        }
        let homes = self.homes(&meters, &codes, Period { from: first, to: until }, kind).await?;
        let next = DaySpread::of(&homes).map(|spread| Published { until, homes: homes.len(), spread });
        let next =
            next.filter(|next| kept.as_ref().is_none_or(|kept| kept.may_be_followed(until, next.homes)));
        let Some(next) = next else { return Ok(kept.map(|kept| Arc::new(kept.spread))) };
        let written = serde_json::to_vec(&next).map_err(unreadable)?;
        if self.documents.replace_document(&group, &id, body.as_deref(), written).await? {
            return Ok(Some(Arc::new(next.spread)));
        }
        // Another node was quicker.
        let body = self.documents.document(&group, &id).await?;
        let there: Option<Published> =
            body.as_deref().map(serde_json::from_slice).transpose().map_err(unreadable)?;
        Ok(there.map(|there| Arc::new(there.spread)))
    }

    /// Some of the meters that ever were in these areas: any, but the same ones each time.
    async fn drawn(&self, codes: &BTreeSet<AreaCode>) -> Result<Vec<MeterId>, StoreError> {
        let codes: Vec<AreaCode> = codes.iter().cloned().collect();
        let mut meters = self.store.meters_ever_in(&codes).await?;
        meters.sort_by_cached_key(|meter| (lot(meter), meter.clone()));
        meters.truncate(HOMES_MAX);
        Ok(meters)
    }

    /// The mean days of those that were heard well.
    async fn homes(
        &self,
        meters: &[MeterId],
        codes: &BTreeSet<AreaCode>,
        period: Period,
        kind: DayType,
    ) -> Result<Vec<HomeDay>, StoreError> {
        let (Some(from), Some(to)) = (self.calendar.midnight(period.from), self.calendar.midnight(period.to))
        else {
            return Ok(Vec::new());
        };
        let seconds_of = |date| {
            let windows = self.calendar.windows_of(date);
            windows.map_or(0, |windows| windows.end.start().0 - windows.start.start().0)
        };
        let all_s: i64 =
            period.days().filter(|&date| self.calendar.day_type(date) == kind).map(seconds_of).sum();
        let mut homes = Vec::new();
        for some in meters.chunks(AT_ONCE) {
            for versions in self.store.readings(some, from, to).await? {
                let half_hours = self.half_hours(&versions, codes, period, kind);
                let covered_s: i64 = half_hours.iter().map(|totals| totals.meter_seconds).sum();
                let mut day = [0.0; 48];
                let is_whole = day
                    .iter_mut()
                    .zip(&half_hours)
                    .all(|(watts, totals)| totals.mean_w().map(|mean| *watts = mean).is_some());
                if is_whole && covered_s * 100 >= all_s * COVERED_MIN_PERCENT {
                    homes.push(day);
                }
            }
        }
        Ok(homes)
    }

    /// What a home used in the half-hours of its days of a type, in these areas.
    fn half_hours(
        &self,
        versions: &[RawVersion],
        codes: &BTreeSet<AreaCode>,
        period: Period,
        kind: DayType,
    ) -> [Totals; 48] {
        let mut half_hours = [Totals::default(); 48];
        for version in versions.iter().filter(|version| codes.contains(&version.area)) {
            for (window, energy, seconds) in shares(version.interval, version.energy) {
                let local = self.calendar.local(window);
                if local.date < period.from
                    || local.date >= period.to
                    || self.calendar.day_type(local.date) != kind
                {
                    continue;
                }
                half_hours[local.half_hour] += Totals { energy, meters: 0, meter_seconds: seconds };
            }
        }
        half_hours
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_was_published_stands_until_enough_has_come() {
        let spread = DaySpread::of(&[[200.0; 48]; 20]).unwrap();
        let published = Published { until: date(2026, 11, 15), homes: 20, spread };
        for (until, homes, expected) in [
            (date(2026, 11, 15), 20, false),
            (date(2026, 11, 21), 29, false),
            (date(2026, 11, 22), 20, true),
            (date(2026, 11, 15), 30, true),
            (date(2026, 11, 10), 12, false),
        ] {
            assert_eq!(published.may_be_followed(until, homes), expected, "{until} {homes}");
        }
    }
}
