//! Reading. Every call sees the store as of one moment.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::Instant;

use engine::{AreaDay, DeadLetterFilter, Document, RawQuery, StoreError, StoredSpan};
use metering::aggregate::Totals;
use metering::stored::{DeadLetter, MeterState, PlacedRow, RawVersion, RegistrationVersion};
use metering::{AggregateRow, AreaCode, DeadReason, MeterId, Place, Position, UtcSecond, Window};

use super::tree::{Snapshot, Tree};
use super::{Inner, block, key, value};

/// Where a stretch of days has so many (area, day) pairs that reading whole days is quicker than
/// looking each pair up.
const PAIRS_A_DAY: usize = 256;

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
pub(super) fn unpacked(tree: &Tree) -> Result<HashMap<i32, Instant>, StoreError> {
    let snapshot = tree.snapshot();
    let days = snapshot.prefix(&[key::UNPACKED]).map(|pair| Ok(key::day_of(&pair?.0)));
    days.filter_map(Result::transpose).map(|day| Ok((day?, Instant::now()))).collect()
}

fn sum(windows: &mut [Totals; 48], rows: &value::DayRows) {
    for (total, row) in windows.iter_mut().zip(rows) {
        if let Some(row) = row {
            total.add(row);
        }
    }
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
        queries.iter().map(|query| self.versions(&snapshot, &query.meter, query.from, query.to)).collect()
    }

    /// All versions of a meter's readings that start in `from..to`, in order.
    fn versions(
        &self,
        snapshot: &Snapshot<'_>,
        meter: &MeterId,
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let mut versions = Vec::new();
        if from >= to {
            return Ok(versions);
        }
        for day in from.window().day()..=UtcSecond(to.0 - 1).window().day() {
            for pair in snapshot.prefix(&key::meter_day(day, meter)) {
                let (key, value) = pair?;
                block::decode(day, meter, &value, &mut versions).ok_or_else(|| self.undecodable(&key))?;
            }
        }
        versions.retain(|version| (from..to).contains(&version.interval.start()));
        block::in_order(&mut versions);
        Ok(versions)
    }

    pub(super) fn rows(
        &self,
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
                    let key = key::aggregate(window.day(), area, partition);
                    let stored = snapshot.get(&key)?;
                    let rows = stored.map(|v| value::decode_rows(&v).ok_or_else(|| self.undecodable(&key)));
                    *entry.insert(rows.transpose()?)
                }
            };
            found.push(day.and_then(|rows| rows[window.of_day()]));
        }
        Ok(found)
    }

    pub(super) fn span(&self) -> Result<Option<StoredSpan>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut days = snapshot.prefix(&[key::AGGREGATE]);
        let Some(first) = days.next().transpose()? else { return Ok(None) };
        let last = days.next_back().transpose()?.unwrap_or_else(|| first.clone());
        let day = |key: &[u8]| key::day_of(key).ok_or_else(|| self.undecodable(key));
        Ok(Some(StoredSpan { first_day: day(&first.0)?, last_day: day(&last.0)? }))
    }

    /// Calls `each` with every partition's rows of every area that has any on a day, in order of area.
    fn rows_of_day(
        &self,
        snapshot: &Snapshot<'_>,
        prefix: &[u8],
        mut each: impl FnMut(AreaCode, u32, value::DayRows),
    ) -> Result<(), StoreError> {
        for pair in snapshot.prefix(prefix) {
            let (key, value) = pair?;
            let area = key::name_after_day(&key).and_then(|name| AreaCode::parse(name).ok());
            let (Some(area), Some(partition), Some(rows)) =
                (area, key::partition_of(&key), value::decode_rows(&value))
            else {
                return Err(self.undecodable(&key));
            };
            each(area, partition, rows);
        }
        Ok(())
    }

    fn sums(&self, snapshot: &Snapshot<'_>, day: i32, prefix: &[u8]) -> Result<Vec<AreaDay>, StoreError> {
        let mut days: Vec<AreaDay> = Vec::new();
        self.rows_of_day(snapshot, prefix, |area, _, rows| {
            if days.last().is_none_or(|last| last.area != area) {
                days.push(AreaDay { area, day, windows: Box::new([Totals::default(); 48]) });
            }
            if let Some(last) = days.last_mut() {
                sum(&mut last.windows, &rows);
            }
        })?;
        Ok(days)
    }

    pub(super) fn day(&self, day: i32) -> Result<Vec<AreaDay>, StoreError> {
        self.sums(&self.tree.snapshot(), day, &key::day(key::AGGREGATE, day))
    }

    pub(super) fn area_days(
        &self,
        mut areas: Vec<AreaCode>,
        first_day: i32,
        last_day: i32,
    ) -> Result<Vec<AreaDay>, StoreError> {
        areas.sort();
        areas.dedup();
        // Days without aggregates are not looked into, however many are asked for.
        let Some(span) = self.span()? else { return Ok(Vec::new()) };
        let days = first_day.max(span.first_day)..=last_day.min(span.last_day);
        let snapshot = self.tree.snapshot();
        let mut found = Vec::new();
        for day in days {
            if areas.len() > PAIRS_A_DAY {
                let all = self.sums(&snapshot, day, &key::day(key::AGGREGATE, day))?;
                found.extend(all.into_iter().filter(|one| areas.binary_search(&one.area).is_ok()));
            } else {
                for area in &areas {
                    found.extend(self.sums(&snapshot, day, &key::area_day(day, area))?);
                }
            }
        }
        found.sort_by(|a, b| (&a.area, a.day).cmp(&(&b.area, b.day)));
        Ok(found)
    }

    pub(super) fn recent_rows(
        &self,
        first: Window,
        last: Window,
    ) -> Result<Vec<(u32, PlacedRow)>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut found = Vec::new();
        for day in first.day()..=last.day() {
            self.rows_of_day(&snapshot, &key::day(key::AGGREGATE, day), |area, partition, rows| {
                let windows = rows.into_iter().enumerate().map(|(n, row)| (Window::at(day, n), row));
                found.extend(windows.filter(|(window, _)| (first..=last).contains(window)).filter_map(
                    |(window, row)| {
                        Some((
                            partition,
                            PlacedRow { place: Place { area: area.clone(), window }, row: row? },
                        ))
                    },
                ));
            })?;
        }
        Ok(found)
    }

    pub(super) fn registrations(&self) -> Result<Vec<RegistrationVersion>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut last: Vec<RegistrationVersion> = Vec::new();
        for pair in snapshot.prefix(&[key::REGISTRATION]) {
            let pair = pair?;
            let name = pair.0.get(1..pair.0.len().saturating_sub(13)).unwrap_or_default();
            let meter = std::str::from_utf8(name).ok().and_then(|name| MeterId::parse(name).ok());
            let registration = self.registration(meter.ok_or_else(|| self.undecodable(&pair.0))?, pair)?;
            match last.last_mut() {
                // A meter's versions are in order of position.
                Some(before) if before.meter == registration.meter => *before = registration,
                _ => last.push(registration),
            }
        }
        Ok(last)
    }

    pub(super) fn readings(
        &self,
        meter: &MeterId,
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let snapshot = self.tree.snapshot();
        // Only days that have readings at all, of any meter: a caller may ask for all of time.
        let mut versions = Vec::new();
        let mut days = self.days_with_raw(&snapshot, from.window().day())?;
        while let Some(day) = days.take().filter(|&day| Window::at(day, 0).start() < to) {
            let (start, end) = (Window::at(day, 0).start(), Window::at(day + 1, 0).start());
            versions.extend(self.versions(&snapshot, meter, start.max(from), end.min(to))?);
            days = self.days_with_raw(&snapshot, day + 1)?;
        }
        block::keep_last(&mut versions);
        Ok(versions)
    }

    /// The first day from `day` on that has readings.
    fn days_with_raw(&self, snapshot: &Snapshot<'_>, day: i32) -> Result<Option<i32>, StoreError> {
        let first = snapshot.from(Bound::Included(key::day(key::RAW, day)), vec![key::RAW]).next();
        first
            .map(|pair| pair.and_then(|(key, _)| key::day_of(&key).ok_or_else(|| self.undecodable(&key))))
            .transpose()
    }

    pub(super) fn readings_of_day(
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
            block::keep_last(versions);
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

    pub(super) fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, StoreError> {
        let snapshot = self.tree.snapshot();
        let from = filter.after.map_or_else(
            || Bound::Included(vec![key::DEAD]),
            |(partition, at)| Bound::Excluded(key::dead(partition, at)),
        );
        let mut found = Vec::new();
        for pair in snapshot.from(from, vec![key::DEAD]) {
            if found.len() >= filter.limit {
                break;
            }
            let (key, value) = pair?;
            let letter = key::dead_partition(&key)
                .zip(key::position_at_end(&key))
                .and_then(|(partition, at)| value::decode_dead(partition, at, &value))
                .ok_or_else(|| self.undecodable(&key))?;
            let of_reason = filter.reason.is_none_or(|reason| reason == letter.reason);
            let of_meter = filter.meter.as_ref().is_none_or(|meter| meter.as_str().as_bytes() == letter.key);
            if of_reason && of_meter {
                found.push(letter);
            }
        }
        Ok(found)
    }

    pub(super) fn dead_letter_counts(&self) -> Result<Vec<(DeadReason, u64)>, StoreError> {
        let snapshot = self.tree.snapshot();
        let counts: BTreeMap<DeadReason, u64> = DeadReason::ALL
            .into_iter()
            .map(|reason| Ok((reason, self.count(&snapshot, &key::dead_count(reason as u8))?)))
            .collect::<Result<_, StoreError>>()?;
        Ok(counts.into_iter().filter(|&(_, count)| count > 0).collect())
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
