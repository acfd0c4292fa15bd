//! What has to be read of the store, and taking what was read.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use metering::stored::{MeterState, RawVersion};
use metering::wire::RecordRef;
use metering::{AggregateRow, MeterId, Place, UtcSecond};

use crate::areas::AreaIx;
use crate::decide::{look_up_range, places, step_end};
use crate::incoming::Decoded;
use crate::meters::{MeterIx, Registered};
use crate::partition::Partition;
use crate::rows::PlaceIx;
use crate::versions::Version;

/// All versions of a meter's readings that start in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRange {
    /// Whose.
    pub meter: MeterId,
    /// The first start of interest.
    pub from: UtcSecond,
    /// The first start that is not.
    pub to: UtcSecond,
}

/// What has to be read of the store. It must be read after it was asked for, and supplied before the
/// batch ends: an answer that was read earlier may lack what has been forgotten since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wants {
    epoch: u64,
    /// Hints and registrations of these meters.
    pub meters: Vec<MeterId>,
    /// Raw versions.
    pub raw: Vec<RawRange>,
    /// This partition's aggregate rows.
    pub places: Vec<Place>,
}

impl Wants {
    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.meters.is_empty() && self.raw.is_empty() && self.places.is_empty()
    }
}

/// What the store had, in the order of what was asked for.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// To [`Wants::meters`].
    pub meters: Vec<MeterState>,
    /// To [`Wants::raw`].
    pub raw: Vec<Vec<RawVersion>>,
    /// To [`Wants::places`].
    pub rows: Vec<Option<AggregateRow>>,
}

/// A store that does not answer what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{asked} {what} were asked for, {answered} came")]
pub struct WrongAnswers {
    /// Of what.
    pub what: &'static str,
    /// How many were wanted.
    pub asked: usize,
    /// How many came.
    pub answered: usize,
}

/// Room for looking through a batch, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Of each meter of the batch: where it will be registered, and the end of its newest reading.
    ahead: HashMap<MeterIx, (Option<AreaIx>, i64), FixedState>,
    places: HashSet<PlaceIx, FixedState>,
    /// The meter of each record of the batch, where it is known.
    meters: Vec<Option<MeterIx>>,
}

impl Partition {
    fn wants_nothing(&self) -> Wants {
        Wants { epoch: self.epoch, meters: Vec::new(), raw: Vec::new(), places: Vec::new() }
    }

    pub(crate) fn want_meter(&self, id: MeterId) -> Wants {
        Wants { meters: vec![id], ..self.wants_nothing() }
    }

    pub(crate) fn want_raw(&self, ix: MeterIx, (from, to): (i64, i64)) -> Wants {
        let range = RawRange { meter: self.meters[ix].id.clone(), from: UtcSecond(from), to: UtcSecond(to) };
        Wants { raw: vec![range], ..self.wants_nothing() }
    }

    pub(crate) fn want_places(&self, places: &[PlaceIx]) -> Wants {
        Wants { places: places.iter().map(|&place| self.place(place)).collect(), ..self.wants_nothing() }
    }

    fn place(&self, place: PlaceIx) -> Place {
        Place { area: self.areas.code(place.area).clone(), window: place.window }
    }

    /// What will probably be needed to apply these records, beyond what is in memory: so that it is read
    /// in bulk. If it is not empty, supply it and call this once more: what lies near a reading can be
    /// asked for only when its meter is known. A guess that is wrong costs time and nothing else.
    pub fn wants(&mut self, batch: &[Decoded<'_>]) -> Wants {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.ahead.clear();
        scratch.places.clear();
        self.find_meters(batch, &mut scratch.meters);
        let mut wants = self.wants_nothing();
        let mut ranges: Vec<(MeterIx, i64, i64)> = Vec::new();
        for (n, decoded) in batch.iter().enumerate() {
            let found = scratch.meters[n];
            let Ok(body) = &decoded.body else { continue };
            if !self.is_ours(&decoded.record) {
                continue;
            }
            match body {
                RecordRef::Reading(reading) => {
                    let Some(ix) = self.known_meter(found, reading.meter, &mut wants, &mut scratch) else {
                        continue;
                    };
                    let meter = &self.meters[ix];
                    let current = || (meter.registered(None).map(|r| r.area), meter.newest_end);
                    let (area, end) = scratch.ahead.entry(ix).or_insert_with(current);
                    let Some(area) = *area else { continue };
                    for place in places(reading.interval, area) {
                        if !self.rows.has(place) {
                            scratch.places.insert(place);
                        }
                    }
                    if reading.interval.start().0 < *end {
                        let (from, to) = look_up_range(meter, reading.interval, self.config.hint_step_s);
                        if meter.spans.as_ref().is_none_or(|spans| !spans.cover(from, to)) {
                            ranges.push((ix, from, to));
                        }
                    }
                    *end = reading.interval.end().0.max(*end);
                }
                RecordRef::Registration(registration, _) => {
                    let name = registration.meter.as_str();
                    let Some(ix) = self.known_meter(found, name, &mut wants, &mut scratch) else { continue };
                    if let Some(area) = self.areas.of_geography(&registration.area) {
                        let end = self.meters[ix].newest_end;
                        scratch.ahead.entry(ix).or_insert((None, end)).0 = Some(area);
                    }
                }
                RecordRef::GenerationBegins(_) => {}
            }
        }
        wants.raw = self.coalesced(ranges);
        wants.places = scratch.places.iter().map(|&place| self.place(place)).collect();
        wants.places.sort_unstable();
        self.scratch = scratch;
        wants
    }

    /// Finds the meters of a batch. On its own, because nothing here waits for what is found: the memory
    /// that it takes to find many is fetched at the same time.
    fn find_meters(&self, batch: &[Decoded<'_>], found: &mut Vec<Option<MeterIx>>) {
        found.clear();
        found.extend(batch.iter().map(|decoded| match &decoded.body {
            Ok(RecordRef::Reading(reading)) => self.meters.find(reading.meter),
            Ok(RecordRef::Registration(registration, _)) => self.meters.find(registration.meter.as_str()),
            _ => None,
        }));
    }

    /// The meter if it is loaded; else it is asked for, once.
    fn known_meter(
        &mut self,
        found: Option<MeterIx>,
        name: &str,
        wants: &mut Wants,
        scratch: &mut Scratch,
    ) -> Option<MeterIx> {
        let ix = match found {
            Some(ix) => ix,
            None => self.meters.intern(&MeterId::parse(name).ok()?),
        };
        if self.meters[ix].loaded {
            return Some(ix);
        }
        if scratch.ahead.insert(ix, (None, 0)).is_none() {
            wants.meters.push(self.meters[ix].id.clone());
        }
        None
    }

    /// Stretches that touch become one.
    fn coalesced(&self, mut ranges: Vec<(MeterIx, i64, i64)>) -> Vec<RawRange> {
        ranges.sort_unstable();
        ranges.dedup_by(|next, range| {
            let touch = next.0 == range.0 && next.1 <= range.2;
            if touch {
                range.2 = range.2.max(next.2);
            }
            touch
        });
        let range = |(ix, from, to): (MeterIx, i64, i64)| RawRange {
            meter: self.meters[ix].id.clone(),
            from: UtcSecond(from),
            to: UtcSecond(to),
        };
        ranges.into_iter().map(range).collect()
    }

    /// Takes what was read. Answers that were asked for before the last batch ended, or before a
    /// generation began, are left aside, and what they answer is asked for again.
    pub fn supply(&mut self, wants: &Wants, answers: Answers) -> Result<(), WrongAnswers> {
        let check = |what, asked: usize, answered: usize| {
            if asked == answered { Ok(()) } else { Err(WrongAnswers { what, asked, answered }) }
        };
        check("meters", wants.meters.len(), answers.meters.len())?;
        check("stretches of raw readings", wants.raw.len(), answers.raw.len())?;
        check("aggregate rows", wants.places.len(), answers.rows.len())?;
        if wants.epoch != self.epoch && self.rules.refuse_stale_answers() {
            return Ok(());
        }
        for (id, state) in wants.meters.iter().zip(answers.meters) {
            self.learn_meter(id, state);
        }
        for (range, versions) in wants.raw.iter().zip(answers.raw) {
            self.learn_raw(range, versions);
        }
        for (place, row) in wants.places.iter().zip(answers.rows) {
            let place = PlaceIx { area: self.areas.intern(&place.area), window: place.window };
            self.rows.learn(place, row.unwrap_or_default());
        }
        Ok(())
    }

    /// What is in memory is as good as what the store has, or it is from before this generation: then the
    /// newer one counts.
    fn learn_meter(&mut self, id: &MeterId, state: MeterState) {
        let ix = self.meters.intern(id);
        if self.meters[ix].loaded {
            return;
        }
        for stored in &state.registrations {
            let area = self.areas.intern(&stored.area);
            let registered = Registered { at: stored.at.into(), area, dwelling: stored.dwelling };
            self.meters[ix].register(registered);
        }
        let step = self.config.hint_step_s;
        let meter = &mut self.meters[ix];
        if let Some(hint) = state.hint
            && meter.hint_at <= hint.at.into()
        {
            meter.hint_at = hint.at.into();
            meter.hint_end = hint.end.0;
        }
        if self.rules.narrows_anew() {
            // One that ends within a step is as good as one of the whole step.
            meter.newest_end =
                if self.rules.hints_reach_ahead() { step_end(meter.hint_end, step) } else { meter.hint_end };
            meter.heard_in.clear();
        }
        meter.loaded = true;
        meter.touched = true;
    }

    /// What the store has, and what this owner has decided and the store may not have yet.
    fn learn_raw(&mut self, range: &RawRange, stored: Vec<RawVersion>) {
        let ix = self.meters.intern(&range.meter);
        let Partition { meters, areas, own, looked_up, .. } = self;
        let meter = &mut meters[ix];
        let spans = meter.spans.get_or_insert_with(|| {
            looked_up.push(ix);
            Box::default()
        });
        spans.touched = true;
        let stored = stored.iter().map(|version| Version {
            interval: version.interval,
            at: version.at.into(),
            energy: version.energy,
            area: areas.intern(&version.area),
        });
        spans.learn(range.from.0, range.to.0, stored.chain(own.of_meter(meter.newest_own).copied()));
    }
}
