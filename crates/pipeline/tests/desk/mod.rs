//! A driver and a store in memory, whose flushes are atomic, as an embedded engine's are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use metering::stored::{FlushPlan, Hint, MeterState, PlacedRow, RawVersion, RegistrationVersion};
use metering::wire::Record;
use metering::{AggregateRow, AreaCode, DeadReason, Generation, MeterId, Place, Position};
use pipeline::{
    Answers, Decision, Decoded, HINT_STEP_S, Halt, Limits, LiveRows, LogRecordRef, Partition,
    PartitionConfig, Wants,
};

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) appended_ms: i64,
    pub(crate) key: Bytes,
    pub(crate) value: Bytes,
}

impl Entry {
    pub(crate) fn new(key: &str, record: &Record, appended_ms: i64) -> Self {
        Entry { appended_ms, key: Bytes::copy_from_slice(key.as_bytes()), value: record.encode().into() }
    }

    fn at(&self, offset: usize) -> LogRecordRef<'_> {
        LogRecordRef {
            offset: offset as i64,
            appended_ms: self.appended_ms,
            key: &self.key,
            value: &self.value,
        }
    }
}

#[derive(Debug, Default)]
struct Store {
    rows: BTreeMap<Place, AggregateRow>,
    raw: BTreeMap<(MeterId, i64, Position), RawVersion>,
    registrations: BTreeMap<(MeterId, Position), RegistrationVersion>,
    hints: BTreeMap<MeterId, Hint>,
    dead: BTreeMap<i64, DeadReason>,
    progress: Option<Position>,
    /// What receivers of the live topic hold.
    live: BTreeMap<Place, AggregateRow>,
}

impl Store {
    fn read(&self, wants: &Wants) -> Answers {
        let first = |id: &MeterId| (id.clone(), Position::BEFORE_ALL);
        let last = |id: &MeterId| (id.clone(), Position::new(u32::MAX, i64::MAX));
        let meters = wants.meters.iter().map(|id| MeterState {
            hint: self.hints.get(id).copied(),
            registrations: self.registrations.range(first(id)..last(id)).map(|(_, v)| v.clone()).collect(),
        });
        let raw = wants.raw.iter().map(|range| {
            let bound = |start: i64| (range.meter.clone(), start, Position::BEFORE_ALL);
            self.raw.range(bound(range.from.0)..bound(range.to.0)).map(|(_, v)| v.clone()).collect()
        });
        Answers {
            meters: meters.collect(),
            raw: raw.collect(),
            rows: wants.places.iter().map(|place| self.rows.get(place).copied()).collect(),
        }
    }

    fn write(&mut self, plan: &FlushPlan) {
        newest(&mut self.rows, &plan.rows);
        for version in &plan.raw {
            let key = (version.meter.clone(), version.interval.start().0, version.at);
            let had = self.raw.insert(key, version.clone());
            assert!(had.is_none_or(|had| had == *version), "one stamp, two contents: {version:?}");
        }
        for version in &plan.registrations {
            self.registrations.insert((version.meter.clone(), version.at), version.clone());
        }
        for (meter, hint) in &plan.hints {
            let held = self.hints.entry(meter.clone()).or_default();
            if held.at <= hint.at {
                *held = *hint;
            }
        }
        for letter in &plan.dead {
            self.dead.insert(letter.at.offset, letter.reason);
        }
        self.progress = self.progress.max(Some(plan.progress));
    }
}

/// Keeps, of each row, the one that has seen most.
fn newest(held: &mut BTreeMap<Place, AggregateRow>, rows: &[PlacedRow]) {
    for PlacedRow { place, row } in rows {
        let held = held.entry(place.clone()).or_default();
        if held.through <= row.through {
            *held = *row;
        }
    }
}

/// Longer than any test's readings are ahead of their append, but those about just that.
pub(crate) const AHEAD_S: i64 = 10 * 366 * 86_400;

/// An owner, its driver and its store.
#[derive(Debug)]
pub(crate) struct Desk {
    store: Rc<RefCell<Store>>,
    config: PartitionConfig,
    partition: Partition,
}

impl Desk {
    pub(crate) fn new(areas: Vec<AreaCode>, retention_s: i64, limits: Limits) -> Self {
        let config = PartitionConfig {
            partition: 0,
            generations: vec![Generation { generation: 1, partitions: 1, token: 0 }],
            retention_s,
            ahead_s: AHEAD_S,
            areas,
            hint_step_s: HINT_STEP_S,
            limits,
        };
        let partition = Partition::restore(config.clone(), None).unwrap();
        Desk { store: Rc::default(), config, partition }
    }

    /// Another owner of the same partition and store.
    pub(crate) fn second_owner(&self) -> Self {
        let mut desk = Desk { store: self.store.clone(), ..Desk::new(Vec::new(), 0, self.config.limits) };
        desk.config = self.config.clone();
        desk.crash();
        desk
    }

    pub(crate) fn next_offset(&self) -> usize {
        self.partition.next_offset() as usize
    }

    /// Decides up to so many records.
    pub(crate) fn batch(
        &mut self,
        log: &[Entry],
        records: usize,
        prefetch: bool,
        publish: bool,
    ) -> Vec<Decision> {
        let next = self.next_offset();
        let batch: Vec<Decoded<'_>> = log
            .iter()
            .enumerate()
            .skip(next)
            .take(records)
            .map(|(n, entry)| Decoded::new(entry.at(n)))
            .collect();
        for _ in 0..if prefetch { 2 } else { 0 } {
            let wants = self.partition.wants(&batch);
            let answers = self.store.borrow().read(&wants);
            self.partition.supply(&wants, answers).unwrap();
        }
        let mut decisions = Vec::new();
        for record in &batch {
            decisions.push(loop {
                match self.partition.apply(record) {
                    Ok(decision) => break decision,
                    Err(Halt::Unannounced(_)) => self.partition.announced(&self.config.generations),
                    Err(Halt::Missing(wants)) => {
                        let answers = self.store.borrow().read(&wants);
                        self.partition.supply(&wants, answers).unwrap();
                    }
                    Err(halt) => panic!("{halt}"),
                }
            });
        }
        self.partition.end_batch();
        if publish {
            newest(&mut self.store.borrow_mut().live, &self.partition.take_live().rows);
        }
        decisions
    }

    /// What receivers of the live topic are told now; if `again`, it is not sent, and comes with the next.
    pub(crate) fn live(&mut self, again: bool) -> LiveRows {
        let live = self.partition.take_live();
        if again {
            self.partition.publish_again(live.clone());
        }
        live
    }

    pub(crate) fn flush(&mut self) {
        if let Some(flush) = self.partition.take_flush() {
            let mut store = self.store.borrow_mut();
            newest(&mut store.live, &flush.live.rows);
            store.write(&flush.plan);
            self.partition.flushed(flush.id);
        }
    }

    /// All memory is lost.
    pub(crate) fn crash(&mut self) {
        let progress = self.store.borrow().progress;
        self.partition = Partition::restore(self.config.clone(), progress).unwrap();
    }

    pub(crate) fn sums(&self) -> BTreeMap<Place, (i64, i64, i64)> {
        sums(&self.store.borrow().rows)
    }

    pub(crate) fn live_sums(&self) -> BTreeMap<Place, (i64, i64, i64)> {
        sums(&self.store.borrow().live)
    }

    pub(crate) fn dead(&self) -> BTreeMap<i64, DeadReason> {
        self.store.borrow().dead.clone()
    }
}

fn sums(rows: &BTreeMap<Place, AggregateRow>) -> BTreeMap<Place, (i64, i64, i64)> {
    let rows =
        rows.iter().map(|(place, row)| (place.clone(), (row.energy.mwh(), row.meters, row.meter_seconds)));
    rows.filter(|(_, sum)| *sum != (0, 0, 0)).collect()
}
