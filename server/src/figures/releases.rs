//! Releases over days, as they were made last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metering::UtcSecond;
use metering::api::Measure;
use metering::disclosure::Release;

use super::model::Model;
use super::period::Period;
use super::summary::{DaySummary, WorkedOutOf};

/// How long a release over days stands before it is made again, if readings have changed it.
const STANDS_FOR: Duration = Duration::from_secs(5);

/// Releases that are kept: the default period of each measure, and what people ask for besides.
const KEPT: usize = 64;

/// A release over days, and what it is of.
#[derive(Clone)]
pub(super) struct DatedRelease {
    pub(super) release: Arc<Release>,
    pub(super) period: Period,
    pub(super) as_of: UtcSecond,
    /// When making it began.
    pub(super) began: Instant,
    /// When it was made.
    pub(super) made: Instant,
    pub(super) of: Arc<MadeOf>,
    pub(super) changes: u64,
    /// Whether everything was stored that changed its days.
    pub(super) settled: bool,
}

impl DatedRelease {
    /// Whether it need not be made again, after so many changes in all.
    pub(super) fn stands(&self, changes: u64) -> bool {
        self.settled && self.changes == changes || self.made.elapsed() < STANDS_FOR
    }
}

/// What a release over days is made of. Of the same it would be the same.
pub(super) struct MadeOf {
    pub(super) days: WorkedOutOf,
    pub(super) model: Arc<Model>,
    /// Homes ever heard, by area.
    pub(super) ever: Arc<[u32]>,
}

impl MadeOf {
    pub(super) fn is(&self, days: &[Arc<DaySummary>], model: &Arc<Model>, ever: &Arc<[u32]>) -> bool {
        self.days.are(days) && Arc::ptr_eq(&self.model, model) && self.ever == *ever
    }
}

/// The last release of each measure and period that was asked for.
#[derive(Default)]
pub(super) struct Releases(Mutex<HashMap<(Measure, Period), Held>>);

/// One of them, and when it was asked for last.
struct Held {
    release: DatedRelease,
    used: Instant,
}

impl Releases {
    /// The last one.
    pub(super) fn get(&self, measure: Measure, period: Period) -> Option<DatedRelease> {
        let mut releases = self.lock();
        let held = releases.get_mut(&(measure, period))?;
        held.used = Instant::now();
        Some(held.release.clone())
    }

    /// Keeps one, and gives the one that is kept: who began to make it later and was quicker has made it of newer days, and
    /// nobody who saw those is shown older ones.
    pub(super) fn keep(&self, measure: Measure, made: DatedRelease) -> DatedRelease {
        let key = (measure, made.period);
        let mut releases = self.lock();
        if let Some(newer) = releases.get(&key).filter(|held| held.release.began > made.began) {
            return newer.release.clone();
        }
        if releases.len() >= KEPT && !releases.contains_key(&key) {
            let oldest = releases.iter().min_by_key(|(_, held)| held.used).map(|(&key, _)| key);
            oldest.and_then(|key| releases.remove(&key));
        }
        releases.insert(key, Held { release: made.clone(), used: Instant::now() });
        made
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Measure, Period), Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use metering::disclosure::{DisclosureRules, Nesting};

    use super::*;

    fn made(day: i8, changes: u64) -> DatedRelease {
        let nesting = Nesting::new(vec![vec![]]);
        let release = Release::decide(&[], &[], &nesting, Measure::Annual, &DisclosureRules::default());
        DatedRelease {
            release: Arc::new(release),
            period: Period { from: date(2026, 11, day), to: date(2026, 11, day + 1) },
            as_of: UtcSecond(0),
            began: Instant::now(),
            made: Instant::now(),
            of: Arc::new(MadeOf {
                days: WorkedOutOf::days(&[]),
                model: Arc::default(),
                ever: Arc::default(),
            }),
            changes,
            settled: true,
        }
    }

    #[test]
    fn who_began_earlier_and_ended_later_changes_nothing() {
        let releases = Releases::default();
        let (slow, quick) = (made(1, 1), made(1, 2));
        assert_eq!(releases.keep(Measure::Annual, quick.clone()).changes, 2);
        assert_eq!(releases.keep(Measure::Annual, slow).changes, 2);
        assert_eq!(releases.get(Measure::Annual, quick.period).map(|held| held.changes), Some(2));
        assert_eq!(releases.keep(Measure::Annual, made(1, 3)).changes, 3);
        assert!(releases.get(Measure::NightShare, quick.period).is_none());
    }

    #[test]
    fn the_oldest_go_first() {
        let releases = Releases::default();
        let measures = [Measure::Annual, Measure::NightShare, Measure::EveningShare];
        let asked = || (1..29).flat_map(|day| measures.map(|measure| (measure, day)));
        asked().for_each(|(measure, day)| drop(releases.keep(measure, made(day, 0))));
        let kept = |(measure, day)| releases.get(measure, made(day, 0).period).is_some();
        let kept: Vec<bool> = asked().map(kept).collect();
        assert_eq!(kept.iter().filter(|&&kept| kept).count(), KEPT);
        assert_eq!((kept[0], kept[kept.len() - 1]), (false, true));
    }
}
