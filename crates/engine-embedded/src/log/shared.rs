//! What the writer of the log and its readers share.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use engine::AppendError;
use tokio::sync::{oneshot, watch};

use super::frame::{Chunk, Frame};
use super::listing::Listing;
use super::queue::Queue;
use super::recovery::Found;
use super::segment::Segment;
use super::writer;
use crate::meta::Meta;
use crate::store::Checkpoint;
use crate::{EmbeddedConfig, files};

/// How long a failed write counts as how things are.
const FAILED_FOR: Duration = Duration::from_secs(10);

/// A call that waits for its records to be durable.
pub(crate) struct Pending {
    pub(crate) chunk: Chunk,
    pub(crate) reply: oneshot::Sender<Result<(), AppendError>>,
}

/// The newest frames.
#[derive(Default)]
pub(crate) struct Tail {
    pub(crate) frames: VecDeque<Frame>,
    bytes: usize,
    pub(crate) heads: Vec<i64>,
}

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) config: EmbeddedConfig,
    pub(crate) meta: Meta,
    pub(crate) queue: Queue,
    pub(crate) tail: RwLock<Tail>,
    pub(crate) segments: RwLock<VecDeque<Arc<Segment>>>,
    /// Counts frames; readers that have read everything wait for it to change.
    pub(crate) published: watch::Sender<u64>,
    /// By partition: everything before is committed by its owner.
    pub(crate) committed: Mutex<Vec<i64>>,
    /// How far the store is durable.
    pub(crate) checkpoint: Arc<Checkpoint>,
    /// When and why the last group could not be written, if it could not.
    failed: Mutex<Option<(Instant, String)>>,
    #[cfg(test)]
    pub(crate) fail_at: std::sync::atomic::AtomicI64,
}

impl Shared {
    pub(crate) fn new(
        config: EmbeddedConfig,
        meta: Meta,
        found: Found,
        checkpoint: Arc<Checkpoint>,
    ) -> Shared {
        let durable = checkpoint.durable();
        let mut committed: Vec<i64> = durable.iter().map(|at| at.map_or(0, |at| at.offset + 1)).collect();
        // The store may have seen nothing of some partitions yet.
        committed.resize(meta.partitions as usize, 0);
        Shared {
            queue: Queue::new(config.queue_bytes_max),
            tail: RwLock::new(Tail { heads: found.heads, ..Tail::default() }),
            segments: RwLock::new(found.segments),
            published: watch::Sender::new(0),
            committed: Mutex::new(committed),
            checkpoint,
            failed: Mutex::default(),
            config,
            meta,
            #[cfg(test)]
            fail_at: std::sync::atomic::AtomicI64::new(0),
        }
    }

    pub(crate) fn active(&self) -> Option<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).back().cloned()
    }

    pub(crate) fn oldest_number(&self) -> u64 {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).front().map_or(1, |s| s.header.number)
    }

    pub(crate) fn add_segment(&self, segment: Arc<Segment>) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push_back(segment);
    }

    /// Whether there is room. Some is left for the store: what it can't write it can't let the log forget
    /// either.
    pub(crate) fn check_space(&self, dir: &Path) -> Result<(), String> {
        let reserve = self.config.disk_reserve_bytes;
        match files::free_bytes(dir) {
            Ok(free) if free < reserve => Err(format!(
                "{}: the disk is nearly full: {free} bytes are free, {reserve} are kept in reserve",
                dir.display()
            )),
            Ok(_) => Ok(()),
            Err(e) => Err(format!("{}: {e}", dir.display())),
        }
    }

    /// Notes how the last group fared.
    pub(crate) fn wrote(&self, outcome: &Result<(), String>) {
        let failed = outcome.as_ref().err().map(|reason| (Instant::now(), reason.clone()));
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// Why the last group could not be written, if that is not long ago: later it may well be otherwise,
    /// and if nobody tries nobody learns.
    pub(crate) fn failed_lately(&self) -> Option<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(when, _)| when.elapsed() < FAILED_FOR).map(|(_, reason)| reason.clone())
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
