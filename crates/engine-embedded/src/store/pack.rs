//! Packing: a reading comes in a block of its own, mostly; when its day has been quiet for a while, all
//! blocks of a meter's day become one.

use std::time::{Duration, Instant};

use engine::StoreError;
use metering::MeterId;

use super::flush::YOUNG_RUNS_MAX;
use super::keep::BATCH_BYTES;
use super::tree::Batch;
use super::{Inner, block, key, lock};

/// A day whose readings never pause is packed all the same when it has been unpacked so long.
const PACK_AT_LEAST_EVERY: Duration = Duration::from_secs(24 * 3600);

/// A day that has blocks which are not packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unpacked {
    since: Instant,
    last: Instant,
}

impl Unpacked {
    pub(super) fn new(now: Instant) -> Unpacked {
        Unpacked { since: now, last: now }
    }

    /// One more block.
    pub(super) fn again(&mut self, now: Instant) {
        self.last = now;
    }

    fn is_due(self, quiet: Duration) -> bool {
        self.last.elapsed() >= quiet || self.since.elapsed() >= PACK_AT_LEAST_EVERY
    }
}

impl Inner {
    /// Packs every day that has been quiet for so long: one block a meter.
    pub(super) fn pack_all(&self, quiet: Duration) -> Result<(), StoreError> {
        let due: Vec<_> = lock(&self.unpacked).iter().map(|(&day, &state)| (day, state)).collect();
        for (day, state) in due.into_iter().filter(|(_, state)| state.is_due(quiet)) {
            self.pack(day)?;
            // Under the right to write, or a block could come between the look and the note.
            let writing = self.tree.write();
            let mut unpacked = lock(&self.unpacked);
            if unpacked.get(&day) == Some(&state) {
                unpacked.remove(&day);
                writing.commit(Batch { puts: Vec::new(), removes: vec![key::day(key::UNPACKED, day)] });
            } else {
                unpacked.insert(day, Unpacked::new(Instant::now()));
            }
            drop((unpacked, writing));
            if self.closing() {
                break;
            }
        }
        Ok(())
    }

    /// This thread is the one that merges: it can't wait for that to be done.
    pub(super) fn make_room(&self) -> Result<(), StoreError> {
        if self.tree.young_runs() >= YOUNG_RUNS_MAX / 2 {
            self.compact()?;
        }
        self.wait_for_room()
    }

    fn pack(&self, day: i32) -> Result<(), StoreError> {
        let snapshot = self.tree.snapshot();
        let mut packing = Packing::default();
        let mut packed = Vec::new();
        let mut bytes = 0;
        for pair in snapshot.prefix(&key::day(key::RAW, day)) {
            let (key, value) = pair?;
            let meter_day = &key[..key.len() - 6];
            if packing.meter_day != meter_day {
                packed.extend(
                    std::mem::replace(&mut packing, Packing::of(meter_day))
                        .finish(day)
                        .transpose()
                        .map_err(|key| self.undecodable(&key))?,
                );
            }
            bytes += key.len() + value.len();
            packing.blocks.push((key.to_vec(), value.to_vec()));
            if bytes > BATCH_BYTES {
                bytes = 0;
                self.put_packed(std::mem::take(&mut packed))?;
            }
        }
        packed.extend(packing.finish(day).transpose().map_err(|key| self.undecodable(&key))?);
        self.put_packed(packed)
    }

    /// Puts the packed blocks in the place of those they were made of, at once.
    fn put_packed(&self, packed: Vec<Packed>) -> Result<(), StoreError> {
        if packed.is_empty() {
            return Ok(());
        }
        self.make_room()?;
        let writing = self.tree.write();
        let mut batch = Batch::default();
        for packed in packed {
            batch.put(key::block(packed.meter_day, writing.number()), packed.block);
            batch.removes.extend(packed.instead_of);
        }
        let in_memory = writing.commit(batch);
        drop(writing);
        self.changed(in_memory);
        Ok(())
    }
}

/// The blocks of one meter's day, while they are gathered.
#[derive(Default)]
struct Packing {
    meter_day: Vec<u8>,
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
}

struct Packed {
    meter_day: Vec<u8>,
    block: Vec<u8>,
    instead_of: Vec<Vec<u8>>,
}

impl Packing {
    fn of(meter_day: &[u8]) -> Packing {
        Packing { meter_day: meter_day.to_vec(), blocks: Vec::new() }
    }

    /// One block of many; nothing to do for one. The error is the key of what does not decode.
    fn finish(self, day: i32) -> Option<Result<Packed, Vec<u8>>> {
        if self.blocks.len() < 2 {
            return None;
        }
        let meter = key::name_after_day(&self.meter_day).and_then(|name| MeterId::parse(name).ok());
        let Some(meter) = meter else { return Some(Err(self.meter_day)) };
        let mut versions = Vec::new();
        for (key, value) in &self.blocks {
            if block::decode(day, &meter, value, &mut versions).is_none() {
                return Some(Err(key.clone()));
            }
        }
        block::in_order(&mut versions);
        Some(Ok(Packed {
            meter_day: self.meter_day,
            block: block::encode(day, &versions),
            instead_of: self.blocks.into_iter().map(|(key, _)| key).collect(),
        }))
    }
}
