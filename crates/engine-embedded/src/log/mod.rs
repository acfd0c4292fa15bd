//! The log: one journal for all partitions, so that one `fdatasync` makes a whole group durable.
//!
//! | module | what |
//! | --- | --- |
//! | [`frame`] | the bytes of one write |
//! | [`segment`] | a file of frames, and how to find an offset in it |
//! | [`listing`] | which files there have to be |
//! | [`recovery`] | what is checked before the log is served |
//! | [`queue`], [`writer`] | group commit |
//! | [`shared`], [`reader`] | what readers see |

pub(crate) mod frame;
pub(crate) mod listing;
mod queue;
mod reader;
pub(crate) mod recovery;
pub(crate) mod segment;
mod shared;
pub(crate) mod writer;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use engine::{AppendError, Envelope, LogError, LogRecord, ReadingLog};
use metering::Generation;
use metering::wire::partition_of;
use tokio::sync::oneshot;

use crate::lock::DirectoryLock;
use crate::meta::Meta;
use crate::store::Checkpoint;
use crate::{EmbeddedConfig, OpenError};
use frame::Chunk;
use listing::Ending;
use queue::Refused;
use recovery::Found;
use shared::{Pending, Shared};
use writer::Writer;

/// One call may append this much: a frame holds it several times over.
const CALL_BYTES_MAX: usize = 32 << 20;
/// When to come back after the queue was full: by then the disk has taken some groups.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The embedded log.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    dir: PathBuf,
    writer: Mutex<Option<JoinHandle<Option<Ending>>>>,
    /// Given back when the last handle is gone.
    _lock: Arc<DirectoryLock>,
}

impl EmbeddedLog {
    pub(crate) fn start(
        dir: PathBuf,
        config: EmbeddedConfig,
        meta: Meta,
        found: Found,
        checkpoint: Arc<Checkpoint>,
        lock: Arc<DirectoryLock>,
    ) -> Result<EmbeddedLog, OpenError> {
        let io = || OpenError::io("open it for writing", &dir);
        Ending::remove(&dir).map_err(io())?;
        let active = found.segments.back().ok_or_else(|| OpenError::corrupt(&dir, "it has no segment"))?;
        let file = File::options().read(true).write(true).open(&active.path).map_err(io())?;
        let ends = (found.next_sequence, found.heads.clone(), found.newest_ms);
        let shared = Arc::new(Shared::new(config, meta, found, checkpoint));
        let writer = Writer::new(shared.clone(), dir.clone(), file, ends);
        let writer = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(io())?;
        Ok(EmbeddedLog { shared, dir, writer: Mutex::new(Some(writer)), _lock: lock })
    }

    /// Takes no more, writes what waits, and notes how the log ended.
    pub(crate) fn close(&self) -> Result<(), String> {
        self.shared.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Readers that wait learn that nothing more comes.
        self.shared.published.send_modify(|count| *count += 1);
        let Some(writer) = writer else { return Ok(()) };
        let ending = writer.join().map_err(|_| "the log's writer failed".to_owned())?;
        match ending {
            Some(ending) => ending.write(&self.dir).map_err(|e| format!("{}: {e}", self.dir.display())),
            None => Err(format!("{}: the log could not be brought to a clean end", self.dir.display())),
        }
    }

    /// The append time of the oldest record that the store does not durably have; None: it has all.
    pub(crate) fn oldest_unstored_ms(&self) -> Option<i64> {
        let durable = self.shared.checkpoint.durable();
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        let heads = self.shared.tail.read().unwrap_or_else(PoisonError::into_inner).heads.clone();
        heads
            .iter()
            .enumerate()
            .filter_map(|(partition, &head)| {
                let next = durable.get(partition).copied().flatten().map_or(0, |at| at.offset + 1);
                let segment =
                    segments.iter().rev().find(|segment| segment.header.bases[partition] <= next)?;
                (next < head).then(|| segment.appended_at_or_after(partition as u32, next))?
            })
            .min()
    }

    /// Bytes of its files.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.iter().map(|segment| segment.len()).sum()
    }

    #[cfg(test)]
    pub(crate) fn fail_at(&self, operation: i64) {
        self.shared.fail_at.store(operation, std::sync::atomic::Ordering::SeqCst);
    }

    fn partition(&self, partition: u32) -> Result<usize, LogError> {
        let partitions = self.shared.meta.partitions;
        if partition < partitions {
            return Ok(partition as usize);
        }
        Err(LogError::Unavailable(format!("there is no partition {partition}; the log has {partitions}")))
    }
}

impl Drop for EmbeddedLog {
    /// As after a crash, but nobody writes any more when this returns.
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }
}

#[async_trait]
impl ReadingLog for EmbeddedLog {
    fn generations(&self) -> Vec<Generation> {
        vec![self.shared.meta.generation()]
    }

    async fn append(&self, records: Vec<Envelope>) -> Result<(), AppendError> {
        let partitions = self.shared.meta.partitions;
        let mut chunk = Chunk::new(partitions);
        for record in &records {
            chunk.push(partition_of(&record.key, partitions), &record.key, &record.value);
        }
        drop(records);
        if writer::is_empty(&chunk) {
            return Ok(());
        }
        let unavailable = |reason: String| AppendError::Unavailable { reason, retry_after: BUSY_RETRY_AFTER };
        if chunk.len() > CALL_BYTES_MAX {
            return Err(unavailable(format!(
                "{} bytes in one call; the log takes {CALL_BYTES_MAX} at most",
                chunk.len()
            )));
        }
        let (reply, answer) = oneshot::channel();
        match self.shared.queue.put(Pending { chunk, reply }) {
            Ok(()) => {}
            Err(Refused::Full) => return Err(AppendError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Refused::Closed) => return Err(unavailable("the log is closed".to_owned())),
        }
        answer.await.unwrap_or_else(|_| Err(unavailable("the log's writer has stopped".to_owned())))
    }

    async fn refuses(&self) -> Option<String> {
        if self.shared.queue.is_closed() {
            return Some("the log is closed".to_owned());
        }
        // Brief, though it asks the file system.
        self.shared.check_space(&self.dir).err().or_else(|| self.shared.failed_lately())
    }

    async fn read(&self, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        self.partition(partition)?;
        let max = max.max(1);
        let mut published = self.shared.published.subscribe();
        loop {
            published.borrow_and_update();
            match self.shared.read_tail(partition, from, max) {
                Some(records) if !records.is_empty() => return Ok(records),
                Some(_) if self.shared.queue.is_closed() => {
                    return Err(LogError::Unavailable("the log is closed".to_owned()));
                }
                Some(_) => {
                    if published.changed().await.is_err() {
                        return Err(LogError::Unavailable("the log is closed".to_owned()));
                    }
                }
                None => {
                    let shared = self.shared.clone();
                    let read = tokio::task::spawn_blocking(move || shared.read_files(partition, from, max));
                    return read.await.map_err(|e| LogError::Unavailable(e.to_string()))?;
                }
            }
        }
    }

    async fn appended_ms(&self, places: &[(u32, i64)]) -> Result<Vec<Option<i64>>, LogError> {
        let mut all = Vec::with_capacity(places.len());
        for &(partition, offset) in places {
            let is_there = (self.first(partition).await?..self.head(partition).await?).contains(&offset);
            let read = if is_there { self.read(partition, offset, 1).await.ok() } else { None };
            all.push(read.and_then(|records| records.first().map(|record| record.appended_ms)));
        }
        Ok(all)
    }

    async fn head(&self, partition: u32) -> Result<i64, LogError> {
        let partition = self.partition(partition)?;
        Ok(self.shared.tail.read().unwrap_or_else(PoisonError::into_inner).heads[partition])
    }

    async fn first(&self, partition: u32) -> Result<i64, LogError> {
        let partition = self.partition(partition)?;
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        Ok(segments.front().map_or(0, |segment| segment.header.bases[partition]))
    }

    async fn commit(&self, partition: u32, offset: i64) -> Result<(), LogError> {
        let partition = self.partition(partition)?;
        let mut committed = self.shared.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed[partition] = committed[partition].max(offset + 1);
        Ok(())
    }
}
