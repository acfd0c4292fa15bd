//! A flush: few, large, grouped writes in any order, and progress when all of them are acknowledged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{MutexGuard, PoisonError};

use engine::{Edition, StoreError, crash_point};
use futures::future::BoxFuture;
use metering::stored::{DeadLetter, FlushPlan, Hint, PlacedRow, RawVersion, RegistrationVersion, Windows};
use metering::{AreaCode, MeterId, Position, Window};
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;

use crate::connection::CassandraStore;
use crate::error::away;
use crate::places::{Of, day_of, first_stamp, last_stamp, numbered, slot};

/// A server warns of larger batches from 5 KiB on, and refuses those of 50.
const BATCH_BYTES: usize = 4 << 10;
/// Rows of a batch: fifty were the fastest that was measured.
const BATCH_ROWS: usize = 50;
/// What a value costs besides its bytes.
const VALUE_BYTES: usize = 4;

type Write<'a> = BoxFuture<'a, Result<(), StoreError>>;

/// A dwelling as its table has it: what is not known is -1, for a null would be a deletion.
type Dwelling = (i8, i16, i16, i8);

impl CassandraStore {
    /// Writes a plan. When this returns, all of it is acknowledged.
    pub(crate) async fn write(&self, plan: &FlushPlan) -> Result<(), StoreError> {
        let edition = self.edition.get();
        let mut writes: Vec<Write<'_>> = Vec::new();
        self.aggregates(edition, plan, &mut writes);
        let number = numbered(edition, plan.partition);
        let wider = self.extent(number, plan, &mut writes);
        self.readings(&plan.raw, &mut writes);
        self.registrations(&plan.registrations, &mut writes);
        self.hints(&plan.hints, &mut writes);
        self.dead_letters(&plan.dead, &mut writes);
        self.all(writes).await?;
        if let Some(wider) = wider {
            self.noted().insert(number, wider);
        }
        crash_point("flush-written");
        // Only now (rule 3).
        let stamp = plan.progress.stamp();
        let values = (number, stamp, stamp);
        self.asked(|| self.session.execute_unpaged(&self.statements.write_progress, values))
            .await
            .map(drop)
            .map_err(away)
    }

    fn aggregates<'a>(&'a self, edition: Edition, plan: &'a FlushPlan, writes: &mut Vec<Write<'a>>) {
        let mut groups: BTreeMap<(i32, i32), Vec<&PlacedRow>> = BTreeMap::new();
        for row in &plan.rows {
            let shard = self.sizing.shard(edition, &row.place.area);
            groups.entry((row.place.window.day(), shard)).or_default().push(row);
        }
        self.days(Of::Aggregates, groups.keys().map(|(day, _)| *day), writes);
        self.changed_days(edition, plan, writes);
        let partition = plan.partition as i32;
        for ((day, shard), rows) in groups {
            let bytes = |row: &&PlacedRow| row.place.area.as_str().len() + 8 * 6 + 10 * VALUE_BYTES;
            let values = move |row: &PlacedRow| {
                let PlacedRow { place, row } = row;
                let (window, through) = (place.window.of_day() as i16, row.through.stamp());
                let sums = (row.energy.mwh(), row.meters, row.meter_seconds);
                (
                    day,
                    shard,
                    place.area.to_string(),
                    window,
                    partition,
                    sums.0,
                    sums.1,
                    sums.2,
                    through,
                    through,
                )
            };
            self.grouped(&self.statements.write_aggregate, rows, bytes, values, writes);
        }
    }

    /// How far this changes each day.
    fn changed_days<'a>(&'a self, edition: Edition, plan: &'a FlushPlan, writes: &mut Vec<Write<'a>>) {
        let number = numbered(edition, plan.partition);
        let mut through: BTreeMap<i32, Position> = BTreeMap::new();
        for PlacedRow { place, row } in &plan.rows {
            let of_day = through.entry(place.window.day()).or_insert(row.through);
            *of_day = row.through.max(*of_day);
        }
        for (day, through) in through {
            let values = (day, number, through.stamp(), through.stamp());
            writes.push(Box::pin(self.write_together(&self.statements.write_changed_day, vec![values])));
        }
    }

    /// Where the partition has rows, if that is more than is known to be noted. It is noted before progress, like all else.
    fn extent<'a>(&'a self, number: i32, plan: &FlushPlan, writes: &mut Vec<Write<'a>>) -> Option<Windows> {
        let before = self.noted().get(&number).copied().unwrap_or(Windows::NONE);
        let wider = plan.rows.iter().fold(before, |windows, row| windows.with(row.place.window));
        if wider == before {
            return None;
        }
        let note = |statement: &'a PreparedStatement, window: Window, stamp: i64| -> Write<'a> {
            Box::pin(self.write_together(statement, vec![(number, window.0, stamp)]))
        };
        let Windows { first, last } = wider;
        writes.push(note(&self.statements.write_first_window, first, first_stamp(first)));
        writes.push(note(&self.statements.write_last_window, last, last_stamp(last)));
        Some(wider)
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<i32, Windows>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn days<'a>(&'a self, of: Of, days: impl Iterator<Item = i32>, writes: &mut Vec<Write<'a>>) {
        let days: BTreeSet<i32> = days.collect();
        let values = move |day: &i32| (of as i8, *day);
        self.grouped(
            &self.statements.write_day,
            days.into_iter().collect(),
            |_| 2 * VALUE_BYTES,
            values,
            writes,
        );
    }

    fn readings<'a>(&'a self, versions: &'a [RawVersion], writes: &mut Vec<Write<'a>>) {
        let mut groups: BTreeMap<(i32, i32), Vec<&RawVersion>> = BTreeMap::new();
        for version in versions {
            let key = (day_of(version.interval.start()), self.sizing.bucket(&version.meter));
            groups.entry(key).or_default().push(version);
        }
        self.days(Of::Readings, groups.keys().map(|(day, _)| *day), writes);
        for ((day, bucket), versions) in groups {
            let bytes = |version: &&RawVersion| {
                version.meter.as_str().len() + version.area.as_str().len() + 8 * 5 + 9 * VALUE_BYTES
            };
            let values = move |version: &RawVersion| {
                let RawVersion { meter, interval, at, energy, area } = version;
                let (start, stamp, duration) = (interval.start().0, at.stamp(), interval.duration_s() as i16);
                (
                    day,
                    bucket,
                    meter.to_string(),
                    start,
                    stamp,
                    duration,
                    energy.mwh(),
                    area.to_string(),
                    stamp,
                )
            };
            self.grouped(&self.statements.write_reading, versions, bytes, values, writes);
        }
    }

    fn registrations<'a>(&'a self, versions: &'a [RegistrationVersion], writes: &mut Vec<Write<'a>>) {
        let mut by_bucket: BTreeMap<i32, Vec<&RegistrationVersion>> = BTreeMap::new();
        let mut by_area: BTreeMap<&AreaCode, Vec<&MeterId>> = BTreeMap::new();
        for version in versions {
            by_bucket.entry(self.sizing.bucket(&version.meter)).or_default().push(version);
            by_area.entry(&version.area).or_default().push(&version.meter);
        }
        for (bucket, versions) in by_bucket {
            let bytes = |version: &&RegistrationVersion| {
                version.meter.as_str().len() + version.area.as_str().len() + 8 * 3 + 9 * VALUE_BYTES
            };
            let values = move |version: &RegistrationVersion| {
                let RegistrationVersion { meter, at, area, .. } = version;
                let (kind, bedrooms, occupants, heating) = dwelling(version);
                let stamp = at.stamp();
                (
                    bucket,
                    meter.to_string(),
                    stamp,
                    area.to_string(),
                    kind,
                    bedrooms,
                    occupants,
                    heating,
                    stamp,
                )
            };
            self.grouped(&self.statements.write_registration, versions, bytes, values, writes);
        }
        for (area, meters) in by_area {
            let bytes = |meter: &&MeterId| meter.as_str().len() + area.as_str().len() + 2 * VALUE_BYTES;
            let values = |meter: &MeterId| (area.to_string(), meter.to_string());
            self.grouped(&self.statements.write_meter_by_area, meters, bytes, values, writes);
        }
    }

    fn hints<'a>(&'a self, hints: &'a [(MeterId, Hint)], writes: &mut Vec<Write<'a>>) {
        let mut groups: BTreeMap<i32, Vec<&(MeterId, Hint)>> = BTreeMap::new();
        for hint in hints {
            groups.entry(self.sizing.bucket(&hint.0)).or_default().push(hint);
        }
        for (bucket, hints) in groups {
            let bytes = |(meter, _): &&(MeterId, Hint)| meter.as_str().len() + 8 * 3 + 5 * VALUE_BYTES;
            let values = move |(meter, hint): &(MeterId, Hint)| {
                let stamp = hint.at.stamp();
                (bucket, meter.to_string(), stamp, hint.end.0, stamp)
            };
            self.grouped(&self.statements.write_hint, hints, bytes, values, writes);
        }
    }

    fn dead_letters<'a>(&'a self, letters: &'a [DeadLetter], writes: &mut Vec<Write<'a>>) {
        let mut groups: BTreeMap<(i32, i64), Vec<&DeadLetter>> = BTreeMap::new();
        for letter in letters {
            groups.entry((letter.partition as i32, slot(letter.at))).or_default().push(letter);
        }
        let slots: Vec<(i32, i64)> = groups.keys().copied().collect();
        for ((partition, slot), letters) in groups {
            let bytes = |letter: &&DeadLetter| {
                letter.detail.len() + letter.key.len() + letter.value.len() + 8 * 4 + 9 * VALUE_BYTES
            };
            let values = move |letter: &DeadLetter| {
                let DeadLetter { at, reason, detail, appended_ms, key, value, .. } = letter;
                let (stamp, reason) = (at.stamp(), *reason as i8);
                let record = (key.to_vec(), value.to_vec());
                (partition, slot, stamp, reason, detail.clone(), *appended_ms, record.0, record.1, stamp)
            };
            self.grouped(&self.statements.write_dead_letter, letters, bytes, values, writes);
        }
        self.grouped(&self.statements.write_dead_slot, slots, |_| 12 + 2 * VALUE_BYTES, |slot| *slot, writes);
    }

    /// Rows of one partition of a table, in batches that a server takes.
    fn grouped<'a, R, V>(
        &'a self,
        statement: &'a PreparedStatement,
        rows: Vec<R>,
        bytes: impl Fn(&R) -> usize,
        values: impl Fn(&R::Target) -> V,
        writes: &mut Vec<Write<'a>>,
    ) where
        R: AsRow,
        V: SerializeRow + Send + Sync + 'a,
    {
        let mut batch: Vec<V> = Vec::new();
        let mut size = 0;
        for row in &rows {
            let more = bytes(row);
            if !batch.is_empty() && (batch.len() == BATCH_ROWS || size + more > BATCH_BYTES) {
                writes.push(Box::pin(self.write_together(statement, std::mem::take(&mut batch))));
                size = 0;
            }
            size += more;
            batch.push(values(row.as_row()));
        }
        if !batch.is_empty() {
            writes.push(Box::pin(self.write_together(statement, batch)));
        }
    }

    async fn write_together<V: SerializeRow + Send + Sync>(
        &self,
        statement: &PreparedStatement,
        values: Vec<V>,
    ) -> Result<(), StoreError> {
        let _turn = self.turn().await;
        crash_point("flush-in-the-middle");
        if let [one] = &values[..] {
            return self.asked(|| self.session.execute_unpaged(statement, one)).await.map(drop).map_err(away);
        }
        let statements = vec![BatchStatement::PreparedStatement(statement.clone()); values.len()];
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements);
        batch.set_is_idempotent(true);
        self.asked(|| self.session.batch(&batch, &values)).await.map(drop).map_err(away)
    }
}

/// A row to be written, by reference or by value.
trait AsRow {
    type Target;
    fn as_row(&self) -> &Self::Target;
}

impl<T> AsRow for &T {
    type Target = T;
    fn as_row(&self) -> &T {
        self
    }
}

macro_rules! by_value {
    ($($type:ty),*) => {
        $(impl AsRow for $type {
            type Target = $type;
            fn as_row(&self) -> &$type {
                self
            }
        })*
    };
}

by_value!(i32, (i32, i64));

fn dwelling(version: &RegistrationVersion) -> Dwelling {
    let metering::Dwelling { kind, bedrooms, occupants, heating } = version.dwelling;
    (
        kind.map_or(-1, |kind| kind as i8),
        bedrooms.map_or(-1, i16::from),
        occupants.map_or(-1, i16::from),
        heating.map_or(-1, |heating| heating as i8),
    )
}
