//! Which local days readings have changed since they were read.
//!
//! Rows are published before they are stored, so that pages are quick. Who reads a day in between reads it without
//! them; so a day counts as changed until it was read when the store had everything that changed it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use metering::Position;

/// How long after a gap in the feed it is not known what the store still lacks: longer than from one flush to the end of
/// the next at the longest `flush-ms`.
const UNSURE_FOR: Duration = Duration::from_secs(180);

/// What a read of a day may lack.
struct Lacks {
    /// How far each partition has to be stored.
    through: HashMap<u32, Position>,
    /// Since when it may.
    since: Instant,
}

/// Changed days.
#[derive(Default)]
pub(super) struct Changed(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// By day: how far each partition has to be stored before a read has everything.
    days: HashMap<Date, Lacks>,
    /// How often anything changed each day.
    counts: BTreeMap<Date, u64>,
    /// How often changes were missed.
    missed: u64,
    /// Changed since somebody last asked which.
    touched: BTreeSet<Date>,
    /// When changes were last missed: for a while, every day may lack something.
    missed_at: Option<Instant>,
    /// Days that were read in that while, and since when they may.
    unsure: BTreeMap<Date, Instant>,
}

impl Held {
    fn lacks_between(&self, from: Date, to: Date) -> bool {
        self.days.keys().chain(self.unsure.keys()).any(|date| (from..to).contains(date))
    }
}

/// Whether a partition is stored up to a position.
fn has(stored: &[Option<Position>], partition: u32, through: Position) -> bool {
    stored.get(partition as usize).copied().flatten().is_some_and(|stored| stored >= through)
}

impl Changed {
    /// Notes that a row of a partition, up to a position, changed a day.
    pub(super) fn note(&self, date: Date, partition: u32, through: Position) {
        let mut held = self.lock();
        held.touched.insert(date);
        *held.counts.entry(date).or_default() += 1;
        let lacks = held.days.entry(date);
        let lacks = lacks.or_insert_with(|| Lacks { through: HashMap::new(), since: Instant::now() });
        let newest = lacks.through.entry(partition).or_insert(through);
        *newest = (*newest).max(through);
    }

    /// Notes that changes were missed.
    pub(super) fn note_gap(&self) {
        let mut held = self.lock();
        held.missed += 1;
        held.missed_at = Some(Instant::now());
    }

    /// Whether a day may have changed since it was read.
    pub(super) fn has(&self, date: Date) -> bool {
        self.since(date).is_some()
    }

    /// Since when it may have.
    pub(super) fn since(&self, date: Date) -> Option<Instant> {
        let held = self.lock();
        let lacks = held.days.get(&date).map(|lacks| lacks.since);
        lacks.into_iter().chain(held.unsure.get(&date).copied()).min()
    }

    /// Whether a day that is read when partitions are stored this far lacks something all the same.
    pub(super) fn would_lack(&self, date: Date, stored: &[Option<Position>]) -> bool {
        let held = self.lock();
        let lacks = |(&partition, &through): (&u32, &Position)| !has(stored, partition, through);
        held.days.get(&date).is_some_and(|day| day.through.iter().any(lacks))
    }

    /// Whether any day from the first on, before the second, may have changed since it was read.
    pub(super) fn has_between(&self, from: Date, to: Date) -> bool {
        self.lock().lacks_between(from, to)
    }

    /// Counts changes of the days from the first on, before the second. None while what is stored may lack some of them.
    pub(super) fn settled_between(&self, from: Date, to: Date) -> Option<u64> {
        let held = self.lock();
        let is_unsure = held.missed_at.is_some_and(|at| at.elapsed() < UNSURE_FOR);
        (!is_unsure && !held.lacks_between(from, to))
            .then(|| held.missed + held.counts.range(from..to).map(|(_, count)| count).sum::<u64>())
    }

    /// Notes that a day was read when partitions were stored this far: `began` is when it was asked how far.
    pub(super) fn was_read(&self, date: Date, began: Instant, stored: &[Option<Position>]) {
        let mut held = self.lock();
        match held.missed_at.filter(|&at| began < at + UNSURE_FOR) {
            Some(at) => drop(held.unsure.insert(date, at)),
            None => drop(held.unsure.remove(&date)),
        }
        if let Some(lacks) = held.days.get_mut(&date) {
            lacks.through.retain(|&partition, &mut through| !has(stored, partition, through));
            if lacks.through.is_empty() {
                held.days.remove(&date);
            }
        }
    }

    /// The days that changed since this was last asked.
    pub(super) fn take_touched(&self) -> BTreeSet<Date> {
        std::mem::take(&mut self.lock().touched)
    }

    /// To be asked for again.
    pub(super) fn touch_again(&self, date: Date) {
        self.lock().touched.insert(date);
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const DAY: Date = date(2026, 11, 22);

    fn at(offset: i64) -> Option<Position> {
        Some(Position::new(1, offset))
    }

    #[test]
    fn a_day_read_before_its_rows_are_stored_is_read_again() {
        let changed = Changed::default();
        changed.note(DAY, 1, Position::new(1, 40));
        changed.note(DAY, 1, Position::new(1, 38));
        changed.note(DAY, 0, Position::new(1, 7));
        let now = Instant::now();
        for (stored, still) in [([None, at(50)], true), ([at(6), at(50)], true), ([at(7), at(39)], false)] {
            changed.was_read(DAY, now, &stored);
            assert_eq!(changed.has(DAY), still, "{stored:?}");
            assert_eq!(changed.has_between(DAY, date(2026, 11, 23)), still, "{stored:?}");
            assert_eq!(changed.would_lack(DAY, &stored), still, "{stored:?}");
            assert!(!changed.has_between(date(2025, 11, 22), DAY), "{stored:?}");
        }
    }

    #[test]
    fn what_comes_after_the_look_at_the_store_still_counts() {
        let changed = Changed::default();
        let (began, stored) = (Instant::now(), [at(10)]);
        changed.note(DAY, 0, Position::new(1, 11));
        changed.was_read(DAY, began, &stored);
        assert!(changed.has(DAY));
        assert_eq!(changed.take_touched(), BTreeSet::from([DAY]));
        assert_eq!(changed.take_touched(), BTreeSet::new());
    }

    #[test]
    fn changes_of_some_days_are_counted_when_they_are_stored() {
        let changed = Changed::default();
        let settled = || changed.settled_between(DAY, date(2026, 11, 23));
        assert_eq!(settled(), Some(0));
        changed.note(DAY, 0, Position::new(1, 7));
        assert_eq!(settled(), None);
        changed.was_read(DAY, Instant::now(), &[at(7)]);
        assert_eq!(settled(), Some(1));
        changed.note(date(2026, 11, 23), 0, Position::new(1, 8));
        assert_eq!(settled(), Some(1));
    }

    #[test]
    fn after_a_gap_a_day_is_read_again() {
        let changed = Changed::default();
        changed.note_gap();
        let now = Instant::now();
        changed.was_read(DAY, now, &[at(10)]);
        assert!(changed.has(DAY));
        assert_eq!(changed.settled_between(DAY, DAY.tomorrow().unwrap()), None);
        changed.was_read(DAY, now + UNSURE_FOR, &[at(10)]);
        assert!(!changed.has(DAY));
    }
}
