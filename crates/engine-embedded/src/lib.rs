//! The embedded engine: everything that wattmap needs of a log and of a store, in one directory of one
//! process.
//!
//! ```text
//! DIR/lock            held while a process works here; says which, and where it serves
//! DIR/meta            what the directory is
//! DIR/log/            the journal of readings: segments, which there are, how it ended
//! DIR/store/tree/     aggregates, readings, registrations, hints, progress, dead letters, documents
//! DIR/store/documents/   documents that the tree has not written out yet, and which files that takes
//! DIR/keys/           API keys: files, for a second process to write; removing one revokes it
//! ```
//!
//! The log is the truth. A record is acknowledged when it is in the log and `fdatasync` has returned;
//! one sync serves everyone who waits. The store follows it, and after a crash is made up again from
//! where it was last written out. Every file has checksums, all are read and compared before anything
//! is served: what is not as it was written stops the start with a sentence that names the file.
//!
//! What is in the directory is a household's life by the half-hour: files are their owner's alone (0600,
//! directories 0700), and those that were not are when the engine opens them.
//!
//! What is *not* here: decisions. What a record means is `crates/pipeline`'s affair.

mod config;
mod documents;
mod error;
mod files;
mod live;
mod lock;
mod log;
mod meta;
mod private;
mod store;
#[cfg(test)]
mod tests;
mod varint;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::StoreError;

pub use config::EmbeddedConfig;
pub use documents::{EmbeddedDocuments, KEYS};
pub use error::OpenError;
pub use live::EmbeddedLive;
pub use log::EmbeddedLog;
pub use private::keep_new_files_private;
pub use store::EmbeddedStore;

use lock::DirectoryLock;
use log::recovery;
use meta::Meta;

/// One process's engine. Its parts can be shared; all of it stops with [`EmbeddedEngine::close`], or
/// as a crash would when the last part is dropped.
pub struct EmbeddedEngine {
    dir: PathBuf,
    log: Arc<EmbeddedLog>,
    store: Arc<EmbeddedStore>,
    documents: Arc<EmbeddedDocuments>,
    live: Arc<EmbeddedLive>,
    lock: Arc<DirectoryLock>,
}

/// Bytes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskUsage {
    /// The log's segments.
    pub log_bytes: u64,
    /// The store's tables.
    pub store_bytes: u64,
    /// Everything in the directory, what is about to be removed included.
    pub total_bytes: u64,
    /// What the file system has left.
    pub free_bytes: u64,
}

impl EmbeddedEngine {
    /// Opens a directory; makes it if there is none. Blocking: reads and checks all that is stored.
    pub fn open(dir: impl AsRef<Path>, config: EmbeddedConfig) -> Result<EmbeddedEngine, OpenError> {
        if let Some(problem) = config.problem() {
            return Err(OpenError::Config(problem));
        }
        let dir = dir.as_ref();
        private::create_dir_all(dir).map_err(OpenError::io("make the data directory", dir))?;
        let dir = &dir.canonicalize().map_err(OpenError::io("find it", dir))?;
        let lock = Arc::new(DirectoryLock::take(dir)?);
        private::tighten(dir);
        let (log_dir, store_dir) = (dir.join("log"), dir.join("store"));
        let meta = match Meta::read(dir)? {
            Some(meta) => meta,
            None => Meta::create(dir, config.partitions, |meta| {
                store::create(&store_dir)?;
                recovery::create(&log_dir, meta, log::writer::now_ms())
            })?,
        };
        if meta.partitions != config.partitions {
            return Err(OpenError::Config(format!(
                "{} was made with {} partitions, {} are asked for; their number can't be changed yet",
                dir.display(),
                meta.partitions,
                config.partitions
            )));
        }
        // Not in the keys' directory: a second process may be writing there just now.
        for part in [dir, &log_dir] {
            recovery::remove_unfinished_files(part)?;
        }
        // The two halves are independent until they are compared, and reading takes most of the time.
        let (found, verified) = std::thread::scope(|scope| {
            let found = scope.spawn(|| recovery::recover(&log_dir, &meta));
            let verified = EmbeddedStore::verify(&store_dir);
            let found =
                found.join().unwrap_or_else(|_| Err(OpenError::corrupt(&log_dir, "it can't be read")));
            (found, verified)
        });
        // Nothing is opened for writing where either is damaged: who looks into it finds it as it was.
        let mut found = found?;
        verified?;
        EmbeddedDocuments::verify(dir)?;
        let store = Arc::new(EmbeddedStore::open(&store_dir, config.clone(), meta.salt, lock.clone())?);
        let checkpoint = store.checkpointed();
        recovery::check_progress(&store_dir, &meta, &found, &checkpoint.durable())?;
        found.cut_torn_tail()?;
        let log = Arc::new(EmbeddedLog::start(log_dir, config, meta, found, checkpoint, lock.clone())?);
        store.follow(&log);
        let documents = Arc::new(EmbeddedDocuments::new(dir, store.clone())?);
        // The tree makes its files itself, by the process's mask.
        private::tighten(dir);
        Ok(EmbeddedEngine {
            dir: dir.clone(),
            log,
            store,
            documents,
            live: Arc::new(EmbeddedLive::new()),
            lock,
        })
    }

    /// Whether there is one in a directory, or was going to be.
    pub fn is_in(dir: impl AsRef<Path>) -> bool {
        Meta::is_in(dir.as_ref())
    }

    /// The log.
    pub fn log(&self) -> Arc<EmbeddedLog> {
        self.log.clone()
    }

    /// The store, for the pipeline and for figures.
    pub fn store(&self) -> Arc<EmbeddedStore> {
        self.store.clone()
    }

    /// Documents.
    pub fn documents(&self) -> Arc<EmbeddedDocuments> {
        self.documents.clone()
    }

    /// The live feed.
    pub fn live(&self) -> Arc<EmbeddedLive> {
        self.live.clone()
    }

    /// Tells whoever else wants the directory that this process serves, and where.
    pub fn serves(&self, address: SocketAddr) {
        self.lock.serves(address);
    }

    /// How much of the disk is used. Blocking, but brief.
    pub fn disk_usage(&self) -> DiskUsage {
        DiskUsage {
            log_bytes: self.log.disk_bytes(),
            store_bytes: self.store.disk_bytes(),
            total_bytes: files::bytes_below(&self.dir),
            free_bytes: files::free_bytes(&self.dir).unwrap_or(0),
        }
    }

    /// A clean stop: what waits to be appended is written, the store is written out, and the directory
    /// is free for another process. Stop what flushes before.
    pub async fn close(&self) -> Result<(), StoreError> {
        let (log, store, lock) = (self.log.clone(), self.store.clone(), self.lock.clone());
        let closed = tokio::task::spawn_blocking(move || {
            let log = log.close().map_err(StoreError::Unavailable);
            let store = store.close();
            lock.release();
            log.and(store)
        });
        closed.await.unwrap_or_else(|e| Err(StoreError::Unavailable(e.to_string())))
    }
}
