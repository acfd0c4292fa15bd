//! Days that are over, packed: sums of a whole day in a row a shard, so that a year of them is read in seconds.
//!
//! Owners note with every flush how far it has changed which day. A packed day names what was noted when it was read, and
//! counts as long as that is what is noted. So nobody has to keep it up to date: the first who reads a day that has
//! changed reads its rows, and packs it again, if by then the store has all that was noted.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use engine::{AreaDay, Edition, StoreError};
use futures::future::BoxFuture;
use metering::aggregate::Totals;
use metering::{AreaCode, Energy, UtcSecond};
use prost::Message;

use crate::connection::CassandraStore;
use crate::places::{EDITION_LAST, day_of, numbered};

/// Shards of a day of which all rows are read at once: there may be millions, each shard keeps a processor of the store busy,
/// and others want an answer meanwhile.
const SHARDS_READ_AT_ONCE: usize = 2;

/// Shards of which less is read or written at once.
pub(crate) const SHARDS_AT_ONCE: usize = 8;

/// Of one edition: by the number of a partition of the log, the position of the last flush that changed a day.
type Noted = BTreeMap<i32, i64>;

/// The areas of one shard on one day.
#[derive(Clone, PartialEq, Message)]
struct PackedAreas {
    #[prost(message, repeated, tag = "1")]
    areas: Vec<PackedArea>,
    /// What was noted of the day then.
    #[prost(bytes = "vec", tag = "2")]
    as_of: Vec<u8>,
}

/// What an area used, a number a window.
#[derive(Clone, PartialEq, Message)]
struct PackedArea {
    #[prost(string, tag = "1")]
    code: String,
    #[prost(sint64, repeated, tag = "2")]
    energy_mwh: Vec<i64>,
    #[prost(sint64, repeated, tag = "3")]
    meters: Vec<i64>,
    #[prost(sint64, repeated, tag = "4")]
    meter_seconds: Vec<i64>,
}

impl CassandraStore {
    /// All areas' sums of a day, in order of the areas.
    pub(crate) async fn areas_of_day(&self, day: i32) -> Result<Vec<AreaDay>, StoreError> {
        let edition = self.edition.get();
        let noted = self.noted_of(day, edition).await?;
        let mut areas = match self.packed(day, edition, &noted).await? {
            Some(areas) => areas,
            None => self.read_and_pack(day, edition, noted).await?,
        };
        areas.sort_by(|a, b| a.area.cmp(&b.area));
        Ok(areas)
    }

    /// The same, but only where it is packed.
    pub(crate) async fn areas_of_day_at_rest(&self, day: i32) -> Result<Option<Vec<AreaDay>>, StoreError> {
        let edition = self.edition.get();
        let noted = self.noted_of(day, edition).await?;
        self.packed(day, edition, &noted).await
    }

    async fn noted_of(&self, day: i32, edition: Edition) -> Result<Noted, StoreError> {
        let values = (day, numbered(edition, 0), numbered(edition, EDITION_LAST));
        let rows: Vec<(i32, i64)> = self.ask("changed_days", &self.statements.changed_in_day, values).await?;
        Ok(rows.into_iter().collect())
    }

    /// A day as it is packed, if that is what it is now.
    async fn packed(
        &self,
        day: i32,
        edition: Edition,
        noted: &Noted,
    ) -> Result<Option<Vec<AreaDay>>, StoreError> {
        // What an older version's owners have stored alone is not noted.
        if noted.is_empty() {
            return Ok(None);
        }
        let values = (day, numbered(edition, 0), numbered(edition, EDITION_LAST));
        let as_of = bytes_of(noted);
        let (of, shards) = (&self.statements.packed_as_of, self.sizing.shards as usize);
        let found: Vec<(Vec<u8>,)> = self.ask("packed_days", of, values).await?;
        if found.len() != shards || found.iter().any(|(of,)| *of != as_of) {
            return Ok(None);
        }
        let bodies: Vec<(Vec<u8>,)> = self.ask("packed_days", &self.statements.packed_day, values).await?;
        let unpacked = bodies.iter().map(|(body,)| unpacked(day, body, &as_of)).collect::<Option<Vec<_>>>();
        Ok(unpacked.filter(|unpacked| unpacked.len() == shards).map(|unpacked| unpacked.concat()))
    }

    async fn read_and_pack(
        &self,
        day: i32,
        edition: Edition,
        noted: Noted,
    ) -> Result<Vec<AreaDay>, StoreError> {
        // Before the rows, so that they have all of it.
        let numbers: Vec<i32> = noted.keys().copied().collect();
        let stored: Noted = self
            .ask::<(i32, i64)>("progress", &self.statements.progress, (numbers,))
            .await?
            .into_iter()
            .collect();
        let shards: Vec<i32> = self.sizing.all_shards(edition).collect();
        let requests = shards.iter().map(|&shard| Box::pin(self.shard_day(day, shard)) as BoxFuture<'_, _>);
        let by_shard: Vec<Vec<AreaDay>> = self.some_at_once(SHARDS_READ_AT_ONCE, requests.collect()).await?;
        let is_stored = noted.iter().all(|(number, at)| stored.get(number) >= Some(at));
        let is_over = day < day_of(UtcSecond(now_s()));
        if is_over && is_stored && !noted.is_empty() && self.noted_of(day, edition).await? == noted {
            let as_of = bytes_of(&noted);
            let rows = shards.iter().zip(&by_shard).map(|(&shard, areas)| {
                let values = (day, shard, as_of.clone(), packed(areas, &as_of).encode_to_vec());
                Box::pin(self.run(&self.statements.write_packed_day, values)) as BoxFuture<'_, _>
            });
            // It is as good without.
            if let Err(error) = self.some_at_once(SHARDS_AT_ONCE, rows.collect()).await {
                tracing::warn!(%error, day, "a day could not be packed");
            }
        }
        Ok(by_shard.concat())
    }
}

fn bytes_of(noted: &Noted) -> Vec<u8> {
    noted.iter().flat_map(|(number, at)| [&number.to_be_bytes()[..], &at.to_be_bytes()].concat()).collect()
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

fn packed(areas: &[AreaDay], as_of: &[u8]) -> PackedAreas {
    let of = |AreaDay { area, windows, .. }: &AreaDay| PackedArea {
        code: area.to_string(),
        energy_mwh: windows.iter().map(|totals| totals.energy.mwh()).collect(),
        meters: windows.iter().map(|totals| totals.meters).collect(),
        meter_seconds: windows.iter().map(|totals| totals.meter_seconds).collect(),
    };
    PackedAreas { areas: areas.iter().map(of).collect(), as_of: as_of.to_vec() }
}

/// None of what another was written over meanwhile, or what can't be read: the rows are there.
fn unpacked(day: i32, body: &[u8], as_of: &[u8]) -> Option<Vec<AreaDay>> {
    let packed = PackedAreas::decode(body).ok().filter(|packed| packed.as_of == as_of)?;
    packed.areas.into_iter().map(|area| area.unpacked(day)).collect()
}

impl PackedArea {
    fn unpacked(self, day: i32) -> Option<AreaDay> {
        let PackedArea { code, energy_mwh, meters, meter_seconds } = self;
        let area = AreaCode::parse(&code).ok()?;
        let mut windows = Box::new([Totals::default(); 48]);
        if [energy_mwh.len(), meters.len(), meter_seconds.len()] != [windows.len(); 3] {
            return None;
        }
        for (n, totals) in windows.iter_mut().enumerate() {
            *totals = Totals {
                energy: Energy::from_mwh(energy_mwh[n]),
                meters: meters[n],
                meter_seconds: meter_seconds[n],
            };
        }
        Some(AreaDay { area, day, windows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_comes_back() {
        let mut windows = Box::new([Totals::default(); 48]);
        windows[3] = Totals { energy: Energy::from_mwh(-7), meters: 2, meter_seconds: 1800 };
        windows[47] = Totals { energy: Energy::from_mwh(1 << 40), meters: -1, meter_seconds: 0 };
        let area = AreaCode::parse("E01000001").unwrap();
        let areas = vec![AreaDay { area, day: 20_000, windows }];
        let body = packed(&areas, b"then").encode_to_vec();
        assert_eq!(unpacked(20_000, &body, b"then"), Some(areas));
        assert_eq!(unpacked(20_000, &body, b"now"), None);
        assert_eq!(unpacked(20_000, &body[..body.len() - 1], b"then"), None);
    }

    #[test]
    fn what_is_noted_is_told_apart() {
        let noted = |pairs: &[(i32, i64)]| bytes_of(&pairs.iter().copied().collect());
        assert_eq!(noted(&[(2, 9), (1, 5)]), noted(&[(1, 5), (2, 9)]));
        assert_ne!(noted(&[(1, 5)]), noted(&[(1, 6)]));
        assert_ne!(noted(&[(1, 5)]), noted(&[(1, 5), (2, 9)]));
    }
}
