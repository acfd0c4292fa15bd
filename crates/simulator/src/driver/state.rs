//! How far the simulation is with which homes. Pure: the driver asks it what to send.
//!
//! What may have been sent, and was not noted before a crash, has to be sent again in the same pieces:
//! the same reading twice is a harmless duplicate, a half-hour over five-minute readings is an overlap.
//! So an intention is saved before it is carried out, and what was intended is repeated as it was.

use metering::{Interval, UtcSecond};
use serde::{Deserialize, Serialize};

use crate::almanac::Almanac;

const HALF_HOUR_S: i64 = metering::time::WINDOW_S;

/// How far the simulation is: saved now and then, and asked for at the next start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulatorState {
    /// Of which homes: those of another seed would be other homes under the same names.
    pub seed: u64,
    /// And of which places.
    pub places: u64,
    /// Homes registered, from number 0 on.
    pub registered: u32,
    /// Whether the homes were last told to stop: then there is nothing to make up for.
    pub stopped: bool,
    /// Homes that have sent, in ranges without holes from number 0 on.
    pub cohorts: Vec<Cohort>,
    /// History that is to be sent.
    pub backlog: Vec<Backlog>,
    /// The next piece of backlog's number.
    pub next_backlog: u32,
}

/// Homes that are equally far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// The first home.
    pub first: u32,
    /// The first home after them.
    pub end: u32,
    /// Their readings begin here ...
    pub since: UtcSecond,
    /// ... and are sent, or in the backlog, up to here.
    pub done: UtcSecond,
    /// Up to here, readings of `interval_s` may have been sent besides.
    pub intended: UtcSecond,
    /// Seconds that their last live readings covered.
    pub interval_s: u16,
}

/// History to be sent for some homes, the newest day first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Its number.
    pub id: u32,
    /// The first home.
    pub first: u32,
    /// The first home after them.
    pub end: u32,
    /// From when.
    pub from: UtcSecond,
    /// Until when.
    pub until: UtcSecond,
    /// Up to here, pieces of `fine_s` may have been sent already: the same ones are sent again.
    pub fine_until: UtcSecond,
    /// Seconds.
    pub fine_s: u16,
    /// The newest local day that is not done, counted from 1970-01-01.
    pub day: i32,
    /// Homes done of that day, in order of areas.
    pub homes_done: u32,
}

impl Backlog {
    /// The pieces of time that it consists of: half-hours, and at its ends what is left of one.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Interval> + use<> {
        let backlog = *self;
        let mut at = backlog.from.0;
        std::iter::from_fn(move || {
            let length =
                if at < backlog.fine_until.0 { i64::from(backlog.fine_s) } else { backlog.longest(at) };
            // Ends at which readings of intervals that don't fit each other met leave a rest: it stays out.
            let piece = Interval::new(UtcSecond(at), length).ok().filter(|p| p.end() <= backlog.until)?;
            at += length;
            Some(piece)
        })
    }

    /// The longest piece from `at` on that lies in its half-hour, is aligned and ends in time.
    fn longest(&self, at: i64) -> i64 {
        let aligned = gcd(at, HALF_HOUR_S);
        if at + aligned <= self.until.0 { aligned } else { gcd(aligned, self.until.0) }
    }

    /// Readings that are still to be sent.
    pub(crate) fn readings_left(&self, almanac: &Almanac) -> u64 {
        let day = almanac.day_numbered(self.day);
        let (before, within) = self.pieces().fold((0, 0), |(before, within), piece| {
            match (piece.start() < day.start, piece.start() < day.end) {
                (true, _) => (before + 1, within),
                (_, true) => (before, within + 1),
                _ => (before, within),
            }
        });
        let homes = u64::from(self.end - self.first);
        before * homes + within * (homes - u64::from(self.homes_done))
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl SimulatorState {
    /// Before anything was sent.
    pub(crate) fn new(seed: u64, places: u64) -> Self {
        SimulatorState {
            seed,
            places,
            registered: 0,
            stopped: false,
            cohorts: Vec::new(),
            backlog: Vec::new(),
            next_backlog: 0,
        }
    }

    /// The first home after all that it knows of.
    pub(crate) fn end(&self) -> u32 {
        self.cohorts.last().map_or(0, |cohort| cohort.end)
    }

    /// Where live readings begin (again) at this time: at a boundary, so that windows are whole; or, after a short
    /// interruption, where they ended.
    pub(crate) fn resume_at(&self, homes: u32, now: UtcSecond, interval_s: u16) -> UtcSecond {
        // New homes have an interval behind them: else none would report before the next one ends.
        let begun = UtcSecond(now.0 - i64::from(interval_s)).window().start();
        let live = self.cohorts.iter().filter(|cohort| cohort.first < homes);
        live.map(|cohort| cohort.done).fold(begun, UtcSecond::max)
    }

    /// Makes the first `homes` homes go live at `at`: what they have used since `history_from` and not
    /// sent becomes backlog. Returns up to when readings of the former interval may have been sent.
    pub(crate) fn go_live(
        &mut self,
        homes: u32,
        at: UtcSecond,
        interval_s: u16,
        history_from: UtcSecond,
        almanac: &Almanac,
    ) -> UtcSecond {
        self.split(homes);
        let end = self.end();
        if homes > end {
            let new = Cohort { first: end, end: homes, since: at, done: at, intended: at, interval_s };
            self.cohorts.push(new);
        }
        let mut going_s = self.going_s(at).unwrap_or(interval_s);
        let mut unsure_until = at;
        for n in 0..self.cohorts.len() {
            let mut cohort = self.cohorts[n];
            if cohort.end > homes {
                continue;
            }
            if cohort.done < at && !self.stopped {
                self.owe(&cohort, cohort.done.max(history_from), at, almanac);
            }
            if history_from < cohort.since {
                let past = Cohort { intended: history_from, ..cohort };
                self.owe(&past, history_from, cohort.since, almanac);
                cohort.since = history_from;
            }
            if cohort.intended > unsure_until {
                (unsure_until, going_s) = (cohort.intended, cohort.interval_s);
            }
            (cohort.done, cohort.intended) = (at, cohort.intended.max(at));
            self.cohorts[n] = cohort;
        }
        self.cohorts.iter_mut().filter(|c| c.end <= homes).for_each(|c| c.interval_s = going_s);
        self.stopped = false;
        self.merge(homes);
        unsure_until
    }

    /// The interval of the homes whose readings end at `at`.
    fn going_s(&self, at: UtcSecond) -> Option<u16> {
        self.cohorts.iter().find(|cohort| cohort.done == at).map(|cohort| cohort.interval_s)
    }

    fn owe(&mut self, cohort: &Cohort, from: UtcSecond, until: UtcSecond, almanac: &Almanac) {
        if from >= until {
            return;
        }
        let backlog = Backlog {
            id: self.next_backlog,
            first: cohort.first,
            end: cohort.end,
            from,
            until,
            fine_until: cohort.intended,
            fine_s: cohort.interval_s,
            day: almanac.day_of(UtcSecond(until.0 - 1)).number,
            homes_done: 0,
        };
        self.next_backlog += 1;
        self.backlog.push(backlog);
    }

    /// The next round of readings: as long as is wanted, as soon as that fits.
    pub(crate) fn round(&self, at: UtcSecond, wanted_s: u16, unsure_until: UtcSecond) -> Option<Interval> {
        let former_s = self.going_s(at).unwrap_or(wanted_s);
        let candidates = if at < unsure_until { [former_s, wanted_s] } else { [wanted_s, former_s] };
        let longest_s = gcd(at.0, HALF_HOUR_S);
        let lengths = candidates.into_iter().map(i64::from).chain([longest_s]);
        lengths.flat_map(|length| Interval::new(at, length)).next()
    }

    /// Notes, before they are sent, that live readings of `interval_s` may be sent up to `until`.
    pub(crate) fn intend(&mut self, homes: u32, until: UtcSecond, interval_s: u16) {
        for cohort in self.cohorts.iter_mut().filter(|cohort| cohort.end <= homes) {
            (cohort.intended, cohort.interval_s) = (until, interval_s);
        }
    }

    /// Notes that all live readings up to `until` were sent.
    pub(crate) fn round_done(&mut self, homes: u32, until: UtcSecond) {
        for cohort in self.cohorts.iter_mut().filter(|cohort| cohort.end <= homes) {
            cohort.done = until;
        }
    }

    /// The backlog to go on with: that with the newest day.
    pub(crate) fn next_backlog(&self) -> Option<Backlog> {
        self.backlog.iter().copied().max_by_key(|backlog| (backlog.day, std::cmp::Reverse(backlog.id)))
    }

    /// Notes that so many more homes of a backlog's day were sent.
    pub(crate) fn backlog_sent(&mut self, id: u32, homes: u32, almanac: &Almanac) {
        let Some(n) = self.backlog.iter().position(|backlog| backlog.id == id) else { return };
        let backlog = &mut self.backlog[n];
        backlog.homes_done += homes;
        if backlog.homes_done >= backlog.end - backlog.first {
            (backlog.day, backlog.homes_done) = (backlog.day - 1, 0);
            if almanac.day_numbered(backlog.day).end <= backlog.from {
                self.backlog.remove(n);
            }
        }
    }

    fn split(&mut self, at: u32) {
        let Some(n) = self.cohorts.iter().position(|c| c.first < at && at < c.end) else { return };
        let upper = Cohort { first: at, ..self.cohorts[n] };
        self.cohorts[n].end = at;
        self.cohorts.insert(n + 1, upper);
    }

    /// Joins ranges that are equally far; but those that are live from now on part from the others here.
    fn merge(&mut self, live: u32) {
        self.cohorts.dedup_by(|next, before| {
            let same =
                before.end != live && Cohort { first: before.first, end: before.end, ..*next } == *before;
            if same {
                before.end = next.end;
            }
            same
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    const NOON: i64 = 1_795_348_800;

    fn almanac() -> Almanac {
        Almanac::new(1, TimeZone::UTC, 51.5, 0.0)
    }

    fn backlog(from: i64, until: i64, fine_until: i64, fine_s: u16) -> Backlog {
        let (from, until) = (UtcSecond(NOON + from), UtcSecond(NOON + until));
        let fine_until = UtcSecond(NOON + fine_until);
        let day = almanac().day_of(until).number;
        Backlog { id: 0, first: 0, end: 10, from, until, fine_until, fine_s, day, homes_done: 0 }
    }

    #[test]
    fn backlog_is_cut_into_the_longest_pieces_that_fit() {
        let check = |backlog: Backlog, expect: &[i64]| {
            let pieces: Vec<i64> = backlog.pieces().map(|p| i64::from(p.duration_s())).collect();
            assert_eq!(pieces, expect, "{backlog:?}");
        };
        check(backlog(0, 5400, 0, 300), &[1800, 1800, 1800]);
        // What is left of the first half-hour, and what there is of the last.
        check(backlog(1500, 4200, 0, 300), &[300, 1800, 600]);
        check(backlog(600, 1500, 0, 300), &[600, 300]);
        // What may have been sent already, as it would have been sent.
        check(backlog(600, 4200, 1500, 300), &[300, 300, 300, 300, 1800, 600]);
        // What no reading can cover stays out.
        check(backlog(25, 36, 0, 25), &[]);
    }

    #[test]
    fn what_is_left_is_counted() {
        let mut state = SimulatorState::new(1, 1);
        let almanac = almanac();
        state.go_live(10, UtcSecond(NOON), 300, UtcSecond(NOON - 36 * 3600), &almanac);
        let left = |state: &SimulatorState| -> u64 {
            state.backlog.iter().map(|backlog| backlog.readings_left(&almanac)).sum()
        };
        assert_eq!(left(&state), 10 * 72);
        state.backlog_sent(0, 4, &almanac);
        assert_eq!(left(&state), 6 * 24 + 10 * 48);
        state.backlog_sent(0, 6, &almanac);
        assert_eq!(left(&state), 10 * 48);
        state.backlog_sent(0, 10, &almanac);
        assert_eq!((left(&state), state.next_backlog()), (0, None));
    }

    #[test]
    fn homes_that_fall_silent_part_from_the_others() {
        let (mut state, almanac) = (SimulatorState::new(1, 1), almanac());
        let (at, later) = (UtcSecond(NOON), UtcSecond(NOON + 300));
        state.go_live(50, at, 300, at, &almanac);
        state.go_live(10, at, 300, at, &almanac);
        state.round_done(10, later);
        let far: Vec<_> = state.cohorts.iter().map(|c| (c.first, c.end, c.done)).collect();
        assert_eq!(far, [(0, 10, later), (10, 50, at)]);
        state.go_live(50, later, 300, at, &almanac);
        assert_eq!(state.cohorts.len(), 1);
        let owed: Vec<_> = state.backlog.iter().map(|b| (b.first, b.end, b.from, b.until)).collect();
        assert_eq!(owed, [(10, 50, at, later)]);
    }

    proptest! {
        #[test]
        fn pieces_follow_each_other_and_fill_the_time(
            fine in prop::sample::select(vec![10_i64, 20, 60, 300, 600, 900, 1800]),
            from in 0_i64..400, length in 1_i64..400, fine_length in 0_i64..20,
        ) {
            let from = from * fine;
            let backlog = backlog(from, from + length * fine, from + fine_length * fine, fine as u16);
            let mut at = backlog.from;
            for piece in backlog.pieces() {
                prop_assert_eq!(piece.start(), at);
                at = piece.end();
            }
            prop_assert_eq!(at, backlog.until);
        }
    }
}
