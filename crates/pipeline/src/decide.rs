//! The decision about one reading, as of its position.

use metering::aggregate::shares;
use metering::time::{LONGEST_READING_S, WINDOW_S};
use metering::wire::ReadingRef;
use metering::{DeadReason, Energy, Interval, MeterId, Position, UtcSecond, Window};
use smallvec::SmallVec;

use crate::areas::AreaIx;
use crate::incoming::{Decision, LogRecordRef};
use crate::meters::{Meter, MeterIx};
use crate::partition::{Halt, Partition};
use crate::rows::{Change, PlaceIx};
use crate::rules::Rules;
use crate::stamp::Stamp;
use crate::versions::Version;

/// What stands before a reading in the log, as far as it matters for its decision.
#[derive(Debug, Default)]
struct Before {
    /// The version of the same start.
    old: Option<Version>,
    /// A reading of another start that covers time that this one covers.
    overlapped: Option<Interval>,
    /// Where the meter was heard by readings of other starts, in this one's windows.
    heard: SmallVec<[PlaceIx; 4]>,
}

/// Places and what changes there: at most two windows in each of two areas.
type Changes = SmallVec<[(PlaceIx, Change); 4]>;

impl Partition {
    pub(crate) fn decide(
        &mut self,
        reading: &ReadingRef<'_>,
        record: &LogRecordRef<'_>,
        at: Position,
    ) -> Result<Decision, Halt> {
        let interval = reading.interval;
        // By the log's own time, not by a clock, or a replay decides otherwise (rule 14).
        if (interval.start().0 + self.config.retention_s) * 1000 < record.appended_ms {
            let detail = format!(
                "began at {}, more than {} days before it was appended",
                interval.start(),
                self.config.retention_s / 86_400
            );
            return Ok(self.bury(record, at, DeadReason::BeyondRetention, detail));
        }
        if interval.end().0.saturating_sub(self.config.ahead_s).saturating_mul(1000) > record.appended_ms {
            let detail = format!(
                "ends at {}, more than {} s after it was appended",
                interval.end(),
                self.config.ahead_s
            );
            return Ok(self.bury(record, at, DeadReason::Undecodable, detail));
        }
        let ix = self.meter_of(reading)?;
        let stamp = Stamp::from(at);
        let registered = self.meters[ix].registered(self.rules.area_history().then_some(stamp));
        let Some(area) = registered.map(|registered| registered.area) else {
            let detail = format!("no registration of {} precedes this reading", reading.meter);
            return Ok(self.bury(record, at, DeadReason::UnknownMeter, detail));
        };
        let before = self.before(ix, interval, stamp)?;
        if let Some(old) = before.old {
            let redriven_from = reading.redriven_from.filter(|_| self.rules.redrive_yields());
            if redriven_from.is_some_and(|from| Position::from(old.at) > from) {
                return Ok(Decision::Superseded); // rule 12
            }
            if (old.interval, old.energy) == (interval, reading.energy) {
                return Ok(Decision::Duplicate);
            }
        }
        if let Some(other) = before.overlapped {
            let detail = format!("{interval:?} overlaps the stored reading {other:?}");
            return Ok(self.bury(record, at, DeadReason::Overlap, detail));
        }
        // A correction stays in the area of what it corrects: a meter that moves keeps its past.
        let area = before.old.map_or(area, |old| old.area);
        let new = Version { interval, at: stamp, energy: reading.energy, area };
        let changes = changes(&before, &new);
        self.all_loaded(&changes)?;

        // From here on nothing can fail.
        for &(place, change) in &changes {
            let partly = (change.seconds.abs() < WINDOW_S).then(|| self.meters[ix].id.number());
            self.rows.count(place, change, partly, stamp, self.rules);
        }
        let meter = &mut self.meters[ix];
        self.own.push(ix, &mut meter.newest_own, new);
        if let Some(spans) = &mut meter.spans {
            spans.add(new);
        }
        self.hint(ix, &before, &new);
        Ok(if before.old.is_some() { Decision::Corrected } else { Decision::Counted })
    }

    fn meter_of(&mut self, reading: &ReadingRef<'_>) -> Result<MeterIx, Halt> {
        match self.meters.find(reading.meter) {
            Some(ix) if self.meters[ix].loaded => Ok(ix),
            _ => {
                // The decoder has checked the name.
                let id = MeterId::parse(reading.meter).expect("decoded readings name valid meters");
                self.loaded(reading.meter, &id)
            }
        }
    }

    /// The meter, if what the store has of it is known.
    pub(crate) fn loaded(&self, name: &str, id: &MeterId) -> Result<MeterIx, Halt> {
        match self.meters.find(name) {
            Some(ix) if self.meters[ix].loaded => Ok(ix),
            _ => Err(Halt::Missing(self.want_meter(id.clone()))),
        }
    }

    fn all_loaded(&self, changes: &Changes) -> Result<(), Halt> {
        if changes.iter().all(|&(place, _)| self.rows.has(place)) {
            return Ok(());
        }
        let missing = changes.iter().map(|&(place, _)| place).filter(|&place| !self.rows.has(place));
        Err(Halt::Missing(self.want_places(&missing.collect::<Vec<_>>())))
    }

    /// What stands before the reading: from the hint alone if it is newer than everything (rule 8), else
    /// looked up (rule 7).
    fn before(&mut self, ix: MeterIx, interval: Interval, at: Stamp) -> Result<Before, Halt> {
        let slow_path = self.rules.slow_path();
        let visible_before = self.rules.raw_versions().then_some(at);
        let (rules, step) = (self.rules, self.config.hint_step_s);
        let meter = &mut self.meters[ix];
        meter.touched = true;
        let start = interval.start().0;
        if start >= meter.newest_end || !slow_path {
            let window = newest_window(meter.newest_end);
            let heard = meter.heard_in.iter().map(|&area| PlaceIx { area, window }).collect();
            return Ok(Before { heard, ..Before::default() });
        }
        let (from, to) = near(interval);
        let wanted = look_up_range(meter, interval, step);
        let Some(spans) = &mut meter.spans else { return Err(Halt::Missing(self.want_raw(ix, wanted))) };
        spans.touched = true;
        let Some(versions) = spans.before(from, to, visible_before) else {
            return Err(Halt::Missing(self.want_raw(ix, wanted)));
        };
        let mut before = Before::default();
        for version in versions {
            if version.start() == start {
                before.old = Some(*version);
                continue;
            }
            if version.interval.overlaps(interval) {
                before.overlapped = Some(version.interval);
            }
            for place in places(version.interval, version.area) {
                // Nobody asks about other windows than the first and the one after it.
                let asked =
                    (interval.first_window().0..=interval.first_window().0 + 1).contains(&place.window.0);
                if asked && !before.heard.contains(&place) {
                    before.heard.push(place);
                }
            }
        }
        narrow(meter, from, start, at, rules);
        Ok(before)
    }

    /// The hint as of this record. A late reading leaves the newest window as it was. The end never
    /// shrinks, so that a hint from the future sends whoever reads it the slow way (rule 8).
    fn hint(&mut self, ix: MeterIx, before: &Before, new: &Version) {
        let (rules, step) = (self.rules, self.config.hint_step_s);
        let meter = &mut self.meters[ix];
        if meter.hint_at < new.at {
            let first = new.interval.first_window();
            let mut end = meter.newest_end.max(new.interval.end().0);
            if !rules.end_never_shrinks()
                && (first.0..=first.0 + 1).contains(&newest_window(meter.newest_end).0)
            {
                end = new.interval.end().0;
            }
            let newest = UtcSecond(end - 1).window();
            if (first.0..=first.0 + 1).contains(&newest.0) {
                meter.heard_in.clear();
                for place in before.heard.iter().copied().chain(places(new.interval, new.area)) {
                    if place.window == newest && !meter.heard_in.contains(&place.area) {
                        meter.heard_in.push(place.area);
                    }
                }
            }
            debug_assert!(!rules.end_never_shrinks() || end >= new.interval.end().0, "I5");
            meter.newest_end = end;
            if end <= meter.hint_end {
                return;
            }
            meter.hint_end = if rules.hints_reach_ahead() { step_end(end, step) } else { end };
            meter.hint_at = new.at;
        } else if !rules.skipped_counts_as_changed() {
            return; // rule 13
        }
        if !meter.hint_changed {
            meter.hint_changed = true;
            self.hinted.push(ix);
        }
    }
}

/// The starts of all readings that touch a reading's windows.
fn near(interval: Interval) -> (i64, i64) {
    let first = interval.first_window().start().0;
    (first - LONGEST_READING_S, first + 2 * WINDOW_S)
}

/// The starts to look up for a reading: those near it, and what else the hint covers if that is not far, for then it is
/// known where the meter's readings end.
pub(crate) fn look_up_range(meter: &Meter, interval: Interval, step: i64) -> (i64, i64) {
    let (from, to) = near(interval);
    let unknown = meter.newest_end >= meter.hint_end;
    if unknown && meter.hint_end <= interval.start().0 + step {
        (from, to.max(meter.hint_end))
    } else {
        (from, to)
    }
}

/// The end of the step that an instant is in, or that it ends.
pub(crate) fn step_end(at: i64, step: i64) -> i64 {
    at + (-at).rem_euclid(step)
}

/// A hint reaches further than the readings that it was written for. Where they end is known once all that began at `from`
/// or later has been looked up. Not if the hint is of the future: the meter's readings until then do not advance it.
fn narrow(meter: &mut Meter, from: i64, start: i64, at: Stamp, rules: Rules) {
    let Meter { hint_at, hint_end, newest_end, heard_in, spans: Some(spans), .. } = meter else { return };
    let Some(known) = spans.known(from, *hint_end) else { return };
    let of_the_future = *hint_at >= at || known.iter().any(|version| version.at >= at);
    if newest_end < hint_end || (of_the_future && rules.narrows_by_the_past()) {
        return;
    }
    // What began before that had ended when this reading's first window began.
    *newest_end = known.iter().map(|version| version.interval.end().0).fold(start, i64::max);
    let newest = newest_window(*newest_end);
    heard_in.clear();
    for version in spans.before(from, *hint_end, Some(at)).into_iter().flatten() {
        let heard = places(version.interval, version.area).any(|place| place.window == newest);
        if heard && !heard_in.contains(&version.area) {
            heard_in.push(version.area);
        }
    }
}

/// The window before the end of the newest reading.
fn newest_window(newest_end: i64) -> Window {
    UtcSecond(newest_end - 1).window()
}

/// Where a reading is counted.
pub(crate) fn places(interval: Interval, area: AreaIx) -> impl Iterator<Item = PlaceIx> {
    shares(interval, Energy::ZERO).map(move |(window, ..)| PlaceIx { area, window })
}

/// The difference that a version makes.
fn changes(before: &Before, new: &Version) -> Changes {
    let mut changes = Changes::new();
    let mut change = |place: PlaceIx, sign: i64, energy: i64, seconds: i64| {
        let had = match changes.iter().position(|&(at, _)| at == place) {
            Some(n) => &mut changes[n].1,
            None => {
                changes.push((place, Change::default()));
                let last = changes.len() - 1;
                &mut changes[last].1
            }
        };
        had.energy += Energy::from_mwh(sign * energy);
        had.seconds += sign * seconds;
        // Where readings of other starts were heard, this one makes no difference.
        if !before.heard.contains(&place) {
            had.meters += sign;
        }
    };
    for (version, sign) in before.old.iter().map(|old| (old, -1)).chain([(new, 1)]) {
        for (window, energy, seconds) in shares(version.interval, version.energy) {
            change(PlaceIx { area: version.area, window }, sign, energy.mwh(), seconds);
        }
    }
    changes.retain(|(_, change)| *change != Change::default());
    changes
}
