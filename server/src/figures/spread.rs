//! How the homes of an area differ on a typical day.
//!
//! Percentiles are not made of what the ledgers release, but of homes' own readings, so they have rules of their own. A home counts
//! where it was heard nearly all the time, in one area of the finest level: one that moves counts nowhere. What was published of a
//! month stands until a week of days or ten homes more are in it, and is kept, for all nodes the same.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{DocumentStore, FigureStore, StoreError};
use geography::reference::DayType;
use geography::{AreaIndex, Geography};
use jiff::civil::Date;
use metering::aggregate::{Totals, shares};
use metering::disclosure::{DaySpread, DisclosureRules, HomeDay, stands_beside};
use metering::stored::RawVersion;
use metering::{AreaCode, MeterId};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::calendar::Calendar;
use super::households::lot;
use super::period::Period;
use super::summary::leaf_of;

/// Homes that are looked at, at most: more would tell hardly more.
const HOMES_MAX: usize = 300;

/// Homes and days whose readings are read at once: of readings every ten seconds these are 30 MB.
const AT_ONCE: usize = 5;
const DAYS_AT_ONCE: usize = 7;

/// How much of its days a home has to have been heard, %.
const COVERED_MIN_PERCENT: i64 = 90;

/// How long what was found stands, how long what could not be found, and how many are held.
const STANDS_FOR: Duration = Duration::from_secs(1800);
const AGAIN_AFTER: Duration = Duration::from_secs(10);
const HELD_MAX: usize = 4096;

/// Who may wait until others are worked out.
const WAITING_MAX: usize = 8;

/// An area, a month by its first day, and a type of days.
pub(super) type Of = (usize, Date, DayType);

/// What was published of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Published {
    /// The day after the last one that is in it.
    until: Date,
    /// Homes that are in it, and those of which they were drawn.
    homes: usize,
    drawn: usize,
    spread: DaySpread,
}

impl Published {
    /// Whether a week of days has come since.
    fn is_a_week_old(&self, until: Date) -> bool {
        let days = until.since(self.until).map_or(0, |more| more.get_days());
        days >= DisclosureRules::PERIOD_DAYS_MIN as i32
    }

    /// Whether it is worth reading the homes again.
    fn may_be_outdated(&self, until: Date, drawn: usize) -> bool {
        self.is_a_week_old(until) || are_more(self.drawn, drawn)
    }

    /// Whether so much has come since that another may be published.
    fn may_be_followed(&self, until: Date, homes: usize) -> bool {
        self.is_a_week_old(until) || are_more(self.homes, homes)
    }
}

/// Whether enough homes have come for a figure of them.
fn are_more(before: usize, now: usize) -> bool {
    now.saturating_sub(before) >= DisclosureRules::HOMES_CHANGED_MIN as usize
}

/// What was found, and how long it stands.
struct Held {
    spread: Option<Arc<DaySpread>>,
    until: Date,
    stands_until: Instant,
}

/// Spreads as they were found last.
pub(super) struct Spreads {
    geography: Arc<Geography>,
    calendar: Calendar,
    store: Arc<dyn FigureStore>,
    documents: Arc<dyn DocumentStore>,
    rules: DisclosureRules,
    held: Mutex<HashMap<Of, Held>>,
    /// One is worked out at a time: hundreds of homes' readings are read.
    turn: Semaphore,
    /// Who is worked out, or waits for it.
    waiting: Arc<Semaphore>,
}

impl Spreads {
    /// Nothing found yet.
    pub(super) fn new(
        geography: Arc<Geography>,
        calendar: Calendar,
        store: Arc<dyn FigureStore>,
        documents: Arc<dyn DocumentStore>,
        rules: DisclosureRules,
    ) -> Arc<Self> {
        Arc::new(Spreads {
            geography,
            calendar,
            store,
            documents,
            rules,
            held: Mutex::default(),
            turn: Semaphore::new(1),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        })
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
            let stands = |held: &&Held| held.until == until && Instant::now() < held.stands_until;
            if let Some(held) = known.filter(stands) {
                return held.spread.clone();
            }
            known.and_then(|held| held.spread.clone())
        };
        let Ok(waits) = self.waiting.clone().try_acquire_owned() else { return before };
        let (spreads, known) = (self.clone(), before.clone());
        let found = tokio::spawn(async move {
            let (spread, stands_for) = match spreads.published(of, until).await {
                Ok(spread) => (spread, STANDS_FOR),
                Err(error) => {
                    tracing::warn!(%error, "how homes differ could not be worked out; trying again");
                    (known, AGAIN_AFTER)
                }
            };
            drop(waits);
            let mut held = spreads.held();
            if held.len() >= HELD_MAX {
                held.clear();
            }
            let stands_until = Instant::now() + stands_for;
            held.insert(of, Held { spread: spread.clone(), until, stands_until });
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
        let area = AreaIndex(area as u32);
        // By the largest area around it, too: of one kind there are not too many.
        let largest = self.geography.ancestors(area).last().unwrap_or(area);
        let [code, largest] = [area, largest].map(|area| &self.geography.area(area).code);
        let (group, id) =
            (format!("spread {} {largest}", first.strftime("%Y-%m")), format!("{code} {}", kind.as_str()));
        let body = self.documents.document(&group, &id).await?;
        let unreadable =
            |error: serde_json::Error| StoreError::Corrupt(format!("{group} {id:?} can't be read: {error}"));
        let read = |body: &Option<Vec<u8>>| {
            body.as_deref().map(serde_json::from_slice::<Published>).transpose().map_err(unreadable)
        };
        let kept = read(&body)?;
        let meters = self.drawn(area).await?;
        if let Some(kept) = kept.as_ref().filter(|kept| !kept.may_be_outdated(until, meters.len())) {
            return Ok(Some(Arc::new(kept.spread.clone())));
        }
        let next = self.worked_out(area, &meters, Period { from: first, to: until }, kind).await?;
        let next =
            next.filter(|next| kept.as_ref().is_none_or(|kept| kept.may_be_followed(until, next.homes)));
        let Some(next) = next else { return Ok(kept.map(|kept| Arc::new(kept.spread))) };
        let written = serde_json::to_vec(&next).map_err(unreadable)?;
        if self.documents.replace_document(&group, &id, body.as_deref(), written).await? {
            return Ok(Some(Arc::new(next.spread)));
        }
        // Another node was quicker.
        let there = read(&self.documents.document(&group, &id).await?)?;
        Ok(there.map(|there| Arc::new(there.spread)))
    }

    /// Some of the meters that ever were in an area: any, but the same ones each time.
    async fn drawn(&self, area: AreaIndex) -> Result<Vec<MeterId>, StoreError> {
        let leaves = self.geography.leaves(area).map(|leaf| self.geography.leaf(leaf));
        let codes: Vec<AreaCode> = leaves.map(|leaf| self.geography.area(leaf).code.clone()).collect();
        let mut meters = self.store.meters_ever_in(&codes).await?;
        meters.sort_by_cached_key(|meter| (lot(meter), meter.clone()));
        meters.truncate(HOMES_MAX);
        Ok(meters)
    }

    /// What may be told of an area's homes.
    async fn worked_out(
        &self,
        area: AreaIndex,
        meters: &[MeterId],
        period: Period,
        kind: DayType,
    ) -> Result<Option<Published>, StoreError> {
        let days = period.days().filter(|&date| self.calendar.day_type(date) == kind).count();
        if days < DisclosureRules::PERCENTILE_DAYS_MIN || meters.len() < self.rules.percentile_homes_min() {
            return Ok(None);
        }
        let Ok(_turn) = self.turn.acquire().await else { return Ok(None) };
        let homes = self.homes(area, meters, period, kind).await?;
        if !self.stands_beside_others(area, &homes) {
            return Ok(None);
        }
        let by_home: Vec<HomeDay> = homes.into_iter().map(|(_, day)| day).collect();
        let spread = DaySpread::of(&by_home, &self.rules);
        let (until, homes, drawn) = (period.to, by_home.len(), meters.len());
        Ok(spread.map(|spread| Published { until, homes, drawn, spread }))
    }

    /// Whether it tells nothing beside what may be told of the areas within, level by level.
    fn stands_beside_others(&self, area: AreaIndex, homes: &[(u32, HomeDay)]) -> bool {
        let mut within: BTreeMap<AreaIndex, usize> = BTreeMap::new();
        for (leaf, _) in homes {
            *within.entry(self.geography.leaf(*leaf)).or_default() += 1;
        }
        loop {
            within.retain(|&finer, _| finer != area);
            if within.is_empty() {
                return true;
            }
            let counts: Vec<usize> = within.values().copied().collect();
            if !stands_beside(&counts, &self.rules) {
                return false;
            }
            let mut around = BTreeMap::new();
            for (finer, homes) in within {
                if let Some(parent) = self.geography.parent(finer) {
                    *around.entry(parent).or_default() += homes;
                }
            }
            within = around;
        }
    }

    /// The mean days of those that were heard well in one area of the finest level, and which one that is.
    async fn homes(
        &self,
        area: AreaIndex,
        meters: &[MeterId],
        period: Period,
        kind: DayType,
    ) -> Result<Vec<(u32, HomeDay)>, StoreError> {
        let seconds_of = |date| {
            let windows = self.calendar.windows_of(date);
            windows.map_or(0, |windows| windows.end.start().0 - windows.start.start().0)
        };
        let dates: Vec<Date> = period.days().collect();
        let all_s: i64 = dates
            .iter()
            .filter(|&&date| self.calendar.day_type(date) == kind)
            .map(|&date| seconds_of(date))
            .sum();
        let mut homes = Vec::new();
        for some in meters.chunks(AT_ONCE) {
            let mut used: Vec<HashMap<u32, [Totals; 48]>> = vec![HashMap::new(); some.len()];
            for days in dates.chunks(DAYS_AT_ONCE) {
                let ends = days.first().zip(days.last().and_then(|last| last.tomorrow().ok()));
                let Some((from, to)) = ends
                    .and_then(|(&first, end)| self.calendar.midnight(first).zip(self.calendar.midnight(end)))
                else {
                    continue;
                };
                for (used, versions) in used.iter_mut().zip(self.store.readings(some, from, to).await?) {
                    self.add(used, &versions, days, kind);
                }
            }
            homes.extend(used.into_iter().filter_map(|used| {
                used.into_iter().find_map(|(leaf, half_hours)| {
                    let is_within = self.geography.leaves(area).contains(&leaf);
                    let covered_s: i64 = half_hours.iter().map(|totals| totals.meter_seconds).sum();
                    let mut day = [0.0; 48];
                    let is_whole = day
                        .iter_mut()
                        .zip(&half_hours)
                        .all(|(watts, totals)| totals.mean_w().map(|mean| *watts = mean).is_some());
                    let is_well_heard = covered_s * 100 >= all_s * COVERED_MIN_PERCENT;
                    (is_within && is_whole && is_well_heard).then_some((leaf, day))
                })
            }));
        }
        Ok(homes)
    }

    /// Adds what a home used in the half-hours of its days of a type, by area of the finest level.
    fn add(
        &self,
        used: &mut HashMap<u32, [Totals; 48]>,
        versions: &[RawVersion],
        days: &[Date],
        kind: DayType,
    ) {
        for version in versions {
            let Some(leaf) = leaf_of(&self.geography, &version.area) else { continue };
            let half_hours = used.entry(leaf as u32).or_insert([Totals::default(); 48]);
            for (window, energy, meter_seconds) in shares(version.interval, version.energy) {
                let local = self.calendar.local(window);
                if days.contains(&local.date) && self.calendar.day_type(local.date) == kind {
                    half_hours[local.half_hour] += Totals { energy, meters: 0, meter_seconds };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_was_published_stands_until_enough_has_come() {
        let spread = DaySpread::of(&[[200.0; 48]; 20], &DisclosureRules::default()).unwrap();
        let published = Published { until: date(2026, 11, 15), homes: 20, drawn: 35, spread };
        for (until, homes, expected) in [
            (date(2026, 11, 15), 20, false),
            (date(2026, 11, 21), 29, false),
            (date(2026, 11, 22), 20, true),
            (date(2026, 11, 15), 30, true),
            (date(2026, 11, 10), 12, false),
        ] {
            assert_eq!(published.may_be_followed(until, homes), expected, "{until} {homes}");
            assert_eq!(published.may_be_outdated(until, homes + 15), expected, "{until} {homes}");
        }
    }
}
