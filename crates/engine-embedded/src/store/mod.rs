//! The store: one tree on disk, its snapshots, and two threads that keep it in order.
//!
//! | module | what |
//! | --- | --- |
//! | [`key`], [`value`], [`block`] | what is where, and how it is written |
//! | [`tree`] | snapshots and atomic batches |
//! | [`verify`] | what is checked before the tree is opened |
//! | [`flush`], [`read`], [`figures`], [`editions`] | the ports' work |
//! | [`journal`] | documents are durable at once |
//! | [`keep`], [`pack`] | checkpoints, compaction, packing, the end of retention |
//!
//! **Durability.** A flush is in memory when it is acknowledged: one batch, progress included. Every
//! few seconds, or megabytes, what is in memory is written to disk (a *checkpoint*), whole batches in
//! order. A crash loses the flushes after the last checkpoint, their progress with them; so their
//! records are read from the log again and decided again, and by the protocol decided alike. The log
//! keeps every record until a checkpoint has it. Thus what a flush acknowledged is durable, though it
//! is the log that keeps it for the first seconds, and the store needs no second journal.

mod block;
mod editions;
mod figures;
mod flush;
mod journal;
mod keep;
mod key;
mod pack;
mod ports;
mod read;
mod tree;
mod value;
mod verify;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;
use std::time::Instant;

use engine::{InEdition, StoreError};
use metering::Position;

use crate::lock::DirectoryLock;
use crate::log::EmbeddedLog;
use crate::{EmbeddedConfig, OpenError};
use journal::Journal;
use pack::Unpacked;
use tree::{Batch, Tree};

/// How far the store is durable, by partition: what the log may forget follows from it.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint(Mutex<Vec<Option<Position>>>);

impl Checkpoint {
    pub(crate) fn durable(&self) -> Vec<Option<Position>> {
        lock(&self.0).clone()
    }

    fn set(&self, progress: Vec<Option<Position>>) {
        *lock(&self.0) = progress;
    }
}

/// A thread that failed while it held a lock has left nothing half-done that a lock protects here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the batches up to the last seal amount to.
#[derive(Debug, Clone, Default)]
struct Mark {
    progress: Vec<Option<Position>>,
    /// The last journal of documents that they contain.
    journal: u64,
}

/// What the keeping threads and everyone else tell each other.
#[derive(Default)]
struct Signals {
    closing: bool,
    /// Something is to be written out, or merged.
    work: bool,
    /// Why the last checkpoint or compaction failed; None: it did not.
    error: Option<String>,
    /// Tables from this number on may be left over from a failure.
    failed_from: Option<u64>,
    /// When the oldest change in memory was made.
    oldest_change: Option<Instant>,
}

/// Locks are taken in this order: comparing, flushing, checkpointing, journal, the tree's write, the rest.
struct Inner {
    dir: PathBuf,
    journal_dir: PathBuf,
    config: EmbeddedConfig,
    tree: Tree,
    flushing: Mutex<()>,
    checkpointing: Mutex<Mark>,
    comparing: Mutex<()>,
    journal: Mutex<Journal>,
    /// As of the last batch; changed only by who has the tree's write.
    progress: Mutex<Vec<Option<Position>>>,
    /// Days with blocks that are not packed.
    unpacked: Mutex<HashMap<i32, Unpacked>>,
    checkpoint: Arc<Checkpoint>,
    /// Tables are written under it; what a failed write left is removed alone.
    tables: RwLock<()>,
    signals: Mutex<Signals>,
    signal: Condvar,
    log: OnceLock<Weak<EmbeddedLog>>,
}

/// The embedded store, as it is in one edition of its aggregates.
pub struct EmbeddedStore {
    inner: Arc<Inner>,
    edition: InEdition,
    running: Arc<Running>,
}

/// What all editions share: stopped when the last one is dropped.
struct Running {
    inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: Arc<DirectoryLock>,
}

/// Makes an empty store.
pub(crate) fn create(dir: &Path) -> Result<(), OpenError> {
    Journal::create(&dir.join("documents"))?;
    Tree::open(&dir.join("tree"), 0).map(drop)
}

impl EmbeddedStore {
    /// Checks every file, and changes none.
    pub(crate) fn verify(dir: &Path) -> Result<(), OpenError> {
        verify::verify(&dir.join("tree"))
    }

    /// Opens the store, whose files have been checked.
    pub(crate) fn open(
        dir: &Path,
        config: EmbeddedConfig,
        salt: u32,
        lock_file: Arc<DirectoryLock>,
    ) -> Result<EmbeddedStore, OpenError> {
        let journal_dir = dir.join("documents");
        let (journal, changes) = Journal::recover(&journal_dir, salt)?;
        let tree_dir = dir.join("tree");
        let tree = Tree::open(&tree_dir, config.cache_bytes)?;
        let recovered = !changes.is_empty();
        let mut batch = Batch::default();
        let writing = tree.write();
        for (key, value) in changes {
            match value {
                // One batch a change: later ones are to win over earlier ones.
                Some(value) => batch.put(key, value),
                None => batch.removes.push(key),
            }
            writing.commit(std::mem::take(&mut batch));
        }
        drop(writing);
        let progress = read::progress(&tree).map_err(|e| OpenError::corrupt(&tree_dir, e.to_string()))?;
        let unpacked = read::unpacked(&tree).map_err(|e| OpenError::corrupt(&tree_dir, e.to_string()))?;
        let checkpoint = Arc::new(Checkpoint::default());
        checkpoint.set(progress.clone());
        let oldest_change = recovered.then(Instant::now);
        let inner = Arc::new(Inner {
            dir: dir.to_owned(),
            journal_dir,
            config,
            tree,
            flushing: Mutex::default(),
            checkpointing: Mutex::default(),
            comparing: Mutex::default(),
            journal: Mutex::new(journal),
            progress: Mutex::new(progress),
            unpacked: Mutex::new(unpacked),
            checkpoint,
            tables: RwLock::default(),
            signals: Mutex::new(Signals { oldest_change, ..Signals::default() }),
            signal: Condvar::new(),
            log: OnceLock::new(),
        });
        let threads = keep::start(&inner).map_err(OpenError::io("start its threads", dir))?;
        let running = Running { inner: inner.clone(), threads: Mutex::new(threads), _lock: lock_file };
        Ok(EmbeddedStore { inner, edition: InEdition::default(), running: Arc::new(running) })
    }

    /// The same in another edition.
    fn in_edition(&self, edition: &InEdition) -> Arc<Self> {
        let (inner, running) = (self.inner.clone(), self.running.clone());
        Arc::new(EmbeddedStore { inner, edition: edition.clone(), running })
    }

    pub(crate) fn checkpointed(&self) -> Arc<Checkpoint> {
        self.inner.checkpoint.clone()
    }

    /// The log that has what the store does not have yet.
    pub(crate) fn follow(&self, log: &Arc<EmbeddedLog>) {
        let _ = self.inner.log.set(Arc::downgrade(log));
    }

    /// Writes everything out and stops.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let written = self.inner.checkpoint(true);
        self.running.stop();
        written
    }

    /// Writes to disk what is only in memory and in the log so far.
    pub async fn write_out(&self) -> Result<(), StoreError> {
        self.blocking(|inner| inner.checkpoint(true)).await
    }

    /// Packs every day and merges all tables. For measurements, and for who wants the space now.
    pub async fn compact(&self) -> Result<(), StoreError> {
        self.blocking(|inner| {
            inner.pack_all(std::time::Duration::ZERO)?;
            inner.checkpoint(true)?;
            inner.compact_all()
        })
        .await
    }

    #[cfg(test)]
    pub(crate) async fn remove_raw_before(&self, day: i32) -> Result<(), StoreError> {
        self.blocking(move |inner| inner.remove_raw_before(day)).await
    }

    /// Bytes of its tables on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.inner.tree.disk_bytes()
    }

    /// Reads and writes block; they run where they may.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.inner.clone();
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            // What panics here met something that is not as it was written.
            Err(e) => Err(StoreError::Corrupt(format!("{}: {e}", self.inner.dir.display()))),
        }
    }
}

impl Running {
    fn stop(&self) {
        lock(&self.inner.signals).closing = true;
        self.inner.signal.notify_all();
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    /// As after a crash, but nobody writes any more when this returns.
    fn drop(&mut self) {
        self.stop();
    }
}
