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

    /// Where live readings begin (again) at this time: the last boundary, so that the window under way is
    /// whole; or, after a short interruption, where they ended.
    pub(crate) fn resume_at(&self, homes: u32, now: UtcSecond, interval_s: u16) -> UtcSecond {
        let step = HALF_HOUR_S.max(i64::from(interval_s));
        let boundary = UtcSecond(now.0 - now.0.rem_euclid(step));
        let live = self.cohorts.iter().filter(|cohort| cohort.first < homes);
        live.map(|cohort| cohort.done).fold(boundary, UtcSecond::max)
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
        self.merge();
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

    /// Seconds that the round of readings from `at` on is to cover: what is wanted, as soon as that fits.
    pub(crate) fn round_s(&self, at: UtcSecond, wanted_s: u16, unsure_until: UtcSecond) -> u16 {
        let fits = at.0 % i64::from(wanted_s) == 0 && at >= unsure_until;
        if fits { wanted_s } else { self.going_s(at).unwrap_or(wanted_s) }
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

    fn merge(&mut self) {
        self.cohorts.dedup_by(|next, before| {
            let same = Cohort { first: before.first, end: before.end, ..*next } == *before;
            if same {
                before.end = next.end;
            }
            same
        });
    }
}
