//! Reading. Every call sees the store as of one moment.

use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::time::Instant;

use engine::{Document, Edition, RawQuery, StoreError};
use metering::stored::{MeterState, RawVersion, RegistrationVersion, keep_last};
use metering::{AggregateRow, AreaCode, MeterId, Place, Position, UtcSecond};

use super::pack::Unpacked;
use super::tree::{Snapshot, Tree};
use super::{Inner, block, key, value};

/// In a longer stretch of days only those are looked into that have readings at all, of any meter.
const DAYS_LOOKED_INTO: i32 = 4;

/// What a call has found out about its snapshot: it costs a look into every table of the tree, and is
/// the same for every meter.
#[derive(Default)]
struct DaysWithRaw {
    /// The first day from a day on that has readings.
    after: HashMap<i32, Option<i32>>,
}

/// Every partition's progress.
pub(super) fn progress(tree: &Tree) -> Result<Vec<Option<Position>>, StoreError> {
    let mut progress = Vec::new();
    for pair in tree.snapshot().prefix(&[key::PROGRESS]) {
        let (key, value) = pair?;
        let partition = key::partition_of(&key).map(|partition| partition as usize);
        let at = value::take_position(&mut &value[..]);
        let (Some(partition), Some(at)) = (partition, at) else {
            return Err(StoreError::Corrupt("a partition's progress does not decode".to_owned()));
        };
        progress.resize(progress.len().max(partition + 1), None);
        progress[partition] = Some(at);
    }
    Ok(progress)
}

/// The days that have blocks which are not packed. When the last one came is not known: now, say.
pub(super) fn unpacked(tree: &Tree) -> Result<HashMap<i32, Unpacked>, StoreError> {
    let snapshot = tree.snapshot();
    let days = snapshot.prefix(&[key::UNPACKED]).map(|pair| Ok(key::day_of(&pair?.0)));
    days.filter_map(Result::transpose).map(|day| Ok((day?, Unpacked::new(Instant::now())))).collect()
}

impl Inner {
    pub(super) fn undecodable(&self, key: &[u8]) -> StoreError {
        let dir = self.dir.display();
        StoreError::Corrupt(format!(
            "{dir}: the value of the key {:?} does not decode",
            key.escape_ascii().to_string()
        ))
    }

    pub(super) fn count(&self, snapshot: &Snapshot<'_>, key: &[u8]) -> Result<u64, StoreError> {
        match snapshot.get(key)? {
            Some(value) => {
                let bytes = value[..].try_into().map_err(|_| self.undecodable(key))?;
                Ok(u64::from_be_bytes(bytes))
            }
            None => Ok(0),
        }
    }

    pub(super) fn meters(&self, meters: &[MeterId]) -> Result<Vec<MeterState>, StoreError> {
        let snapshot = self.tree.snapshot();
        let state = |meter: &MeterId| {
            let key = key::hint(meter);
            let hint = snapshot
                .get(&key)?
                .map(|value| value::decode_hint(&value).ok_or_else(|| self.undecodable(&key)))
                .transpose()?;
            let registrations = snapshot
                .prefix(&key::registrations(meter))
                .map(|pair| self.registration(meter.clone(), pair?))
                .collect::<Result<_, _>>()?;
            Ok(MeterState { hint, registrations })
        };
        meters.iter().map(state).collect()
    }

    fn registration(
        &self,
        meter: MeterId,
        (key, value): (impl AsRef<[u8]>, impl AsRef<[u8]>),
    ) -> Result<RegistrationVersion, StoreError> {
        let key = key.as_ref();
        key::position_at_end(key)
            .and_then(|at| value::decode_registration(meter, at, value.as_ref()))
            .ok_or_else(|| self.undecodable(key))
    }

    pub(super) fn raw(&self, queries: &[RawQuery]) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut days = DaysWithRaw::default();
        let versions =
            |query: &RawQuery| self.versions(&snapshot, &mut days, &query.meter, query.from, query.to);
        queries.iter().map(versions).collect()
    }

    /// All versions of a meter's readings that start in `from..to`, in order.
    fn versions(
        &self,
        snapshot: &Snapshot<'_>,
        days: &mut DaysWithRaw,
        meter: &MeterId,
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let mut versions = Vec::new();
        if from >= to {
            return Ok(versions);
        }
        let (first, last) = (from.window().day(), UtcSecond(to.0 - 1).window().day());
        let mut next = Some(first);
        while let Some(day) = next.filter(|&day| day <= last) {
            for pair in snapshot.prefix(&key::meter_day(day, meter)) {
                let (key, value) = pair?;
                block::decode(day, meter, &value, &mut versions).ok_or_else(|| self.undecodable(&key))?;
            }
            // Who asks for all of time gets it without a look into every day there ever was.
            let far = last - first > DAYS_LOOKED_INTO;
            next = if far { self.next_day_with_raw(snapshot, days, day + 1)? } else { Some(day + 1) };
        }
        versions.retain(|version| (from..to).contains(&version.interval.start()));
        block::in_order(&mut versions);
        Ok(versions)
    }

    pub(super) fn rows(
        &self,
        edition: Edition,
        partition: u32,
        places: &[Place],
    ) -> Result<Vec<Option<AggregateRow>>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut days: HashMap<(i32, &AreaCode), Option<value::DayRows>> = HashMap::new();
        let mut found = Vec::with_capacity(places.len());
        for Place { area, window } in places {
            let day = match days.entry((window.day(), area)) {
                std::collections::hash_map::Entry::Occupied(entry) => *entry.get(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    let key = key::aggregate(edition, window.day(), area, partition);
                    let stored = snapshot.get(&key)?;
                    let rows = stored.map(|v| value::decode_rows(&v).ok_or_else(|| self.undecodable(&key)));
                    *entry.insert(rows.transpose()?)
                }
            };
            found.push(day.and_then(|rows| rows[window.of_day()]));
        }
        Ok(found)
    }

    /// Calls `each` with every version of every registration, in order of meter and position.
    fn all_registrations(&self, mut each: impl FnMut(RegistrationVersion)) -> Result<(), StoreError> {
        let snapshot = self.tree.snapshot();
        for pair in snapshot.prefix(&[key::REGISTRATION]) {
            let pair = pair?;
            let name = pair.0.get(1..pair.0.len().saturating_sub(13)).unwrap_or_default();
            let meter = std::str::from_utf8(name).ok().and_then(|name| MeterId::parse(name).ok());
            each(self.registration(meter.ok_or_else(|| self.undecodable(&pair.0))?, pair)?);
        }
        Ok(())
    }

    pub(super) fn registrations(&self) -> Result<Vec<RegistrationVersion>, StoreError> {
        let mut last: Vec<RegistrationVersion> = Vec::new();
        self.all_registrations(|registration| match last.last_mut() {
            Some(before) if before.meter == registration.meter => *before = registration,
            _ => last.push(registration),
        })?;
        Ok(last)
    }

    pub(super) fn meters_ever_in(&self, areas: &HashSet<AreaCode>) -> Result<Vec<MeterId>, StoreError> {
        let mut meters: Vec<MeterId> = Vec::new();
        self.all_registrations(|registration| {
            if areas.contains(&registration.area) && meters.last() != Some(&registration.meter) {
                meters.push(registration.meter);
            }
        })?;
        Ok(meters)
    }

    pub(super) fn readings(
        &self,
        meters: &[MeterId],
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut days = DaysWithRaw::default();
        let last_versions = |meter| {
            let mut versions = self.versions(&snapshot, &mut days, meter, from, to)?;
            keep_last(&mut versions);
            Ok(versions)
        };
        meters.iter().map(last_versions).collect()
    }

    /// The first day from `day` on that has readings, of any meter.
    fn next_day_with_raw(
        &self,
        snapshot: &Snapshot<'_>,
        known: &mut DaysWithRaw,
        day: i32,
    ) -> Result<Option<i32>, StoreError> {
        if let Some(&found) = known.after.get(&day) {
            return Ok(found);
        }
        let first = snapshot.from(Bound::Included(key::day(key::RAW, day)), vec![key::RAW]).next();
        let found = first
            .map(|pair| pair.and_then(|(key, _)| key::day_of(&key).ok_or_else(|| self.undecodable(&key))))
            .transpose()?;
        known.after.insert(day, found);
        Ok(found)
    }

    pub(super) fn versions_of_day(
        &self,
        day: i32,
        from: Option<&MeterId>,
        limit: usize,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let snapshot = self.tree.snapshot();
        let prefix = key::day(key::RAW, day);
        let start = from.map_or_else(|| prefix.clone(), |meter| key::meter_day(day, meter));
        let (mut found, mut versions): (Vec<RawVersion>, Vec<RawVersion>) = (Vec::new(), Vec::new());
        let mut meters = 0;
        let mut finish = |versions: &mut Vec<RawVersion>| {
            block::in_order(versions);
            found.append(versions);
        };
        let mut current: Option<MeterId> = None;
        for pair in snapshot.from(Bound::Included(start), prefix) {
            let (key, value) = pair?;
            let name = key::name_after_day(&key).ok_or_else(|| self.undecodable(&key))?;
            if current.as_ref().is_none_or(|meter| meter.as_str() != name) {
                finish(&mut versions);
                if meters == limit {
                    break;
                }
                meters += 1;
                current = Some(MeterId::parse(name).map_err(|_| self.undecodable(&key))?);
            }
            if let Some(meter) = &current {
                block::decode(day, meter, &value, &mut versions).ok_or_else(|| self.undecodable(&key))?;
            }
        }
        finish(&mut versions);
        Ok(found)
    }

    pub(super) fn document(&self, kind: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tree.snapshot().get(&key::document(kind, id))?.map(|value| value.to_vec()))
    }

    pub(super) fn documents(&self, kind: &str) -> Result<Vec<Document>, StoreError> {
        let prefix = key::documents(kind);
        let snapshot = self.tree.snapshot();
        snapshot
            .prefix(&prefix)
            .map(|pair| {
                let (key, value) = pair?;
                let id = std::str::from_utf8(&key[prefix.len()..]).map_err(|_| self.undecodable(&key))?;
                Ok(Document { id: id.to_owned(), body: value.to_vec() })
            })
            .collect()
    }
}
