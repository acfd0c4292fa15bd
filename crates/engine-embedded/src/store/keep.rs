//! Keeping the store in order, on two threads: one writes out what is in memory, the other one merges
//! tables, packs quiet days and drops what is past its retention. Neither ever gives up: what fails, a
//! full disk above all, is tried again, and meanwhile memory and the log have everything.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::StoreError;
use metering::{MeterId, UtcSecond};

use super::flush::YOUNG_RUNS_MAX;
use super::journal::Journal;
use super::tree::Batch;
use super::{Inner, Mark, block, key, lock};
use crate::log::writer::now_ms;

/// How often the threads look around without being told to.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// A batch of packed blocks or of removals: small, so that flushes hardly wait for it.
const BATCH_BYTES: usize = 1 << 20;
/// A day whose readings never pause is packed all the same when it has been unpacked so long.
const PACK_AT_LEAST_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Beside the retention itself, what the log keeps, and the neighbours of the oldest reading.
const RETENTION_MARGIN_DAYS: i64 = 2;

/// What a thread does each time it looks.
type Work = Box<dyn FnMut(&Inner) -> Result<(), StoreError> + Send>;

pub(super) fn start(inner: &Arc<Inner>) -> io::Result<Vec<JoinHandle<()>>> {
    let spawn = |name: &str, mut work: Work| {
        let inner = inner.clone();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || inner.keep(&mut *work))
    };
    let mut looked = Instant::now();
    let merge = move |inner: &Inner| {
        inner.compact()?;
        if looked.elapsed() > Duration::from_secs(10) {
            looked = Instant::now();
            inner.pack_all(inner.config.pack_after_quiet)?;
            inner.expire()?;
        }
        Ok(())
    };
    Ok(vec![
        spawn("store-writer", Box::new(Inner::checkpoint_if_due))?,
        spawn("store-keeper", Box::new(merge))?,
    ])
}

impl Inner {
    fn closing(&self) -> bool {
        lock(&self.signals).closing
    }

    fn keep(&self, work: &mut dyn FnMut(&Inner) -> Result<(), StoreError>) {
        let mut pause = LOOK_EVERY;
        loop {
            {
                let signals = lock(&self.signals);
                if signals.closing {
                    return;
                }
                let (signals, _) =
                    self.signal.wait_timeout(signals, pause).unwrap_or_else(PoisonError::into_inner);
                if signals.closing {
                    return;
                }
            }
            // The tree may panic where it meets what is not as it was written.
            let done = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
                Err(StoreError::Corrupt(format!("{}: the store failed", self.dir.display())))
            });
            pause = if done.is_ok() { LOOK_EVERY } else { AGAIN_AFTER };
            if let Err(error) = done {
                tracing::error!(%error, "the store can't be kept in order; it is tried again");
                lock(&self.signals).error = Some(error.to_string());
                if pause == AGAIN_AFTER {
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
        }
    }

    fn checkpoint_if_due(&self) -> Result<(), StoreError> {
        let full = self.tree.active_bytes() >= self.config.memtable_bytes;
        let (old, work) = {
            let mut signals = lock(&self.signals);
            let old =
                signals.oldest_change.is_some_and(|since| since.elapsed() >= self.config.checkpoint_every);
            (old, std::mem::take(&mut signals.work))
        };
        // While the disk refuses, memory is sealed only when it is full: few memtables wait.
        if full || (old && self.tree.sealed() == 0) {
            return self.checkpoint(true);
        }
        if work || self.tree.sealed() > 0 { self.checkpoint(false) } else { Ok(()) }
    }

    /// Writes to disk what is sealed, and before that seals what is in memory if `seal`.
    pub(super) fn checkpoint(&self, seal: bool) -> Result<(), StoreError> {
        let mut mark = lock(&self.checkpointing);
        if seal {
            let mut journal = lock(&self.journal);
            let writing = self.tree.write();
            writing.seal();
            *mark = Mark { progress: lock(&self.progress).clone(), journal: journal.rotate() };
            lock(&self.signals).oldest_change = None;
        } else if self.tree.sealed() == 0 {
            return Ok(());
        }
        self.remove_failed_tables();
        self.write_tables(|| self.tree.write_sealed())?;
        self.checkpoint.set(mark.progress.clone());
        let removed = Journal::remove_through(&self.journal_dir, mark.journal);
        drop(mark);
        self.signal.notify_all();
        removed.map_err(|e| StoreError::Unavailable(format!("{}: {e}", self.journal_dir.display())))
    }

    /// Runs what writes tables, and remembers how it went.
    fn write_tables(&self, write: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        let _tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let first = self.tree.next_table();
        let written = write();
        let mut signals = lock(&self.signals);
        match &written {
            Ok(()) => signals.error = None,
            Err(error) => {
                signals.error = Some(error.to_string());
                signals.failed_from = Some(signals.failed_from.map_or(first, |other| other.min(first)));
            }
        }
        written
    }

    /// What a failed write left behind takes space that is wanted.
    fn remove_failed_tables(&self) {
        let Some(first) = lock(&self.signals).failed_from.take() else { return };
        let _alone = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        self.tree.remove_failed_tables(first);
    }

    fn compact(&self) -> Result<(), StoreError> {
        self.write_tables(|| self.tree.compact())
    }

    pub(super) fn compact_all(&self) -> Result<(), StoreError> {
        self.write_tables(|| self.tree.compact_all())
    }

    /// Packs every day that has been quiet for so long: one block a meter.
    pub(super) fn pack_all(&self, quiet: Duration) -> Result<(), StoreError> {
        let days: Vec<(i32, Instant)> =
            lock(&self.unpacked).iter().map(|(&day, &last)| (day, last)).collect();
        for (day, last) in days {
            if last.elapsed() >= quiet.min(PACK_AT_LEAST_EVERY) {
                self.pack(day)?;
                // Under the right to write, or a block could come between the look and the note.
                let writing = self.tree.write();
                let mut unpacked = lock(&self.unpacked);
                if unpacked.get(&day) == Some(&last) {
                    unpacked.remove(&day);
                    writing.commit(Batch { puts: Vec::new(), removes: vec![key::day(key::UNPACKED, day)] });
                }
            }
            if self.closing() {
                break;
            }
        }
        Ok(())
    }

    /// This thread is the one that merges: it can't wait for that to be done.
    fn make_room(&self) -> Result<(), StoreError> {
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

    /// Removes readings that nothing can need any more.
    fn expire(&self) -> Result<(), StoreError> {
        let Some(days) = self.config.raw_retention_days else { return Ok(()) };
        // What the store lacks is decided as of when the log took it.
        let unstored =
            self.log.get().and_then(std::sync::Weak::upgrade).and_then(|log| log.oldest_unstored_ms());
        let now = unstored.unwrap_or(i64::MAX).min(now_ms()) / 1000;
        let log_days = self.config.log_retention.as_secs().div_ceil(86_400) as i64;
        let kept_s = (i64::from(days) + log_days + RETENTION_MARGIN_DAYS) * 86_400;
        self.remove_raw_before(UtcSecond(now - kept_s).window().day())
    }

    /// Removes the readings of all days before one.
    pub(super) fn remove_raw_before(&self, day: i32) -> Result<(), StoreError> {
        let snapshot = self.tree.snapshot();
        let end = key::day(key::RAW, day);
        let mut keys = snapshot.prefix(&[key::RAW]).map(|pair| pair.map(|(key, _)| key.to_vec()));
        loop {
            let mut removes = Vec::new();
            let mut bytes = 0;
            for key in keys.by_ref() {
                let key = key?;
                if key >= end {
                    break;
                }
                bytes += key.len();
                removes.push(key);
                if bytes > BATCH_BYTES {
                    break;
                }
            }
            if removes.is_empty() || self.closing() {
                return Ok(());
            }
            tracing::info!(blocks = removes.len(), "readings past their retention are removed");
            self.make_room()?;
            let in_memory = self.tree.write().commit(Batch { puts: Vec::new(), removes });
            self.changed(in_memory);
        }
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
