//! How much of what was used on a day is one home's, at most, in every area of the finest level: what the rule against
//! the dominance of one home is decided by.
//!
//! Aggregates don't tell. So each UTC day is *weighed*: all readings of it are read once when it is over, and again when more of
//! it has come since. What was found is kept as a document, for all nodes. What came after the weighing may all be one home's,
//! so of a day that nobody has weighed everything may: figures over days of it wait for that.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Document, DocumentStore, FigureStore, StoreError};
use geography::Geography;
use jiff::civil::Date;
use metering::aggregate::shares;
use metering::disclosure::Part;
use metering::stored::RawVersion;
use metering::{AreaCode, MeterId, Window};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::summary::leaf_of;

/// Homes whose readings of a day are read at once: of readings every ten seconds these are some 60 MB.
const METERS_AT_ONCE: usize = 100;

/// How much of a day that is over may have come since it was weighed, in so many parts of it...
const OVER_LACKS_PARTS: i64 = 50;

/// ...of one that is not, and how often that is weighed.
const OPEN_LACKS_PARTS: i64 = 10;
const OPEN_EVERY: Duration = Duration::from_secs(3600);

/// How often it is looked whether a day is to be weighed.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// Until a day is tried again that could not be weighed, and until one is weighed again at all.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
const RESTS_FOR: Duration = Duration::from_secs(10);

/// Days by which it is known what homes usually use.
const USUAL_DAYS: i32 = 14;

/// What was found of a UTC day: of each local day that it has a part of, by area.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Weighed(BTreeMap<Date, BTreeMap<AreaCode, Weight>>);

/// What the homes of an area used, and one of them at most, mWh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Weight(i64, i64);

impl Weighed {
    /// What was used in all on a local day, mWh.
    fn energy_mwh(&self, date: Date) -> i64 {
        self.0.get(&date).map_or(0, |areas| areas.values().map(|weight| weight.0).sum())
    }

    /// What one home used at most, by number of the finest level's areas, of which so much is known now.
    fn largest(&self, date: Date, exact_mwh: &[i64], geography: &Geography) -> Vec<i64> {
        let mut largest = exact_mwh.to_vec();
        for (area, &Weight(energy_mwh, largest_mwh)) in self.0.get(&date).into_iter().flatten() {
            if let Some(leaf) = leaf_of(geography, area) {
                largest[leaf] = largest_mwh + (exact_mwh[leaf] - energy_mwh).max(0);
            }
        }
        largest
    }

    /// Adds what one home used, in pieces.
    fn add_home(&mut self, readings: &[RawVersion], calendar: &Calendar) {
        let mut used: HashMap<Date, HashMap<&AreaCode, i64>> = HashMap::new();
        for RawVersion { interval, energy, area, .. } in readings {
            for (window, energy, _) in shares(*interval, *energy) {
                *used.entry(calendar.local(window).date).or_default().entry(area).or_default() +=
                    energy.mwh();
            }
        }
        for (date, areas) in used {
            // Who moved during the day is one home in either area.
            let all_mwh: i64 = areas.values().sum();
            let weights = self.0.entry(date).or_default();
            for (area, energy_mwh) in areas {
                let weight = weights.entry(area.clone()).or_default();
                *weight = Weight(weight.0 + energy_mwh, weight.1.max(all_mwh));
            }
        }
    }
}

/// How a local day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayCourse {
    /// More of it is known to be on its way into the store: it is not weighed before that is there.
    Arriving,
    /// It goes on.
    Open,
    /// It is over.
    Over,
}

/// A day that is to be weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wanted {
    /// Of which local day something is lacking...
    date: Date,
    /// ...of which so much was known, mWh.
    exact_mwh: i64,
    course: DayCourse,
}

#[derive(Default)]
struct Held {
    wanted: BTreeMap<i32, Wanted>,
    /// When something new was found of a day.
    found: HashMap<i32, Instant>,
    /// When a day may be weighed again.
    not_before: HashMap<i32, Instant>,
}

/// What is known of days, and who is to be asked.
pub(super) struct Weights {
    geography: Arc<Geography>,
    calendar: Calendar,
    store: Arc<dyn FigureStore>,
    documents: Arc<dyn DocumentStore>,
    held: Mutex<Held>,
}

impl Weights {
    /// Nothing wanted yet.
    pub(super) fn new(
        geography: Arc<Geography>,
        calendar: Calendar,
        store: Arc<dyn FigureStore>,
        documents: Arc<dyn DocumentStore>,
    ) -> Self {
        Weights { geography, calendar, store, documents, held: Mutex::default() }
    }

    /// What one home used at most of a local day's part of a UTC day, by number of the finest level's areas, where so much was
    /// used in each, mWh. If too much of that was not weighed, it will be.
    pub(super) async fn largest(
        &self,
        day: i32,
        date: Date,
        exact_mwh: &[i64],
        course: DayCourse,
    ) -> Result<Vec<i64>, StoreError> {
        let weighed = self.read(day).await?;
        let wanted = Wanted { date, exact_mwh: exact_mwh.iter().sum(), course };
        if course != DayCourse::Arriving && wanted.is_lacking(&weighed) {
            self.held().wanted.insert(day, wanted);
        }
        Ok(weighed.largest(date, exact_mwh, &self.geography))
    }

    /// When something new was last found of a day.
    pub(super) fn found(&self, day: i32) -> Option<Instant> {
        self.held().found.get(&day).copied()
    }

    /// Weighs what is wanted, for ever. `found` is told each time.
    pub(super) async fn weigh_what_is_wanted(&self, found: impl Fn()) {
        loop {
            tokio::time::sleep(LOOKED_EVERY).await;
            while let Some((day, wanted)) = self.next() {
                match self.weigh_if_lacking(day, wanted).await {
                    Ok(()) => {
                        let now = Instant::now();
                        let mut held = self.held();
                        held.found.insert(day, now);
                        let rests = if wanted.course == DayCourse::Over { RESTS_FOR } else { OPEN_EVERY };
                        held.not_before.insert(day, now + rests);
                        drop(held);
                        found();
                    }
                    Err(error) => {
                        let date = wanted.date;
                        tracing::warn!(%error, %date, "how much of a day is one home's could not be found out; trying again");
                        let mut held = self.held();
                        held.wanted.entry(day).or_insert(wanted);
                        held.not_before.insert(day, Instant::now() + AGAIN_AFTER);
                    }
                }
            }
        }
    }

    /// What homes use, and one of them at most, by number of the finest level's areas: as the newest days before one were
    /// weighed. None where there is none.
    pub(super) async fn usual(&self, before: i32) -> Result<Option<Vec<Part>>, StoreError> {
        let mut usual = vec![Part::default(); self.geography.leaf_count() as usize];
        let mut is_known = false;
        for day in before - USUAL_DAYS..before {
            for (area, Weight(energy_mwh, largest_mwh)) in self.read(day).await?.0.into_values().flatten() {
                if let Some(leaf) = leaf_of(&self.geography, &area) {
                    usual[leaf].energy_mwh += energy_mwh;
                    usual[leaf].largest_mwh += largest_mwh;
                    is_known = true;
                }
            }
        }
        Ok(is_known.then_some(usual))
    }

    /// The newest day that may be weighed now.
    fn next(&self) -> Option<(i32, Wanted)> {
        let mut held = self.held();
        let Held { wanted, not_before, .. } = &*held;
        let may_be = |day: &i32| not_before.get(day).is_none_or(|&at| at <= Instant::now());
        let day = wanted.keys().copied().rfind(|day| may_be(day))?;
        held.wanted.remove(&day).map(|wanted| (day, wanted))
    }

    async fn weigh_if_lacking(&self, day: i32, wanted: Wanted) -> Result<(), StoreError> {
        // Another node may have done it meanwhile.
        if !wanted.is_lacking(&self.read(day).await?) {
            return Ok(());
        }
        let weighed = self.weigh(day).await?;
        let body = serde_json::to_vec(&weighed).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let (kind, id) = name(day);
        self.documents.put_documents(&kind, vec![Document { id, body }]).await
    }

    /// Reads all of a day's readings, at half of the speed that it can: nobody waits for it.
    async fn weigh(&self, day: i32) -> Result<Weighed, StoreError> {
        let mut weighed = Weighed::default();
        let mut from: Option<MeterId> = None;
        loop {
            let began = Instant::now();
            let page = self.store.readings_of_day(day, from.as_ref(), METERS_AT_ONCE).await?;
            // A page begins with the meter that the one before it ended with.
            let homes = page.chunk_by(|one, other| one.meter == other.meter);
            for home in homes.filter(|home| Some(&home[0].meter) != from.as_ref()) {
                weighed.add_home(home, &self.calendar);
            }
            let last = page.last().map(|reading| reading.meter.clone());
            if last.is_none() || last == from {
                return Ok(weighed);
            }
            from = last;
            tokio::time::sleep(began.elapsed()).await;
        }
    }

    /// What was found of a day. Nothing, of one that nobody has weighed.
    async fn read(&self, day: i32) -> Result<Weighed, StoreError> {
        let (kind, id) = name(day);
        let Some(body) = self.documents.document(&kind, &id).await? else { return Ok(Weighed::default()) };
        serde_json::from_slice(&body)
            .map_err(|error| StoreError::Corrupt(format!("{kind} {id:?} can't be read: {error}")))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    /// Whether too much of it was not weighed.
    fn is_lacking(&self, weighed: &Weighed) -> bool {
        let parts = if self.course == DayCourse::Over { OVER_LACKS_PARTS } else { OPEN_LACKS_PARTS };
        (self.exact_mwh - weighed.energy_mwh(self.date)).abs() > self.exact_mwh / parts
    }
}

/// The kind and the id of a UTC day's document.
fn name(day: i32) -> (String, String) {
    let date = jiff::tz::TimeZone::UTC.to_datetime(Window::at(day, 0).start().to_jiff()).date();
    (format!("weighed {}", date.strftime("%Y-%m")), date.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use metering::{Energy, Interval, Position, UtcSecond};

    use super::super::holidays::Holidays;
    use super::*;

    /// The UTC day of 2026-07-01: in London it has an hour of the next local day.
    const DAY: i32 = 20_635;

    fn reading(meter: &str, half_hour: i64, area: &str, wh: i64) -> RawVersion {
        let start = UtcSecond(i64::from(DAY) * 86_400 + half_hour * 1800);
        RawVersion {
            meter: MeterId::parse(meter).unwrap(),
            interval: Interval::new(start, 1800).unwrap(),
            at: Position::new(1, half_hour),
            energy: Energy::from_mwh(wh * 1000),
            area: AreaCode::parse(area).unwrap(),
        }
    }

    #[test]
    fn what_came_after_the_weighing_may_all_be_one_homes() {
        let geography = Geography::london();
        let calendar = Calendar::new("Europe/London", Holidays::None).unwrap();
        let [one, other] = ["E01000001", "E01000002"];
        let leaf = |code: &str| leaf_of(&geography, &AreaCode::parse(code).unwrap()).unwrap();
        let mut weighed = Weighed::default();
        weighed.add_home(&[reading("a", 10, one, 100), reading("a", 47, one, 30)], &calendar);
        weighed.add_home(&[reading("b", 10, one, 20), reading("b", 11, other, 50)], &calendar);
        let (today, tomorrow) = (date(2026, 7, 1), date(2026, 7, 2));
        let largest = |date, exact: [i64; 2]| {
            let mut of_leaves = vec![0; geography.leaf_count() as usize];
            (of_leaves[leaf(one)], of_leaves[leaf(other)]) = (exact[0] * 1000, exact[1] * 1000);
            let largest = weighed.largest(date, &of_leaves, &geography);
            [largest[leaf(one)] / 1000, largest[leaf(other)] / 1000]
        };
        assert_eq!(largest(today, [120, 50]), [100, 70], "who moved is one home in either area");
        assert_eq!(largest(today, [150, 50]), [130, 70]);
        assert_eq!(largest(today, [110, 50]), [100, 70], "some of it was corrected");
        assert_eq!(largest(tomorrow, [30, 10]), [30, 10]);
        assert_eq!(largest(date(2026, 7, 3), [9, 9]), [9, 9], "nobody has weighed that");
        let is_lacking =
            |wh: i64, course| Wanted { date: today, exact_mwh: wh * 1000, course }.is_lacking(&weighed);
        assert!([170, 173].iter().all(|&wh| !is_lacking(wh, DayCourse::Over)));
        assert!(
            [175, 165].iter().all(|&wh| is_lacking(wh, DayCourse::Over) && !is_lacking(wh, DayCourse::Open))
        );
        assert!([100, 200].iter().all(|&wh| is_lacking(wh, DayCourse::Open)));
        let kept: Weighed = serde_json::from_slice(&serde_json::to_vec(&weighed).unwrap()).unwrap();
        assert_eq!(kept, weighed);
    }
}
