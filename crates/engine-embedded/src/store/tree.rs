//! The tree on disk, with snapshots and atomic batches.
//!
//! It has no journal of its own. All keys are in one tree, a memtable is sealed only between batches,
//! and sealed ones reach the disk in order and whole: so what a crash leaves is the store as it was
//! after some batch, with the progress of that batch. The log has everything after it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::StoreError;
use lsm_tree::compaction::Leveled;
use lsm_tree::config::{BlockSizePolicy, CompressionPolicy};
use lsm_tree::{
    AbstractTree, AnyTree, Cache, CompressionType, Config, Guard, SequenceNumberCounter, UserValue,
};

use crate::OpenError;

/// Half the default's number of blocks a scan has to find, and better compressed; a point read
/// unpacks a few microseconds more.
const BLOCK_BYTES: u32 = 8 << 10;
/// Compactions in a row after one flush; more is left to the next flush.
const COMPACTIONS_MAX: usize = 32;

/// Writes that become visible together.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) puts: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) removes: Vec<Vec<u8>>,
}

impl Batch {
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.puts.push((key, value));
    }
}

/// The tree. Locks are taken in the order: write, snapshots.
pub(crate) struct Tree {
    tree: AnyTree,
    dir: PathBuf,
    /// The next batch's number.
    numbers: SequenceNumberCounter,
    /// Readers see the batches before this number.
    visible: AtomicU64,
    snapshots: Mutex<BTreeMap<u64, usize>>,
    write: Mutex<()>,
}

/// The right to write. Nothing becomes visible, or is sealed, while another one has it.
pub(crate) struct Writing<'a> {
    tree: &'a Tree,
    _guard: MutexGuard<'a, ()>,
}

/// The tree as it was at one moment.
pub(crate) struct Snapshot<'a> {
    tree: &'a Tree,
    number: u64,
}

/// What went wrong, for whoever may try again or not.
pub(crate) fn problem(dir: &Path, error: lsm_tree::Error) -> StoreError {
    match error {
        lsm_tree::Error::Io(e) => StoreError::Unavailable(format!("{}: {e}", dir.display())),
        other => StoreError::Corrupt(format!("{}: a block is damaged: {other:?}", dir.display())),
    }
}

impl Tree {
    /// Opens it; the files have been verified. Makes it if there is none.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<Tree, OpenError> {
        let numbers = SequenceNumberCounter::default();
        let config = Config::new(dir, numbers.clone(), SequenceNumberCounter::default())
            .use_cache(Arc::new(Cache::with_capacity_bytes(cache_bytes)))
            .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
            .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4));
        let tree = config.open().map_err(|error| match error {
            lsm_tree::Error::Io(e) => OpenError::io("open it", dir)(e),
            other => OpenError::corrupt(dir, format!("{other:?}")),
        })?;
        numbers.set(tree.get_highest_seqno().map_or(1, |highest| highest + 1));
        let visible = AtomicU64::new(numbers.get());
        Ok(Tree {
            tree,
            dir: dir.to_owned(),
            numbers,
            visible,
            snapshots: Mutex::default(),
            write: Mutex::default(),
        })
    }

    pub(crate) fn problem(&self, error: lsm_tree::Error) -> StoreError {
        problem(&self.dir, error)
    }

    pub(crate) fn write(&self) -> Writing<'_> {
        Writing { tree: self, _guard: self.write.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.visible.load(Ordering::Acquire);
        *snapshots.entry(number).or_default() += 1;
        Snapshot { tree: self, number }
    }

    /// Nobody reads what was overwritten before this number.
    fn watermark(&self) -> u64 {
        let snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.keys().next().copied().unwrap_or_else(|| self.visible.load(Ordering::Acquire))
    }

    /// Bytes in memory that are not sealed.
    pub(crate) fn active_bytes(&self) -> u64 {
        self.tree.active_memtable().size()
    }

    /// Memtables that wait to be written.
    pub(crate) fn sealed(&self) -> usize {
        self.tree.sealed_memtable_count()
    }

    /// Sorted runs that a reader has to look into before those that don't overlap.
    pub(crate) fn young_runs(&self) -> usize {
        self.tree.l0_run_count()
    }

    /// Writes the sealed memtables to disk, durably.
    pub(crate) fn write_sealed(&self) -> Result<(), StoreError> {
        let lock = self.tree.get_flush_lock();
        self.tree.flush(&lock, self.watermark()).map_err(|e| self.problem(e))?;
        drop(lock);
        self.write().catch_up();
        Ok(())
    }

    /// Merges tables where that pays.
    pub(crate) fn compact(&self) -> Result<(), StoreError> {
        for _ in 0..COMPACTIONS_MAX {
            let before = self.tree.current_version().id();
            let strategy = Arc::new(Leveled::default());
            self.tree.compact(strategy, self.watermark()).map_err(|e| self.problem(e))?;
            if self.tree.current_version().id() == before {
                break;
            }
            self.write().catch_up();
        }
        Ok(())
    }

    /// Merges all tables: nothing that was overwritten or removed is left.
    pub(crate) fn compact_all(&self) -> Result<(), StoreError> {
        self.write().catch_up();
        self.tree.major_compact(64 << 20, self.watermark()).map_err(|e| self.problem(e))?;
        self.write().catch_up();
        Ok(())
    }

    /// The number that the next table will have.
    pub(crate) fn next_table(&self) -> u64 {
        self.tree.get_next_table_id()
    }

    /// Removes tables that a failed write left behind: numbered from `first` on and not in use. Nothing
    /// else may write tables meanwhile.
    pub(crate) fn remove_failed_tables(&self, first: u64) {
        let version = self.tree.current_version();
        // If the last change reached the disk although it was reported as failed, its tables are in use.
        let current = std::fs::read(self.dir.join("current")).unwrap_or_default();
        if current.first_chunk::<8>().map(|id| u64::from_le_bytes(*id)) != Some(version.id()) {
            return;
        }
        let Ok(entries) = std::fs::read_dir(self.dir.join("tables")) else { return };
        for entry in entries.flatten() {
            let number = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            let failed =
                number.is_some_and(|n| n >= first && !version.iter_tables().any(|table| table.id() == n));
            if failed {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.tree.disk_space()
    }
}

impl Writing<'_> {
    /// The number that the next batch will have.
    pub(crate) fn number(&self) -> u64 {
        self.tree.numbers.get()
    }

    /// Writes a batch. Returns how much memory waits to be sealed.
    pub(crate) fn commit(&self, batch: Batch) -> u64 {
        let number = self.tree.numbers.next();
        for (key, value) in batch.puts {
            self.tree.tree.insert(key, value, number);
        }
        for key in batch.removes {
            self.tree.tree.remove(key, number);
        }
        self.catch_up();
        self.tree.active_bytes()
    }

    /// Seals what is in memory.
    pub(crate) fn seal(&self) {
        self.tree.tree.rotate_memtable();
    }

    /// The tree numbers its own changes, too; readers follow, so that it can let go of old ones.
    fn catch_up(&self) {
        self.tree.visible.store(self.tree.numbers.get(), Ordering::Release);
    }
}

type Pair = (lsm_tree::UserKey, UserValue);

impl Snapshot<'_> {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        self.tree.tree.get(key, self.number).map_err(|e| self.tree.problem(e))
    }

    /// All pairs whose key begins so, in order.
    pub(crate) fn prefix(
        &self,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<Pair, StoreError>> + '_ {
        self.tree
            .tree
            .prefix(prefix, self.number, None)
            .map(|item| item.into_inner().map_err(|e| self.tree.problem(e)))
    }

    /// All pairs from a key (or after it) up to the end of a prefix, in order.
    pub(crate) fn from(
        &self,
        from: std::ops::Bound<Vec<u8>>,
        prefix: Vec<u8>,
    ) -> impl Iterator<Item = Result<Pair, StoreError>> + '_ {
        self.tree
            .tree
            .range::<Vec<u8>, _>((from, std::ops::Bound::Unbounded), self.number, None)
            .map(|item| item.into_inner().map_err(|e| self.tree.problem(e)))
            .take_while(move |item| item.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix)))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        let mut snapshots = self.tree.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(readers) = snapshots.get_mut(&self.number) {
            *readers -= 1;
            if *readers == 0 {
                snapshots.remove(&self.number);
            }
        }
    }
}
