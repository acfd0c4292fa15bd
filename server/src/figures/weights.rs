//! How much of what was used on a day is one home's, at most, in every area of the finest level: what the rule against
//! the dominance of one home is decided by.
//!
//! Aggregates don't tell. So each UTC day is *weighed*: all readings of it are read once when it is over, and again when more of
//! it has come since. What was found is kept as a document, for all nodes. What came after the weighing may all be one home's, so
//! of a day that nobody has weighed everything may: figures over days of it wait for that.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Document, DocumentStore, FigureStore, StoreError};
use geography::Geography;
use jiff::civil::Date;
use metering::aggregate::shares;
use metering::disclosure::Part;
use metering::stored::RawVersion;
use metering::{AreaCode, MeterId, UtcSecond};
use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, utc_date};
use super::summary::{ByPart, leaf_of};

/// Readings that are read at once, about: 20 MB. At first of so many homes, and never of more.
const READINGS_AT_ONCE: usize = 100_000;
const METERS_AT_FIRST: usize = 20;
const METERS_AT_ONCE: usize = 5_000;

/// How much of what an area used on a day that is over may have come since it was weighed, in so many parts of it...
const OVER_LACKS_PARTS: i64 = 50;

/// ...of one that is not, and how often that is weighed.
const OPEN_LACKS_PARTS: i64 = 10;
const OPEN_EVERY: Duration = Duration::from_secs(3600);

/// How often it is looked whether a day is to be weighed.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// Until a day is tried again that could not be weighed, or that another node weighs.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Until one is weighed again at all: so long, and as many times as long as it took.
const RESTS_FOR: Duration = Duration::from_secs(10);
const RESTS_TIMES: u32 = 20;

/// How long one node may take before others believe that it died.
const TAKEN_FOR_S: i64 = 900;

/// The kind of documents that say who weighs a day.
const TAKEN: &str = "weighing";

/// Days by which it is known what homes usually use.
const USUAL_DAYS: i32 = 14;

/// What was found of a UTC day: of each local day that it has a part of, by area.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Weighed(BTreeMap<Date, BTreeMap<AreaCode, Weight>>);

/// What the homes of an area used, and one of them at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Weight {
    used: ByPart,
    largest: ByPart,
}

/// Who weighs a day.
#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    /// By a number that it drew.
    by: u64,
    /// Until when nobody else does.
    until: UtcSecond,
}

impl Weighed {
    /// What was found of a local day, by number of the finest level's areas.
    fn by_leaf(&self, date: Date, geography: &Geography) -> Vec<Weight> {
        let mut by_leaf = vec![Weight::default(); geography.leaf_count() as usize];
        for (area, weight) in self.0.get(&date).into_iter().flatten() {
            if let Some(leaf) = leaf_of(geography, area) {
                by_leaf[leaf] = *weight;
            }
        }
        by_leaf
    }

    /// What was used in all.
    fn energy_mwh(&self) -> i64 {
        self.0.values().flat_map(BTreeMap::values).map(|weight| weight.used.all).sum()
    }

    /// Adds what one home used, in pieces.
    fn add_home(&mut self, readings: &[RawVersion], calendar: &Calendar) {
        let mut used: HashMap<Date, HashMap<&AreaCode, ByPart>> = HashMap::new();
        for RawVersion { interval, energy, area, .. } in readings {
            for (window, energy, _) in shares(*interval, *energy) {
                let local = calendar.local(window);
                let of_area = used.entry(local.date).or_default().entry(area).or_default();
                of_area.add(local.half_hour, energy.mwh());
            }
        }
        for (date, areas) in used {
            // Who moved during the day is one home in either area.
            let of_home = areas.values().fold(ByPart::default(), |sum, &of| sum.and(of));
            let weights = self.0.entry(date).or_default();
            for (area, of_area) in areas {
                let weight = weights.entry(area.clone()).or_default();
                weight.used = weight.used.and(of_area);
                weight.largest = weight.largest.larger(of_home);
            }
        }
    }
}

impl Weight {
    /// What one home used at most of an area of which so much is known now.
    fn largest_of(&self, exact: ByPart) -> ByPart {
        self.largest.and(exact.beyond(self.used))
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
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    /// Of which local day something is lacking...
    date: Date,
    /// ...of which so much was known, by number of the finest level's areas.
    exact: Vec<ByPart>,
    course: DayCourse,
}

#[derive(Default)]
struct Held {
    wanted: BTreeMap<i32, Wanted>,
    /// When something new was found of a day.
    found: HashMap<i32, Instant>,
    /// When a day may be weighed again.
    not_before: HashMap<i32, Instant>,
    /// What was known of a local day's part of one when that was weighed last, as a fingerprint: of the same it would be the same.
    weighed_of: HashMap<(i32, Date), u64>,
}

/// What is known of days, and who is to be asked.
pub(super) struct Weights {
    geography: Arc<Geography>,
    calendar: Calendar,
    store: Arc<dyn FigureStore>,
    documents: Arc<dyn DocumentStore>,
    own: u64,
    held: Mutex<Held>,
}

impl Weights {
    /// Nothing wanted yet.
    pub(super) fn new(
        geography: Arc<Geography>,
        calendar: Calendar,
        store: Arc<dyn FigureStore>,
        documents: Arc<dyn DocumentStore>,
    ) -> Result<Self, getrandom::Error> {
        let own = getrandom::u64()?;
        Ok(Weights { geography, calendar, store, documents, own, held: Mutex::default() })
    }

    /// What one home used at most of a local day's part of a UTC day, by number of the finest level's areas, where so much was
    /// used in each. If too much of that was not weighed, it will be: that is said, too.
    pub(super) async fn largest(
        &self,
        day: i32,
        date: Date,
        exact: &[ByPart],
        course: DayCourse,
    ) -> Result<(Vec<ByPart>, bool), StoreError> {
        let weighed = self.read(day).await?.by_leaf(date, &self.geography);
        let mut is_lacking = course.is_lacking(exact, &weighed);
        if is_lacking {
            let mut held = self.held();
            // What is lacking then is not to be had: readings are kept for a shorter time than what they add up to.
            is_lacking = held.weighed_of.get(&(day, date)) != Some(&fingerprint(exact));
            if is_lacking && course != DayCourse::Arriving {
                held.wanted.insert(day, Wanted { date, exact: exact.to_vec(), course });
            }
        }
        let largest = weighed.iter().zip(exact).map(|(weight, &exact)| weight.largest_of(exact));
        Ok((largest.collect(), is_lacking))
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
                let (began, date) = (Instant::now(), wanted.date);
                let weighed = self.weigh_if_lacking(day, &wanted).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, %date, "how much of a day is one home's could not be found out; trying again");
                    false
                });
                let now = Instant::now();
                let mut held = self.held();
                if weighed {
                    let least = if wanted.course == DayCourse::Over { RESTS_FOR } else { OPEN_EVERY };
                    held.not_before.insert(day, now + least.max(RESTS_TIMES * began.elapsed()));
                    held.weighed_of.insert((day, date), fingerprint(&wanted.exact));
                    held.found.insert(day, now);
                    drop(held);
                    found();
                } else {
                    held.not_before.insert(day, now + AGAIN_AFTER);
                    held.wanted.entry(day).or_insert(wanted);
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
            for (area, Weight { used, largest }) in self.read(day).await?.0.into_values().flatten() {
                if let Some(leaf) = leaf_of(&self.geography, &area) {
                    usual[leaf].energy_mwh += used.all;
                    usual[leaf].largest_mwh += largest.all;
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

    /// Says no where another node does it.
    async fn weigh_if_lacking(&self, day: i32, wanted: &Wanted) -> Result<bool, StoreError> {
        let before = self.read(day).await?;
        // Another node may have done it meanwhile.
        if !wanted.course.is_lacking(&wanted.exact, &before.by_leaf(wanted.date, &self.geography)) {
            return Ok(true);
        }
        if !self.take(day).await? {
            return Ok(false);
        }
        let weighed = self.weigh(day).await?;
        // Of readings that are kept no longer, what was found when they were there still holds.
        let known: i64 = wanted.exact.iter().map(|of| of.all).sum();
        if weighed.energy_mwh() < before.energy_mwh() && weighed.energy_mwh() < known {
            return Ok(true);
        }
        let (kind, id) = name(day);
        self.documents.put_documents(&kind, vec![Document { id, body: written(&weighed)? }]).await?;
        Ok(true)
    }

    /// Has a day for this node alone, until it is weighed. Two that do so at once do no harm but to the store's time.
    async fn take(&self, day: i32) -> Result<bool, StoreError> {
        let (_, id) = name(day);
        let body = self.documents.document(TAKEN, &id).await?;
        let now = UtcSecond(jiff::Timestamp::now().as_second());
        let taken = body.as_deref().and_then(|body| serde_json::from_slice::<Taken>(body).ok());
        if taken.is_some_and(|taken| taken.by != self.own && taken.until > now) {
            return Ok(false);
        }
        let ours = Taken { by: self.own, until: UtcSecond(now.0 + TAKEN_FOR_S) };
        self.documents.replace_document(TAKEN, &id, body.as_deref(), written(&ours)?).await
    }

    /// Reads all of a day's readings, at half of the speed that it can: nobody waits for it.
    async fn weigh(&self, day: i32) -> Result<Weighed, StoreError> {
        let mut weighed = Weighed::default();
        let (mut from, mut at_once): (Option<MeterId>, _) = (None, METERS_AT_FIRST);
        loop {
            let began = Instant::now();
            let page = self.store.readings_of_day(day, from.as_ref(), at_once).await?;
            // A page begins with the meter that the one before it ended with.
            let homes = page.chunk_by(|one, other| one.meter == other.meter);
            for home in homes.filter(|home| Some(&home[0].meter) != from.as_ref()) {
                weighed.add_home(home, &self.calendar);
            }
            at_once = (READINGS_AT_ONCE * at_once / page.len().max(1)).clamp(METERS_AT_FIRST, METERS_AT_ONCE);
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

impl DayCourse {
    /// Whether too much of any area's is not what was weighed.
    fn is_lacking(self, exact: &[ByPart], weighed: &[Weight]) -> bool {
        let parts = if self == DayCourse::Over { OVER_LACKS_PARTS } else { OPEN_LACKS_PARTS };
        let lacks =
            |(exact, weight): (&ByPart, &Weight)| (exact.all - weight.used.all).abs() > exact.all / parts;
        exact.iter().zip(weighed).any(lacks)
    }
}

fn fingerprint(exact: &[ByPart]) -> u64 {
    let mut hasher = DefaultHasher::new();
    exact.hash(&mut hasher);
    hasher.finish()
}

/// The kind and the id of a UTC day's document.
fn name(day: i32) -> (String, String) {
    let date = utc_date(day);
    (format!("weighed {}", date.strftime("%Y-%m")), date.to_string())
}

fn written(document: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(document).map_err(|error| StoreError::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use metering::{Energy, Interval, Position};

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
        let known = |wh: [i64; 2]| {
            let mut of_leaves = vec![ByPart::default(); geography.leaf_count() as usize];
            (of_leaves[leaf(one)].all, of_leaves[leaf(other)].all) = (wh[0] * 1000, wh[1] * 1000);
            of_leaves
        };
        let (today, tomorrow) = (date(2026, 7, 1), date(2026, 7, 2));
        let largest = |date, exact: [i64; 2]| {
            let (weights, exact) = (weighed.by_leaf(date, &geography), known(exact));
            [one, other].map(leaf).map(|leaf| weights[leaf].largest_of(exact[leaf]).all / 1000)
        };
        assert_eq!(largest(today, [120, 50]), [100, 70], "who moved is one home in either area");
        assert_eq!(largest(today, [150, 50]), [130, 70]);
        assert_eq!(largest(today, [110, 50]), [100, 70], "some of it was corrected");
        assert_eq!(largest(tomorrow, [30, 10]), [30, 10]);
        assert_eq!(largest(date(2026, 7, 3), [9, 9]), [9, 9], "nobody has weighed that");
        let is_lacking = |wh: i64, course| {
            DayCourse::is_lacking(course, &known([wh - 50, 50]), &weighed.by_leaf(today, &geography))
        };
        assert!([170, 172].iter().all(|&wh| !is_lacking(wh, DayCourse::Over)));
        assert!(
            [175, 165].iter().all(|&wh| is_lacking(wh, DayCourse::Over) && !is_lacking(wh, DayCourse::Open))
        );
        assert!([100, 200].iter().all(|&wh| is_lacking(wh, DayCourse::Open)));
        let kept: Weighed = serde_json::from_slice(&serde_json::to_vec(&weighed).unwrap()).unwrap();
        assert_eq!(kept, weighed);
    }
}
