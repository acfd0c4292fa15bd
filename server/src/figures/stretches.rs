//! The days and the months that series are made of: worked out for all areas at once, and kept for whoever looks at
//! another one.

use std::collections::HashMap;
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
    /// Whether homes of it were spoken of with those of other areas.
    pub together: bool,
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

/// What is told of some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Told {
    /// What was used on each.
    Day,
    /// What was used in a month of them.
    Month,
    /// The same of each type of day, by the half-hour: no home is too much of any type's days, nor of their nights and evenings. The
    /// rest of a month, when two types are taken away, is the third.
    TypicalDays,
}

/// Of which days, and what of them.
type Of = (Period, Told);

/// Those that were asked for last.
#[derive(Default)]
pub(super) struct Stretches(Mutex<Held>);

#[derive(Default)]
struct Held {
    kept: HashMap<Of, Kept>,
    /// Counts the times that anybody asked.
    asked: u64,
}

struct Kept {
    of: WorkedOutOf,
    stretch: Arc<Stretch>,
    /// Which of those times was the last.
    asked: u64,
}

impl Stretches {
    /// As it was worked out of these days, or as `work_out` does it now.
    pub(super) fn get(
        &self,
        of: Of,
        days: &[Arc<DaySummary>],
        work_out: impl FnOnce() -> Option<Stretch>,
    ) -> Option<Arc<Stretch>> {
        let held = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = {
            let mut held = held();
            held.asked += 1;
            let asked = held.asked;
            if let Some(kept) = held.kept.get_mut(&of).filter(|kept| kept.of.are(days)) {
                kept.asked = asked;
                return Some(kept.stretch.clone());
            }
            asked
        };
        let stretch = Arc::new(work_out()?);
        let Held { kept, .. } = &mut *held();
        kept.insert(of, Kept { of: WorkedOutOf::days(days), stretch: stretch.clone(), asked });
        if kept.len() > KEPT {
            let longest_ago = kept.iter().min_by_key(|(_, kept)| kept.asked).map(|(&key, _)| key);
            longest_ago.and_then(|key| kept.remove(&key));
        }
        Some(stretch)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use metering::disclosure::Nesting;

    use super::super::summary::DayUse;
    use super::*;

    const FIRST: Date = date(2026, 11, 22);

    fn day(homes: u32) -> Arc<DaySummary> {
        let areas = vec![(0, DayUse { homes, ..DayUse::default() })];
        Arc::new(DaySummary { areas, ..DaySummary::nothing(FIRST) })
    }

    /// Whether it had to be worked out.
    fn is_worked_out(stretches: &Stretches, from: Date, days: &[Arc<DaySummary>]) -> bool {
        let mut is_worked_out = false;
        let period = Period { from, to: from.tomorrow().unwrap() };
        stretches.get((period, Told::Day), days, || {
            is_worked_out = true;
            let shown = Shown::decide(&[1], &[1], &Nesting::new(vec![vec![None]]), &[]);
            Some(Stretch { start: UtcSecond(0), end: UtcSecond(1), shown, areas: Vec::new() })
        });
        is_worked_out
    }

    #[test]
    fn it_is_worked_out_once_of_the_same_days() {
        let stretches = Stretches::default();
        let (one, other) = ([day(1)], [day(1)]);
        let none = || Arc::new(DaySummary::nothing(FIRST));
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
    fn what_nobody_asked_for_the_longest_goes_first() {
        let stretches = Stretches::default();
        let dates: Vec<Date> = FIRST.series(jiff::Span::new().days(-1)).take(KEPT + 1).collect();
        for &from in &dates[..KEPT] {
            assert!(is_worked_out(&stretches, from, &[]));
        }
        assert!(!is_worked_out(&stretches, dates[0], &[]));
        assert!(is_worked_out(&stretches, dates[KEPT], &[]));
        assert!(!is_worked_out(&stretches, dates[0], &[]));
        assert!(is_worked_out(&stretches, dates[1], &[]));
    }

    #[test]
    fn what_has_not_begun_is_not_kept() {
        let stretches = Stretches::default();
        let period = Period { from: FIRST, to: FIRST.tomorrow().unwrap() };
        assert!(stretches.get((period, Told::Day), &[], || None).is_none());
        assert!(stretches.0.lock().unwrap().kept.is_empty());
    }
}
