//! A store as Cassandra is one: the last write by stamp wins, row by row; writes travel, arrive late,
//! twice or after their sender's death; a read may see a write that is under way and the next may not.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::{Rc, Weak};

use metering::stored::{DeadLetter, FlushPlan, Hint, PlacedRow, RawVersion, RegistrationVersion, Windows};
use metering::{AggregateRow, AreaCode, MeterId, Place, Position, Window};

use super::dice::Dice;
use super::dropped::Dropped;
use super::editions::Edition;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Row(Edition, Place, u32),
    Live(Edition, Place, u32),
    Raw(MeterId, i64, Position),
    Registration(MeterId, Position),
    Hint(MeterId),
    Dead(u32, Position),
    Progress(Edition, u32),
    First(Edition, u32),
    Last(Edition, u32),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Row(AggregateRow),
    Raw(RawVersion),
    Registration(RegistrationVersion),
    Hint(Hint),
    Dead(DeadLetter),
    Progress(Position),
    Bound(Window),
}

#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) key: Key,
    pub(super) stamp: i64,
    pub(super) value: Value,
}

/// A write under way. It outlives its sender.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) write: Rc<Write>,
    pub(super) acknowledged: Rc<Cell<bool>>,
    /// Gone when the sender is, or when it has begun anew.
    pub(super) sender: Weak<()>,
}

#[derive(Debug)]
pub(super) struct Cluster {
    rows: BTreeMap<Key, (i64, Value)>,
    /// Editions whose rows were removed: what is written there later is removed, too.
    removed: BTreeSet<Edition>,
    pub(super) flight: Vec<Message>,
    /// Writes that have arrived and will arrive again.
    pub(super) ghosts: Vec<Message>,
    /// How likely a read is to see a write under way.
    pub(super) flickers: f64,
    written: HashMap<(Key, i64), Value>,
    /// Two writes of one row with one stamp and two contents (I1).
    pub(super) twins: Vec<(Write, Value)>,
    pub(super) clock: i64,
    pub(super) arrived: u64,
    pub(super) arrived_late: u64,
    pub(super) arrived_twice: u64,
}

impl Cluster {
    pub(super) fn new(flickers: f64) -> Self {
        Cluster {
            rows: BTreeMap::new(),
            removed: BTreeSet::new(),
            flight: Vec::new(),
            ghosts: Vec::new(),
            flickers,
            written: HashMap::new(),
            twins: Vec::new(),
            clock: 0,
            arrived: 0,
            arrived_late: 0,
            arrived_twice: 0,
        }
    }

    pub(super) fn send(&mut self, write: Write, sender: Weak<()>) -> Message {
        let had = self.written.entry((write.key.clone(), write.stamp)).or_insert_with(|| write.value.clone());
        if *had != write.value {
            self.twins.push((write.clone(), had.clone()));
        }
        let message = Message { write: Rc::new(write), acknowledged: Rc::default(), sender };
        self.flight.push(message.clone());
        message
    }

    /// Some write under way arrives; `twice` is how likely it is to arrive again.
    pub(super) fn arrive(&mut self, dice: &mut Dice, twice: f64) -> Option<Message> {
        let ghost = !self.ghosts.is_empty() && (self.flight.is_empty() || dice.chance(0.2));
        let pool = if ghost { &mut self.ghosts } else { &mut self.flight };
        if pool.is_empty() {
            return None;
        }
        let message = pool.swap_remove(dice.below(pool.len()));
        let write = &message.write;
        let held = self.rows.get(&write.key).map(|(stamp, _)| *stamp);
        self.arrived += 1;
        self.arrived_late += u64::from(held > Some(write.stamp));
        self.arrived_twice += u64::from(message.acknowledged.get());
        let removed = matches!(&write.key, Key::Row(edition, ..) if self.removed.contains(edition));
        if held <= Some(write.stamp) && !removed {
            self.rows.insert(write.key.clone(), (write.stamp, write.value.clone()));
        }
        message.acknowledged.set(true);
        if dice.chance(twice) {
            self.ghosts.push(message.clone());
        }
        Some(message)
    }

    /// What a read between two keys sees.
    fn scan(&self, dice: &mut Dice, from: Key, to: Key) -> Vec<Value> {
        self.seen(dice, &from, &to).into_values().map(|(_, value)| value.clone()).collect()
    }

    fn seen(&self, dice: &mut Dice, from: &Key, to: &Key) -> BTreeMap<&Key, (i64, &Value)> {
        let rows = self.rows.range::<Key, _>(from..=to);
        let mut seen: BTreeMap<&Key, (i64, &Value)> =
            rows.map(|(key, (stamp, value))| (key, (*stamp, value))).collect();
        if self.flickers > 0.0 {
            for message in &self.flight {
                let Write { key, stamp, value } = &*message.write;
                if from <= key && key <= to && dice.chance(self.flickers) {
                    let newer = seen.get(key).is_none_or(|(held, _)| stamp > held);
                    if newer {
                        seen.insert(key, (*stamp, value));
                    }
                }
            }
        }
        seen
    }

    /// The rows of an edition in an area, in order, after one of them: all that a page has room for, up to a window.
    pub(super) fn page(
        &self,
        dice: &mut Dice,
        edition: Edition,
        area: &AreaCode,
        after: (Window, Option<u32>),
        last: Window,
        room: usize,
    ) -> Vec<(Window, u32, AggregateRow)> {
        let place = |window| Place { area: area.clone(), window };
        let from = Key::Row(edition, place(after.0), after.1.map_or(0, |partition| partition + 1));
        let to = Key::Row(edition, place(last), u32::MAX);
        let rows =
            self.seen(dice, &from, &to).into_iter().filter_map(|(key, (_, value))| match (key, value) {
                (Key::Row(_, place, partition), Value::Row(row)) => Some((place.window, *partition, *row)),
                _ => None,
            });
        rows.take(room).collect()
    }

    pub(super) fn progress(&self, dice: &mut Dice, edition: Edition, partition: u32) -> Option<Position> {
        let key = Key::Progress(edition, partition);
        match self.scan(dice, key.clone(), key).pop() {
            Some(Value::Progress(at)) => Some(at),
            _ => None,
        }
    }

    /// Where a partition has rows: the earliest bound and the latest one have won.
    pub(super) fn windows(&self, dice: &mut Dice, edition: Edition, partition: u32) -> Windows {
        let mut bound = |key: Key| match self.scan(dice, key.clone(), key).pop() {
            Some(Value::Bound(window)) => Some(window),
            _ => None,
        };
        match (bound(Key::First(edition, partition)), bound(Key::Last(edition, partition))) {
            (None, None) => Windows::NONE,
            (first, last) => Windows {
                first: first.unwrap_or(Windows::ALL.first),
                last: last.unwrap_or(Windows::ALL.last),
            },
        }
    }

    pub(super) fn hint(&self, dice: &mut Dice, meter: &MeterId) -> Option<Hint> {
        let key = Key::Hint(meter.clone());
        match self.scan(dice, key.clone(), key).pop() {
            Some(Value::Hint(hint)) => Some(hint),
            _ => None,
        }
    }

    pub(super) fn registrations(&self, dice: &mut Dice, meter: &MeterId) -> Vec<RegistrationVersion> {
        let from = Key::Registration(meter.clone(), Position::BEFORE_ALL);
        let to = Key::Registration(meter.clone(), LAST);
        let versions = self.scan(dice, from, to).into_iter().filter_map(|value| match value {
            Value::Registration(version) => Some(version),
            _ => None,
        });
        versions.collect()
    }

    pub(super) fn raw(&self, dice: &mut Dice, meter: &MeterId, from: i64, to: i64) -> Vec<RawVersion> {
        let from = Key::Raw(meter.clone(), from, Position::BEFORE_ALL);
        let to = Key::Raw(meter.clone(), to - 1, LAST);
        let versions = self.scan(dice, from, to).into_iter().filter_map(|value| match value {
            Value::Raw(version) => Some(version),
            _ => None,
        });
        versions.collect()
    }

    pub(super) fn row(
        &self,
        dice: &mut Dice,
        edition: Edition,
        place: &Place,
        partition: u32,
    ) -> Option<AggregateRow> {
        let key = Key::Row(edition, place.clone(), partition);
        match self.scan(dice, key.clone(), key).pop() {
            Some(Value::Row(row)) => Some(row),
            _ => None,
        }
    }

    /// Raw rows of long ago are dropped.
    pub(super) fn expire(&mut self, before: i64) {
        self.rows.retain(|key, _| !matches!(key, Key::Raw(_, start, _) if *start < before));
    }

    /// Removes the rows of an edition. `again`: its number will be given again, so that others may write there.
    pub(super) fn remove(&mut self, edition: Edition, again: bool) {
        self.rows.retain(|key, _| !matches!(key, Key::Row(of, ..) if *of == edition));
        if !again {
            self.removed.insert(edition);
        }
    }

    /// The write that is stored of a row.
    pub(super) fn stored(&self, key: &Key) -> Option<i64> {
        self.rows.get(key).map(|(stamp, _)| *stamp)
    }

    /// Rows of an edition that are stored, for whoever makes them wrong behind everybody's back.
    pub(super) fn stored_rows(&mut self, edition: Edition) -> Vec<&mut AggregateRow> {
        let rows = self.rows.iter_mut().filter_map(|(key, (_, value))| match (key, value) {
            (Key::Row(of, ..), Value::Row(row)) if *of == edition => Some(row),
            _ => None,
        });
        rows.collect()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.rows.iter().map(|(key, (_, value))| (key, value))
    }

    fn write(&mut self, dropped: &Dropped, key: Key, at: Position, value: Value) -> Write {
        self.clock += 1;
        Write { key, stamp: if dropped.stamp_by_position { self.clock } else { at.stamp() }, value }
    }

    /// The writes of a flush, but for progress.
    pub(super) fn writes(&mut self, dropped: &Dropped, edition: Edition, plan: &FlushPlan) -> Vec<Write> {
        let mut writes = Vec::new();
        let windows = plan.rows.iter().fold(Windows::NONE, |all, row| all.with(row.place.window));
        if windows != Windows::NONE {
            let Windows { first, last } = windows;
            let bound = |key, stamp, window| Write { key, stamp, value: Value::Bound(window) };
            let (partition, far) = (plan.partition, i64::from(i32::MAX));
            writes.push(bound(Key::First(edition, partition), far - i64::from(first.0), first));
            writes.push(bound(Key::Last(edition, partition), far + i64::from(last.0), last));
        }
        for PlacedRow { place, row } in &plan.rows {
            let key = Key::Row(edition, place.clone(), plan.partition);
            writes.push(self.write(dropped, key, row.through, Value::Row(*row)));
        }
        for version in &plan.raw {
            let at = if dropped.raw_versions { Position::BEFORE_ALL } else { version.at };
            let key = Key::Raw(version.meter.clone(), version.interval.start().0, at);
            writes.push(self.write(dropped, key, version.at, Value::Raw(version.clone())));
        }
        for version in &plan.registrations {
            let at = if dropped.area_history { Position::BEFORE_ALL } else { version.at };
            let key = Key::Registration(version.meter.clone(), at);
            writes.push(self.write(dropped, key, version.at, Value::Registration(version.clone())));
        }
        for (meter, hint) in &plan.hints {
            writes.push(self.write(dropped, Key::Hint(meter.clone()), hint.at, Value::Hint(*hint)));
        }
        for letter in &plan.dead {
            let key = Key::Dead(letter.partition, letter.at);
            writes.push(self.write(dropped, key, letter.at, Value::Dead(letter.clone())));
        }
        writes
    }

    pub(super) fn progress_write(&mut self, dropped: &Dropped, edition: Edition, plan: &FlushPlan) -> Write {
        let key = Key::Progress(edition, plan.partition);
        self.write(dropped, key, plan.progress, Value::Progress(plan.progress))
    }

    /// Messages for the live topic: receivers keep, of each row, the one with the largest `through`.
    pub(super) fn live(edition: Edition, partition: u32, rows: &[PlacedRow]) -> Vec<Write> {
        let write = |PlacedRow { place, row }: &PlacedRow| Write {
            key: Key::Live(edition, place.clone(), partition),
            stamp: row.through.stamp(),
            value: Value::Row(*row),
        };
        rows.iter().map(write).collect()
    }
}

const LAST: Position = Position::new(u32::MAX, i64::MAX);
