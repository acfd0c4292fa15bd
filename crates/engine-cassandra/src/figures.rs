//! What figures are made from, and what operators look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use async_trait::async_trait;
use bytes::Bytes;
use engine::{AreaDay, DeadLetterFilter, FigureStore, PipelineStore, RawQuery, StoreError, StoredSpan};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use metering::aggregate::Totals;
use metering::stored::{DeadLetter, PlacedRow, RawVersion, RegistrationVersion, keep_last};
use metering::{AggregateRow, AreaCode, DeadReason, Energy, MeterId, Position, UtcSecond, Window};

use crate::connection::{CassandraStore, DeadCounts, DeadSlot};
use crate::error::{away, corrupt};
use crate::packed::SHARDS_AT_ONCE;
use crate::pipeline::{RegistrationRow, place, registration};
use crate::places::{Of, slot};

/// More areas of one shard than these are read with the whole shard.
const AREAS_APART: usize = 4;

/// More areas than these are found in a packed day, where it is packed.
const WORTH_UNPACKING: usize = 16;

/// Area, window of the day, energy, meters, seconds.
type SumRow = (String, i16, i64, i64, i64);
/// Area, window of the day, partition, energy, meters, seconds, through.
type RecentRow = (String, i16, i32, i64, i64, i64, i64);
/// Stamp, reason, detail, append time, key, value.
type LetterRow = (i64, i8, String, i64, Vec<u8>, Vec<u8>);

#[async_trait]
impl FigureStore for CassandraStore {
    async fn span(&self) -> Result<Option<StoredSpan>, StoreError> {
        let days = self.stored_days(Of::Aggregates).await?;
        Ok(days.first().zip(days.last()).map(|(&first_day, &last_day)| StoredSpan { first_day, last_day }))
    }

    async fn day(&self, day: i32) -> Result<Vec<AreaDay>, StoreError> {
        self.areas_of_day(day).await
    }

    async fn area_days(
        &self,
        areas: &[AreaCode],
        first_day: i32,
        last_day: i32,
    ) -> Result<Vec<AreaDay>, StoreError> {
        let edition = self.edition.get();
        let mut by_shard: BTreeMap<i32, BTreeSet<&AreaCode>> = BTreeMap::new();
        for area in areas {
            by_shard.entry(self.sizing.shard(edition, area)).or_default().insert(area);
        }
        let days = self.stored_days(Of::Aggregates).await?;
        let mut requests: Vec<BoxFuture<'_, Result<Vec<AreaDay>, StoreError>>> = Vec::new();
        let mut found: Vec<AreaDay> = Vec::new();
        let wanted: BTreeSet<&AreaCode> = areas.iter().collect();
        for day in days.into_iter().filter(|day| (first_day..=last_day).contains(day)) {
            if wanted.len() > WORTH_UNPACKING
                && let Some(all) = self.areas_of_day_at_rest(day).await?
            {
                found.extend(all.into_iter().filter(|one| wanted.contains(&one.area)));
                continue;
            }
            for (&shard, wanted) in &by_shard {
                if wanted.len() > AREAS_APART {
                    requests.push(Box::pin(async move {
                        let whole = self.shard_day(day, shard).await?;
                        Ok(whole.into_iter().filter(|one| wanted.contains(&one.area)).collect())
                    }));
                } else {
                    for &area in wanted {
                        requests.push(Box::pin(self.area_day(day, shard, area)));
                    }
                }
            }
        }
        found.extend(self.all(requests).await?.into_iter().flatten());
        found.sort_by(|a, b| (&a.area, a.day).cmp(&(&b.area, b.day)));
        Ok(found)
    }

    async fn recent_rows(&self, first: Window, last: Window) -> Result<Vec<(u32, PlacedRow)>, StoreError> {
        let edition = self.edition.get();
        let mut requests: Vec<BoxFuture<'_, Result<Vec<(u32, PlacedRow)>, StoreError>>> = Vec::new();
        for day in first.day()..=last.day() {
            let from = if day == first.day() { first.of_day() } else { 0 };
            let to = if day == last.day() { last.of_day() } else { 47 };
            for shard in self.sizing.all_shards(edition) {
                requests.push(Box::pin(self.recent_of_shard(day, shard, from as i16, to as i16)));
            }
        }
        Ok(self.some_at_once(SHARDS_AT_ONCE, requests).await?.into_iter().flatten().collect())
    }

    async fn registrations(&self) -> Result<Vec<RegistrationVersion>, StoreError> {
        let statement = &self.statements.last_registrations;
        let requests: Vec<BoxFuture<'_, Result<Vec<RegistrationRow>, StoreError>>> = self
            .sizing
            .all_buckets()
            .map(|bucket| Box::pin(self.ask("registrations", statement, (bucket,))) as BoxFuture<'_, _>)
            .collect();
        let rows = self.all(requests).await?.into_iter().flatten();
        let mut versions: Vec<RegistrationVersion> = rows.map(registration).collect::<Result<_, _>>()?;
        versions.sort_by(|a, b| a.meter.cmp(&b.meter));
        Ok(versions)
    }

    async fn meters_ever_in(&self, areas: &[AreaCode]) -> Result<Vec<MeterId>, StoreError> {
        let areas: BTreeSet<&AreaCode> = areas.iter().collect();
        let statement = &self.statements.meters_of_area;
        let requests: Vec<BoxFuture<'_, Result<Vec<(String,)>, StoreError>>> = areas
            .into_iter()
            .map(|area| Box::pin(self.ask("meters_by_area", statement, (area.as_str(),))) as BoxFuture<'_, _>)
            .collect();
        let names = self.all(requests).await?.into_iter().flatten();
        let meters: BTreeSet<MeterId> = names.map(|(name,)| meter(&name)).collect::<Result<_, _>>()?;
        Ok(meters.into_iter().collect())
    }

    async fn readings(
        &self,
        meters: &[MeterId],
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        // Only days that there is anything of, or the beginning of time would be a long way.
        let days = self.stored_days(Of::Readings).await?;
        let (Some(first), Some(last)) = (days.first(), days.last()) else {
            return Ok(vec![Vec::new(); meters.len()]);
        };
        let (from, to) = (from.max(Window::at(*first, 0).start()), to.min(Window::at(last + 1, 0).start()));
        let mut readings = self.versions_of(meters, from, to).await?;
        readings.iter_mut().for_each(keep_last);
        Ok(readings)
    }

    async fn versions_of_day(
        &self,
        day: i32,
        from: Option<&MeterId>,
        limit: usize,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let meters = self.meters_of_day(day, from.map_or("", MeterId::as_str), limit).await?;
        let (begin, end) = (Window::at(day, 0).start(), Window::at(day + 1, 0).start());
        Ok(self.versions_of(&meters, begin, end).await?.into_iter().flatten().collect())
    }

    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, StoreError> {
        let (partition, after) = filter.after.unwrap_or((0, Position::BEFORE_ALL));
        let mut letters = Vec::new();
        for (of, number) in self.dead_slots().await? {
            let is_before = (of as u32, number) < (partition, slot(after)) && filter.after.is_some();
            if letters.len() >= filter.limit || is_before {
                continue;
            }
            let after = if filter.after.is_some() && of as u32 == partition { after.stamp() } else { -1 };
            self.letters_of_slot(of, number, after, filter, &mut letters).await?;
        }
        Ok(letters)
    }

    async fn dead_letter_counts(&self) -> Result<Vec<(DeadReason, u64)>, StoreError> {
        let slots = self.dead_slots().await?;
        let partitions = slots.iter().map(|&(partition, _)| partition as u32 + 1).max().unwrap_or(0);
        // First how far partitions are: letters are stored before that is.
        let progress = self.progress(partitions).await?;
        let is_over = |(partition, number): DeadSlot| {
            progress[partition as usize].is_some_and(|through| slot(through) > number)
        };
        let requests: Vec<BoxFuture<'_, Result<DeadCounts, StoreError>>> = slots
            .into_iter()
            .map(|slot| Box::pin(self.dead_letters_in(slot, is_over(slot))) as BoxFuture<'_, _>)
            .collect();
        let mut counts = DeadCounts::new();
        for (reason, count) in self.all(requests).await?.into_iter().flatten() {
            *counts.entry(reason).or_default() += count;
        }
        Ok(counts.into_iter().collect())
    }
}

impl CassandraStore {
    /// In order.
    pub(crate) async fn stored_days(&self, of: Of) -> Result<Vec<i32>, StoreError> {
        let days: Vec<(i32,)> = self.ask("days", &self.statements.days, (of as i8,)).await?;
        Ok(days.into_iter().map(|(day,)| day).collect())
    }

    pub(crate) async fn shard_day(&self, day: i32, shard: i32) -> Result<Vec<AreaDay>, StoreError> {
        area_days(day, self.ask("aggregates", &self.statements.sums_of_shard, (day, shard)).await?)
    }

    async fn area_day(&self, day: i32, shard: i32, area: &AreaCode) -> Result<Vec<AreaDay>, StoreError> {
        let values = (day, shard, area.as_str());
        area_days(day, self.ask("aggregates", &self.statements.sums_of_area, values).await?)
    }

    async fn recent_of_shard(
        &self,
        day: i32,
        shard: i32,
        first: i16,
        last: i16,
    ) -> Result<Vec<(u32, PlacedRow)>, StoreError> {
        let values = (day, shard, first, last);
        let rows: Vec<RecentRow> = self.ask("aggregates", &self.statements.recent_of_shard, values).await?;
        rows.into_iter()
            .map(|(area, window, partition, energy, meters, meter_seconds, through)| {
                let (through, energy) = (Position::from_stamp(through), Energy::from_mwh(energy));
                let row = AggregateRow { through, energy, meters, meter_seconds };
                Ok((partition as u32, PlacedRow { place: place(&area, day, window)?, row }))
            })
            .collect()
    }

    /// All versions of some meters in a stretch of time, a list a meter.
    async fn versions_of(
        &self,
        meters: &[MeterId],
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        let queries: Vec<RawQuery> =
            meters.iter().map(|meter| RawQuery { meter: meter.clone(), from, to }).collect();
        self.raw(&queries).await
    }

    /// The first meters, from a name on, that have readings of a day: in order over all buckets.
    async fn meters_of_day(&self, day: i32, from: &str, limit: usize) -> Result<Vec<MeterId>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let statement = &self.statements.meters_of_day;
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let requests: Vec<BoxFuture<'_, Result<Vec<(String,)>, StoreError>>> = self
            .sizing
            .all_buckets()
            .map(|bucket| {
                Box::pin(self.ask("readings", statement, (day, bucket, from, most))) as BoxFuture<'_, _>
            })
            .collect();
        let names = self.all(requests).await?.into_iter().flatten();
        let mut meters: Vec<MeterId> = names.map(|(name,)| meter(&name)).collect::<Result<_, _>>()?;
        meters.sort();
        meters.truncate(limit);
        Ok(meters)
    }

    /// How many letters of each reason a slot has. One that is over is counted once.
    async fn dead_letters_in(&self, slot: DeadSlot, is_over: bool) -> Result<DeadCounts, StoreError> {
        let counted = || self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = counted().get(&slot) {
            return Ok(counts.clone());
        }
        let reasons: Vec<(i8,)> = self.ask("dead_letters", &self.statements.dead_reasons, slot).await?;
        let mut counts = DeadCounts::new();
        for (number,) in reasons {
            *counts.entry(reason(number)?).or_default() += 1;
        }
        if is_over {
            counted().insert(slot, counts.clone());
        }
        Ok(counts)
    }

    /// Where there are dead letters, in order of (partition, position).
    async fn dead_slots(&self) -> Result<Vec<(i32, i64)>, StoreError> {
        self.ask("dead_slots", &self.statements.dead_slots, ()).await
    }

    /// Takes what the filter wants of a slot, after a stamp, until there is enough.
    async fn letters_of_slot(
        &self,
        partition: i32,
        slot: i64,
        after: i64,
        filter: &DeadLetterFilter,
        letters: &mut Vec<DeadLetter>,
    ) -> Result<(), StoreError> {
        let _turn = self.turn().await;
        let statement = self.statements.dead_letters.clone();
        let pages = self.session.execute_iter(statement, (partition, slot, after)).await.map_err(away)?;
        let mut rows = pages.rows_stream::<LetterRow>().map_err(|error| corrupt("dead_letters", error))?;
        while letters.len() < filter.limit {
            let Some((stamp, number, detail, appended_ms, key, value)) =
                rows.try_next().await.map_err(away)?
            else {
                break;
            };
            let reason = reason(number)?;
            let is_of_reason = filter.reason.is_none_or(|wanted| wanted == reason);
            if is_of_reason && filter.meter.as_ref().is_none_or(|meter| meter.as_str().as_bytes() == key) {
                letters.push(DeadLetter {
                    partition: partition as u32,
                    at: Position::from_stamp(stamp),
                    reason,
                    detail,
                    appended_ms,
                    key: Bytes::from(key),
                    value: Bytes::from(value),
                });
            }
        }
        Ok(())
    }
}

/// Rows come by area.
fn area_days(day: i32, rows: Vec<SumRow>) -> Result<Vec<AreaDay>, StoreError> {
    let mut days: Vec<AreaDay> = Vec::new();
    for (area, window, energy, meters, meter_seconds) in rows {
        if days.last().is_none_or(|last| last.area.as_str() != area) {
            let area = AreaCode::parse(&area).map_err(|error| corrupt("aggregates", error))?;
            days.push(AreaDay { area, day, windows: Box::new([Totals::default(); 48]) });
        }
        let of_day = days.last_mut().and_then(|last| last.windows.get_mut(window as usize));
        let of_day = of_day.ok_or_else(|| corrupt("aggregates", format!("a day has no window {window}")))?;
        *of_day = Totals { energy: Energy::from_mwh(energy), meters, meter_seconds };
    }
    Ok(days)
}

fn meter(name: &str) -> Result<MeterId, StoreError> {
    MeterId::parse(name).map_err(|error| corrupt("readings", error))
}

fn reason(number: i8) -> Result<DeadReason, StoreError> {
    let known = u8::try_from(number).ok().and_then(DeadReason::from_number);
    known.ok_or_else(|| corrupt("dead_letters", format!("there is no reason {number}")))
}
