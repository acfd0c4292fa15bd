//! What the owner of a partition reads and writes.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use engine::{PipelineStore, RawQuery, StoreError};
use futures::future::BoxFuture;
use metering::reading::{DwellingKind, Heating};
use metering::stored::{FlushPlan, Hint, MeterState, RawVersion, RegistrationVersion, Windows};
use metering::{
    AggregateRow, AreaCode, Dwelling, Energy, Interval, MeterId, Place, Position, UtcSecond, Window,
};

use crate::connection::CassandraStore;
use crate::error::corrupt;
use crate::places::{days_of, numbered};

/// Keys that one request asks for.
const KEYS: usize = 100;

/// Meter, start, stamp, duration, energy, area.
pub(crate) type ReadingRow = (String, i64, i64, i16, i64, String);
/// Meter, stamp, area, kind, bedrooms, occupants, heating.
pub(crate) type RegistrationRow = (String, i64, String, i8, i16, i16, i8);
/// Area, window of the day, energy, meters, seconds, through.
type AggregateRowOfPlace = (String, i16, i64, i64, i64, i64);
/// Meter, stamp, end.
type HintRow = (String, i64, i64);

#[async_trait]
impl PipelineStore for CassandraStore {
    async fn progress(&self, partitions: u32) -> Result<Vec<Option<Position>>, StoreError> {
        let edition = self.edition.get();
        let asked: Vec<i32> = (0..partitions).map(|partition| numbered(edition, partition)).collect();
        let rows: Vec<(i32, i64)> = self.ask("progress", &self.statements.progress, (asked.clone(),)).await?;
        let known: HashMap<i32, i64> = rows.into_iter().collect();
        Ok(asked.iter().map(|number| known.get(number).copied().map(Position::from_stamp)).collect())
    }

    async fn windows(&self, partition: u32) -> Result<Windows, StoreError> {
        let number = numbered(self.edition.get(), partition);
        let rows: Vec<(Option<i32>, Option<i32>)> =
            self.ask("extents", &self.statements.extent, (number,)).await?;
        let Some((first, last)) = rows.into_iter().next() else { return Ok(Windows::NONE) };
        // Half of one is of a flush that did not end: what progress covers has both.
        let bound = |window: Option<i32>, or: Window| window.map_or(or, Window);
        let Windows { first: all_first, last: all_last } = Windows::ALL;
        Ok(Windows { first: bound(first, all_first), last: bound(last, all_last) })
    }

    async fn meters(&self, meters: &[MeterId]) -> Result<Vec<MeterState>, StoreError> {
        let mut by_bucket: BTreeMap<i32, Vec<&MeterId>> = BTreeMap::new();
        for meter in meters {
            by_bucket.entry(self.sizing.bucket(meter)).or_default().push(meter);
        }
        let mut requests: Vec<BoxFuture<'_, Result<HashMap<MeterId, MeterState>, StoreError>>> = Vec::new();
        for (bucket, meters) in by_bucket {
            for some in meters.chunks(KEYS) {
                let names: Vec<String> = some.iter().map(|meter| meter.to_string()).collect();
                requests.push(Box::pin(self.meters_of_bucket(bucket, names)));
            }
        }
        let mut known: HashMap<MeterId, MeterState> = HashMap::new();
        for of_bucket in self.all(requests).await? {
            known.extend(of_bucket);
        }
        Ok(meters.iter().map(|meter| known.get(meter).cloned().unwrap_or_default()).collect())
    }

    async fn raw(&self, queries: &[RawQuery]) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        // Readings that come together are mostly of one time: their meters' neighbours are asked for together.
        let mut groups: BTreeMap<(i32, UtcSecond, UtcSecond), Vec<&MeterId>> = BTreeMap::new();
        for RawQuery { meter, from, to } in queries {
            groups.entry((self.sizing.bucket(meter), *from, *to)).or_default().push(meter);
        }
        let mut requests: Vec<BoxFuture<'_, Result<Vec<RawVersion>, StoreError>>> = Vec::new();
        for ((bucket, from, to), meters) in groups {
            for some in meters.chunks(KEYS) {
                let names: Vec<String> = some.iter().map(|meter| meter.to_string()).collect();
                for day in days_of(from, to) {
                    requests.push(Box::pin(self.versions_at(day, bucket, names.clone(), from, to)));
                }
            }
        }
        let mut found: HashMap<MeterId, Vec<RawVersion>> = HashMap::new();
        for version in self.all(requests).await?.into_iter().flatten() {
            found.entry(version.meter.clone()).or_default().push(version);
        }
        for versions in found.values_mut() {
            versions.sort_by_key(|version| (version.interval.start(), version.at));
            // Of a meter that is asked for twice.
            versions.dedup();
        }
        let answer = |RawQuery { meter, from, to }: &RawQuery| {
            let versions = found.get(meter).map_or(&[][..], Vec::as_slice);
            let asked = |version: &&RawVersion| (*from..*to).contains(&version.interval.start());
            versions.iter().filter(asked).cloned().collect()
        };
        Ok(queries.iter().map(answer).collect())
    }

    async fn rows(&self, partition: u32, places: &[Place]) -> Result<Vec<Option<AggregateRow>>, StoreError> {
        let edition = self.edition.get();
        let mut groups: BTreeMap<(i32, i32), Vec<&Place>> = BTreeMap::new();
        for place in places {
            let shard = self.sizing.shard(edition, &place.area);
            groups.entry((place.window.day(), shard)).or_default().push(place);
        }
        let mut requests: Vec<BoxFuture<'_, Result<Vec<(Place, AggregateRow)>, StoreError>>> = Vec::new();
        for ((day, shard), places) in groups {
            for some in places.chunks(KEYS) {
                let asked = some
                    .iter()
                    .map(|place| (place.area.to_string(), place.window.of_day() as i16, partition as i32))
                    .collect();
                requests.push(Box::pin(self.aggregates_at(day, shard, asked)));
            }
        }
        let known: HashMap<Place, AggregateRow> = self.all(requests).await?.into_iter().flatten().collect();
        Ok(places.iter().map(|place| known.get(place).copied()).collect())
    }

    async fn flush(&self, plan: &FlushPlan) -> Result<(), StoreError> {
        self.write(plan).await
    }
}

impl CassandraStore {
    async fn meters_of_bucket(
        &self,
        bucket: i32,
        names: Vec<String>,
    ) -> Result<HashMap<MeterId, MeterState>, StoreError> {
        let hints = self.ask::<HintRow>("hints", &self.statements.hints, (bucket, names.clone()));
        let registrations =
            self.ask::<RegistrationRow>("registrations", &self.statements.registrations, (bucket, names));
        let (hints, registrations) = futures::try_join!(hints, registrations)?;
        let mut states: HashMap<MeterId, MeterState> = HashMap::new();
        for (name, stamp, ends) in hints {
            let meter = MeterId::parse(&name).map_err(|error| corrupt("hints", error))?;
            let hint = Hint { at: Position::from_stamp(stamp), end: UtcSecond(ends) };
            states.entry(meter).or_default().hint = Some(hint);
        }
        // The last one comes first.
        for row in registrations.into_iter().rev() {
            let version = registration(row)?;
            states.entry(version.meter.clone()).or_default().registrations.push(version);
        }
        Ok(states)
    }

    async fn versions_at(
        &self,
        day: i32,
        bucket: i32,
        names: Vec<String>,
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let values = (day, bucket, names, from.0, to.0);
        let rows = self.ask::<ReadingRow>("readings", &self.statements.readings_at, values).await?;
        rows.into_iter().map(version).collect()
    }

    async fn aggregates_at(
        &self,
        day: i32,
        shard: i32,
        asked: Vec<(String, i16, i32)>,
    ) -> Result<Vec<(Place, AggregateRow)>, StoreError> {
        let values = (day, shard, asked);
        let rows =
            self.ask::<AggregateRowOfPlace>("aggregates", &self.statements.aggregates_at, values).await?;
        rows.into_iter()
            .map(|(area, window, energy, meters, meter_seconds, through)| {
                let row = AggregateRow {
                    through: Position::from_stamp(through),
                    energy: Energy::from_mwh(energy),
                    meters,
                    meter_seconds,
                };
                Ok((place(&area, day, window)?, row))
            })
            .collect()
    }
}

/// Where a row of the aggregates belongs.
pub(crate) fn place(area: &str, day: i32, window: i16) -> Result<Place, StoreError> {
    let area = AreaCode::parse(area).map_err(|error| corrupt("aggregates", error))?;
    Ok(Place { area, window: Window::at(day, window as usize) })
}

pub(crate) fn version(row: ReadingRow) -> Result<RawVersion, StoreError> {
    let (meter, start, stamp, duration, energy, area) = row;
    Ok(RawVersion {
        meter: MeterId::parse(&meter).map_err(|error| corrupt("readings", error))?,
        interval: Interval::new(UtcSecond(start), i64::from(duration))
            .map_err(|error| corrupt("readings", error))?,
        at: Position::from_stamp(stamp),
        energy: Energy::from_mwh(energy),
        area: AreaCode::parse(&area).map_err(|error| corrupt("readings", error))?,
    })
}

pub(crate) fn registration(row: RegistrationRow) -> Result<RegistrationVersion, StoreError> {
    let (meter, stamp, area, kind, bedrooms, occupants, heating) = row;
    Ok(RegistrationVersion {
        meter: MeterId::parse(&meter).map_err(|error| corrupt("registrations", error))?,
        at: Position::from_stamp(stamp),
        area: AreaCode::parse(&area).map_err(|error| corrupt("registrations", error))?,
        dwelling: Dwelling {
            kind: DwellingKind::ALL.into_iter().find(|&known| known as i8 == kind),
            bedrooms: u8::try_from(bedrooms).ok(),
            occupants: u8::try_from(occupants).ok(),
            heating: Heating::ALL.into_iter().find(|&known| known as i8 == heating),
        },
    })
}
