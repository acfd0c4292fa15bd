//! Keeping the store in order, on two threads: one writes out what is in memory, the other one merges
//! tables, packs quiet days and drops what is past its retention. Neither ever gives up: what fails, a
//! full disk above all, is tried again, and meanwhile memory and the log have everything.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::StoreError;
use metering::UtcSecond;

use super::tree::Batch;
use super::{Inner, Mark, key, lock};
use crate::log::writer::now_ms;

/// How often the threads look around without being told to.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for days to pack and readings to expire.
const PACK_EVERY: Duration = Duration::from_secs(10);
/// After a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// A batch of packed blocks or of removals: small, so that flushes hardly wait for it.
pub(super) const BATCH_BYTES: usize = 1 << 20;
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
        // Seldom, for it looks at every unpacked day; but who asks for it at once is not kept waiting.
        if looked.elapsed() >= inner.config.pack_after_quiet.min(PACK_EVERY) {
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
    pub(super) fn closing(&self) -> bool {
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
        let forgotten = lock(&self.journal).forget_through(mark.journal);
        drop(mark);
        self.signal.notify_all();
        forgotten.map_err(|e| StoreError::Unavailable(format!("{}: {e}", self.journal_dir.display())))
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

    pub(super) fn compact(&self) -> Result<(), StoreError> {
        self.write_tables(|| self.tree.compact())
    }

    pub(super) fn compact_all(&self) -> Result<(), StoreError> {
        self.write_tables(|| self.tree.compact_all())
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
        let end = key::day(key::RAW, day);
        self.remove(&[key::RAW], Some(&end), "readings past their retention are removed")
    }

    /// Removes what begins so, up to a key if there is one, in small batches.
    pub(super) fn remove(&self, prefix: &[u8], end: Option<&[u8]>, what: &str) -> Result<(), StoreError> {
        let snapshot = self.tree.snapshot();
        let mut keys = snapshot.prefix(prefix).map(|pair| pair.map(|(key, _)| key.to_vec()));
        loop {
            let mut removes = Vec::new();
            let mut bytes = 0;
            for key in keys.by_ref() {
                let key = key?;
                if end.is_some_and(|end| *key >= *end) {
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
            tracing::info!(keys = removes.len(), "{what}");
            self.make_room()?;
            let in_memory = self.tree.write().commit(Batch { puts: Vec::new(), removes });
            self.changed(in_memory);
        }
    }
}
