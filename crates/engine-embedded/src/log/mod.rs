//! The log: one journal for all partitions, so that one `fdatasync` makes a whole group durable.
//!
//! | module | what |
//! | --- | --- |
//! | [`frame`] | the bytes of one write |
//! | [`segment`] | a file of frames, and how to find an offset in it |
//! | [`listing`] | which files there have to be |
//! | [`recovery`] | what is checked before the log is served |
//! | [`queue`], [`writer`] | group commit |

pub(crate) mod frame;
pub(crate) mod listing;
mod queue;
pub(crate) mod recovery;
pub(crate) mod segment;
pub(crate) mod writer;

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use engine::{AppendError, Envelope, LogError, LogRecord, ReadingLog};
use metering::wire::partition_of;
use tokio::sync::{oneshot, watch};

use crate::lock::DirectoryLock;
use crate::meta::Meta;
use crate::store::Checkpoint;
use crate::{EmbeddedConfig, OpenError};
use frame::{Chunk, Frame};
use listing::{Ending, Listing};
use queue::{Queue, Refused};
use recovery::Found;
use segment::{Frames, Segment};
use writer::Writer;

/// One call may append this much: a frame holds it several times over.
const CALL_BYTES_MAX: usize = 32 << 20;
/// When to come back after the queue was full: by then the disk has taken some groups.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);
/// A reader of the files stops after this much, whatever number of records it asked for.
const READ_BYTES_MAX: u64 = 8 << 20;

/// A call that waits for its records to be durable.
pub(crate) struct Pending {
    chunk: Chunk,
    reply: oneshot::Sender<Result<(), AppendError>>,
}

/// The newest frames.
#[derive(Default)]
struct Tail {
    frames: VecDeque<Frame>,
    bytes: usize,
    heads: Vec<i64>,
}

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) config: EmbeddedConfig,
    pub(crate) meta: Meta,
    pub(crate) queue: Queue,
    tail: RwLock<Tail>,
    segments: RwLock<VecDeque<Arc<Segment>>>,
    /// Counts frames; readers that have read everything wait for it to change.
    published: watch::Sender<u64>,
    /// By partition: everything before is committed by its owner.
    committed: Mutex<Vec<i64>>,
    /// How far the store is durable.
    checkpoint: Arc<Checkpoint>,
    #[cfg(test)]
    pub(crate) fail_at: std::sync::atomic::AtomicI64,
}

impl Shared {
    pub(crate) fn active(&self) -> Option<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).back().cloned()
    }

    pub(crate) fn oldest_number(&self) -> u64 {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).front().map_or(1, |s| s.header.number)
    }

    pub(crate) fn add_segment(&self, segment: Arc<Segment>) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push_back(segment);
    }

    /// A frame is durable: readers may have it.
    pub(crate) fn publish(&self, segment: &Segment, frame: Frame) {
        segment.extend(&frame);
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        tail.heads.copy_from_slice(&frame.ends);
        tail.bytes += frame.bytes.len();
        tail.frames.push_back(frame);
        while tail.bytes > self.config.tail_bytes_max && tail.frames.len() > 1 {
            let oldest = tail.frames.pop_front().map_or(0, |frame| frame.bytes.len());
            tail.bytes -= oldest;
        }
        drop(tail);
        self.published.send_modify(|count| *count += 1);
    }

    /// Drops the oldest segments that nobody needs: committed by every owner, durable in the store,
    /// and too old or too many.
    pub(crate) fn forget_what_may_go(&self, dir: &Path) {
        let durable = self.checkpoint.durable();
        let committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        let mut total: u64 = segments.iter().map(|segment| segment.len()).sum();
        let mut go = Vec::new();
        while let [oldest, next, ..] = &*segments.make_contiguous() {
            let done = next.header.bases.iter().enumerate().all(|(partition, &base)| {
                let stored = durable.get(partition).copied().flatten().map_or(0, |at| at.offset + 1);
                base <= stored.min(committed[partition])
            });
            let newest_ms = next.appended_at_or_after(0, i64::MIN).unwrap_or(i64::MAX);
            let old =
                writer::now_ms().saturating_sub(newest_ms) > self.config.log_retention.as_millis() as i64;
            if !done || !(old || total > self.config.log_bytes_max) {
                break;
            }
            total -= oldest.len();
            go.extend(segments.pop_front());
        }
        let (Some(first), Some(last)) = (segments.front(), segments.back()) else { return };
        let listing = Listing { first: first.header.number, last: last.header.number };
        drop(segments);
        if go.is_empty() {
            return;
        }
        // The listing first: a file that it still names must be there.
        if let Err(error) = listing.write(dir) {
            tracing::warn!(%error, "old segments of the log can't be dropped now; the next start drops them");
            return;
        }
        for segment in go {
            tracing::info!(file = %segment.path.display(), "a segment of the log is no longer needed");
            if let Err(error) = std::fs::remove_file(&segment.path) {
                tracing::warn!(file = %segment.path.display(), %error, "it can't be removed");
            }
        }
    }
}

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
        // The store may have seen nothing of some partitions yet.
        let mut committed: Vec<i64> =
            checkpoint.durable().iter().map(|at| at.map_or(0, |at| at.offset + 1)).collect();
        committed.resize(meta.partitions as usize, 0);
        let shared = Arc::new(Shared {
            queue: Queue::new(config.queue_bytes_max),
            tail: RwLock::new(Tail { heads: found.heads.clone(), ..Tail::default() }),
            segments: RwLock::new(found.segments),
            published: watch::Sender::new(0),
            committed: Mutex::new(committed),
            checkpoint,
            config,
            meta,
            #[cfg(test)]
            fail_at: std::sync::atomic::AtomicI64::new(0),
        });
        let ends = (found.next_sequence, found.heads, found.newest_ms);
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

    /// What the newest frames have from an offset on; None if it is older than they are.
    fn read_tail(&self, partition: u32, from: i64, max: usize) -> Option<Vec<LogRecord>> {
        let tail = self.shared.tail.read().unwrap_or_else(PoisonError::into_inner);
        let p = partition as usize;
        if from >= tail.heads[p] {
            return Some(Vec::new());
        }
        let first = tail.frames.partition_point(|frame| frame.ends[p] <= from);
        let frame = tail.frames.get(first).filter(|frame| frame.bases[p] <= from)?;
        let mut out = Vec::with_capacity(max.min((tail.heads[p] - from) as usize));
        frame.records(partition, from, max, &mut out);
        for frame in tail.frames.range(first + 1..) {
            if out.len() >= max {
                break;
            }
            frame.records(partition, from, max, &mut out);
        }
        Some(out)
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

/// Reads from the files. Blocking.
fn read_files(shared: &Shared, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError> {
    let p = partition as usize;
    let mut out = Vec::new();
    let segments: Vec<_> = {
        let all = shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        let first = all.partition_point(|segment| segment.header.bases[p] <= from);
        let Some(first) = first.checked_sub(1) else {
            let first = all.front().map_or(0, |segment| segment.header.bases[p]);
            return Err(LogError::Gone { partition, wanted: from, first });
        };
        all.range(first..).cloned().collect()
    };
    for segment in segments {
        let unavailable =
            |e: std::io::Error| LogError::Unavailable(format!("{}: {e}", segment.path.display()));
        let at = segment.place_of(partition, from);
        let file = File::open(&segment.path).map_err(unavailable)?;
        let mut frames = Frames::new(file, shared.meta.salt, shared.meta.partitions, at, segment.len());
        while let Some(frame) = frames.next().map_err(unavailable)? {
            let frame = frame.map_err(|_| {
                LogError::Corrupt(format!(
                    "{}: the frame at byte {} is damaged",
                    segment.path.display(),
                    frames.at
                ))
            })?;
            frame.records(partition, from, max, &mut out);
            if out.len() >= max || (!out.is_empty() && frames.at - at > READ_BYTES_MAX) {
                return Ok(out);
            }
        }
        if !out.is_empty() {
            break;
        }
    }
    Ok(out)
}

#[async_trait]
impl ReadingLog for EmbeddedLog {
    fn partitions(&self) -> u32 {
        self.shared.meta.partitions
    }

    fn generation(&self) -> u32 {
        self.shared.meta.generation
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

    async fn read(&self, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        self.partition(partition)?;
        let max = max.max(1);
        let mut published = self.shared.published.subscribe();
        loop {
            published.borrow_and_update();
            match self.read_tail(partition, from, max) {
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
                    let read = tokio::task::spawn_blocking(move || read_files(&shared, partition, from, max));
                    return read.await.map_err(|e| LogError::Unavailable(e.to_string()))?;
                }
            }
        }
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
