//! Reading aggregates and dead letters: what figures are made from, and what operators look at.

use std::collections::BTreeMap;
use std::ops::Bound;

use engine::{AreaDay, DeadLetterFilter, Edition, StoreError, StoredSpan};
use metering::aggregate::Totals;
use metering::stored::{DeadLetter, PlacedRow};
use metering::{AreaCode, DeadReason, Place, Window};

use super::tree::Snapshot;
use super::{Inner, key, value};

/// Where a stretch of days has so many (area, day) pairs that reading whole days is quicker than
/// looking each pair up.
const PAIRS_A_DAY: usize = 256;

fn sum(windows: &mut [Totals; 48], rows: &value::DayRows) {
    for (total, row) in windows.iter_mut().zip(rows) {
        if let Some(row) = row {
            total.add(row);
        }
    }
}

impl Inner {
    pub(super) fn span(&self, edition: Edition) -> Result<Option<StoredSpan>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut days = snapshot.prefix(&key::aggregates(edition));
        let Some(first) = days.next().transpose()? else { return Ok(None) };
        let last = days.next_back().transpose()?.unwrap_or_else(|| first.clone());
        let day = |key: &[u8]| key::day_of_aggregate(key).ok_or_else(|| self.undecodable(key));
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
            let area = key::area_of_aggregate(&key).and_then(|name| AreaCode::parse(name).ok());
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

    pub(super) fn day(&self, edition: Edition, day: i32) -> Result<Vec<AreaDay>, StoreError> {
        self.sums(&self.tree.snapshot(), day, &key::aggregates_of_day(edition, day))
    }

    pub(super) fn area_days(
        &self,
        edition: Edition,
        mut areas: Vec<AreaCode>,
        first_day: i32,
        last_day: i32,
    ) -> Result<Vec<AreaDay>, StoreError> {
        areas.sort();
        areas.dedup();
        // Days without aggregates are not looked into, however many are asked for.
        let Some(span) = self.span(edition)? else { return Ok(Vec::new()) };
        let days = first_day.max(span.first_day)..=last_day.min(span.last_day);
        let snapshot = self.tree.snapshot();
        let mut found = Vec::new();
        for day in days {
            if areas.len() > PAIRS_A_DAY {
                let all = self.sums(&snapshot, day, &key::aggregates_of_day(edition, day))?;
                found.extend(all.into_iter().filter(|one| areas.binary_search(&one.area).is_ok()));
            } else {
                for area in &areas {
                    found.extend(self.sums(&snapshot, day, &key::area_day(edition, day, area))?);
                }
            }
        }
        found.sort_by(|a, b| (&a.area, a.day).cmp(&(&b.area, b.day)));
        Ok(found)
    }

    pub(super) fn recent_rows(
        &self,
        edition: Edition,
        first: Window,
        last: Window,
    ) -> Result<Vec<(u32, PlacedRow)>, StoreError> {
        let snapshot = self.tree.snapshot();
        let mut found = Vec::new();
        for day in first.day()..=last.day() {
            self.rows_of_day(&snapshot, &key::aggregates_of_day(edition, day), |area, partition, rows| {
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
}
