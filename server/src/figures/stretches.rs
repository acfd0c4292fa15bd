//! The days and the months that series are made of: worked out once for all areas, and for everybody who looks at one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use metering::UtcSecond;
use metering::disclosure::Shown;

use super::period::Period;
use super::summary::{DaySummary, WorkedOutOf};

/// How many are kept, of 150 kB each for London: a month of days, a year of months, and some that others ask for.
const KEPT: usize = 64;

/// What an area used.
pub(super) struct Used {
    /// Energy, mWh.
    pub energy_mwh: i64,
    /// Meter-seconds covered.
    pub meter_seconds: i64,
    /// Seconds of it in which any home was heard.
    pub heard_s: i64,
}

/// A day or a month of a series, and what every area used in it.
pub(super) struct Stretch {
    pub start: UtcSecond,
    pub end: UtcSecond,
    pub shown: Shown,
    pub areas: Vec<Used>,
}

impl Stretch {
    /// Seconds of it that are over.
    pub(super) fn elapsed_s(&self, now: UtcSecond) -> i64 {
        self.end.0.min(now.0) - self.start.0
    }
}

/// Those that were asked for.
#[derive(Default)]
pub(super) struct Stretches(Mutex<BTreeMap<Period, Kept>>);

struct Kept {
    of: WorkedOutOf,
    stretch: Arc<Stretch>,
}

impl Stretches {
    /// As it was worked out of these days, or as `work_out` does it now.
    pub(super) fn get(
        &self,
        period: Period,
        days: &[Arc<DaySummary>],
        work_out: impl FnOnce() -> Option<Stretch>,
    ) -> Option<Arc<Stretch>> {
        let held = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Kept { of, stretch }) = held().get(&period)
            && of.are(days)
        {
            return Some(stretch.clone());
        }
        let stretch = Arc::new(work_out()?);
        let mut held = held();
        while held.len() >= KEPT && !held.contains_key(&period) {
            held.pop_first();
        }
        held.insert(period, Kept { of: WorkedOutOf::days(days), stretch: stretch.clone() });
        Some(stretch)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use metering::disclosure::Nesting;

    use super::super::summary::LeafDay;
    use super::*;

    const FIRST: Date = date(2026, 11, 22);

    fn day(homes: u32) -> Arc<DaySummary> {
        Arc::new(DaySummary { date: FIRST, leaves: vec![LeafDay { homes, ..LeafDay::default() }] })
    }

    /// Whether it had to be worked out.
    fn is_worked_out(stretches: &Stretches, from: Date, days: &[Arc<DaySummary>]) -> bool {
        let mut is_worked_out = false;
        let period = Period { from, to: from.tomorrow().unwrap() };
        stretches.get(period, days, || {
            is_worked_out = true;
            let shown = Shown::decide(&[1], &[1], &Nesting::new(vec![vec![None]]));
            Some(Stretch { start: UtcSecond(0), end: UtcSecond(1), shown, areas: Vec::new() })
        });
        is_worked_out
    }

    #[test]
    fn it_is_worked_out_once_of_the_same_days() {
        let stretches = Stretches::default();
        let (one, other) = ([day(1)], [day(1)]);
        let none = || Arc::new(DaySummary { date: FIRST, leaves: Vec::new() });
        assert!(is_worked_out(&stretches, FIRST, &one));
        assert!(!is_worked_out(&stretches, FIRST, &one));
        assert!(
            !is_worked_out(&stretches, FIRST, &[none(), one[0].clone(), none()]),
            "nothing rests on those"
        );
        assert!(is_worked_out(&stretches, FIRST, &other), "it was read again");
        assert!(is_worked_out(&stretches, FIRST, &[other[0].clone(), one[0].clone()]));
        assert!(is_worked_out(&stretches, FIRST, &other), "there was one more");
        drop(one);
        assert!(is_worked_out(&stretches, FIRST, &[day(1)]), "a new one is never taken for one that is gone");
        assert!(is_worked_out(&stretches, FIRST, &[]));
        assert!(!is_worked_out(&stretches, FIRST, &[]));
    }

    #[test]
    fn the_oldest_go_first() {
        let stretches = Stretches::default();
        let dates: Vec<Date> = FIRST.series(jiff::Span::new().days(1)).take(KEPT + 1).collect();
        for &from in &dates {
            assert!(is_worked_out(&stretches, from, &[]));
        }
        assert!(!is_worked_out(&stretches, dates[1], &[]));
        assert!(is_worked_out(&stretches, dates[0], &[]));
    }
}
