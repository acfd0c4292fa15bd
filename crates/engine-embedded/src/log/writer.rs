//! The one thread that writes the log. It gathers whatever waits, writes it as one frame, makes it
//! durable with one `fdatasync`, and answers everyone. There is no delay to gather more: while one
//! group is on its way to the disk, the next one gathers by itself.
//!
//! What a failed write or sync leaves is never trusted. After a failed `fdatasync` the kernel may call
//! pages clean that never reached the disk, so asking again proves nothing: the file is cut back to
//! what was durable before, that is synced, and what comes next goes into a new file whose first sync
//! starts from nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use engine::AppendError;

use super::frame::{Chunk, Frame};
use super::listing::{Ending, Listing};
use super::segment::{self, Header, Segment};
use super::shared::{Pending, Shared};
use crate::{files, private};

/// A group takes no further call once it is this large: it bounds how long the first one waits.
const GROUP_BYTES: usize = 4 << 20;
/// How often it is said that the log can't be written.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// When to come back after the disk failed or was full.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Milliseconds since 1970, by the machine's clock.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Makes a segment's file with its header, durable; not yet listed. Returns where frames begin.
pub(crate) fn create_segment(dir: &std::path::Path, header: &Header, salt: u32) -> io::Result<(File, u64)> {
    // An earlier attempt may have left one; it holds no frame, or it would be listed.
    let path = segment::path(dir, header.number);
    let file = private::options().read(true).write(true).create(true).truncate(true).open(path)?;
    let line = header.encode(salt)?;
    file.write_all_at(&line, 0)?;
    file.sync_all()?;
    files::sync_dir(dir)?;
    Ok((file, line.len() as u64))
}

pub(crate) fn write_durably(file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, at)?;
    file.sync_data()
}

/// What has to be done before the file may be written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repair {
    Nothing,
    /// Bytes after the durable ones have to go.
    Cut,
    /// The same, and the file is not to be written any more.
    CutAndLeave,
}

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) dir: PathBuf,
    pub(crate) file: File,
    pub(crate) next_sequence: u64,
    pub(crate) heads: Vec<i64>,
    pub(crate) newest_ms: i64,
    repair: Repair,
    /// When it was last said that the log can't be written; None: it can.
    told: Option<Instant>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, dir: PathBuf, file: File, found: (u64, Vec<i64>, i64)) -> Self {
        let (next_sequence, heads, newest_ms) = found;
        Writer { shared, dir, file, next_sequence, heads, newest_ms, repair: Repair::Nothing, told: None }
    }

    /// Until the log is closed and nothing waits any more. Returns how the log ended.
    pub(crate) fn run(mut self) -> Option<Ending> {
        // Should this thread ever fail, nobody must wait for it.
        let _abandon = AbandonQueue(self.shared.clone());
        while let Some(group) = self.shared.queue.take(GROUP_BYTES) {
            let outcome = self.write(&group);
            self.shared.wrote(&outcome);
            self.tell(&outcome);
            for pending in group {
                let answer = outcome
                    .clone()
                    .map_err(|reason| AppendError::Unavailable { reason, retry_after: RETRY_AFTER });
                // Who no longer waits has gone away, and will send again if it matters.
                let _ = pending.reply.send(answer);
            }
            self.shared.forget_what_may_go(&self.dir);
        }
        self.mend().ok()?;
        let segment = self.shared.active()?;
        Some(Ending {
            segment: segment.header.number,
            bytes: segment.len(),
            next_sequence: self.next_sequence,
        })
    }

    /// Says that the log can't be written, and that it can be again: seldom, for while a disk is full every
    /// request fails, and what is said goes to a disk, too.
    fn tell(&mut self, outcome: &Result<(), String>) {
        match (outcome, self.told) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => {
                self.told = None;
                tracing::warn!(dir = %self.dir.display(), "the log can be written again");
            }
            (Err(_), Some(told)) if told.elapsed() < TELL_EVERY => {}
            (Err(reason), _) => {
                self.told = Some(Instant::now());
                tracing::error!(%reason, "the log can't be written");
            }
        }
    }

    fn write(&mut self, group: &[Pending]) -> Result<(), String> {
        self.shared.check_space(&self.dir)?;
        self.mend()?;
        let segment = self.shared.active().ok_or("there is no segment")?;
        let segment = if segment.len() >= self.shared.config.segment_bytes { self.roll()? } else { segment };
        let now = now_ms().max(self.newest_ms);
        let chunks = group.iter().map(|pending| &pending.chunk);
        let frame = Frame::build(self.shared.meta.salt, self.next_sequence, now, &self.heads, chunks);
        if let Err(e) = self.faults().and_then(|()| self.file.write_all_at(&frame.bytes, segment.len())) {
            self.repair = Repair::Cut;
            let _ = self.mend();
            return Err(format!("{}: {e}", segment.path.display()));
        }
        if let Err(e) = self.faults().and_then(|()| self.file.sync_data()) {
            self.repair = Repair::CutAndLeave;
            return Err(format!(
                "{}: its content may not have reached the disk: {e}",
                segment.path.display()
            ));
        }
        self.next_sequence += 1;
        self.heads.copy_from_slice(&frame.ends);
        self.newest_ms = now;
        self.shared.publish(&segment, frame);
        Ok(())
    }

    fn mend(&mut self) -> Result<(), String> {
        if self.repair == Repair::Nothing {
            return Ok(());
        }
        let segment = self.shared.active().ok_or("there is no segment")?;
        if let Err(e) = self.file.set_len(segment.len()).and_then(|()| self.file.sync_all()) {
            self.repair = Repair::CutAndLeave;
            return Err(format!("{}: it can't be cut back to what is durable: {e}", segment.path.display()));
        }
        if self.repair == Repair::CutAndLeave {
            self.roll()?;
        }
        self.repair = Repair::Nothing;
        Ok(())
    }

    /// Goes on in a new file. Until this has succeeded nothing more goes into the old one, so a new
    /// file that is listed already when this fails still begins where the old one ends.
    fn roll(&mut self) -> Result<Arc<Segment>, String> {
        let old = self.shared.active().ok_or("there is no segment")?;
        let header = Header {
            number: old.header.number + 1,
            generation: old.header.generation,
            sequence: self.next_sequence,
            bases: self.heads.clone(),
        };
        let path = segment::path(&self.dir, header.number);
        let rolled = create_segment(&self.dir, &header, self.shared.meta.salt).and_then(|made| {
            Listing { first: self.shared.oldest_number(), last: header.number }.write(&self.dir)?;
            Ok(made)
        });
        let (file, start) = rolled.map_err(|e| format!("{}: {e}", path.display()))?;
        self.file = file;
        let segment = Arc::new(Segment::new(path, header, start));
        self.shared.add_segment(segment.clone());
        Ok(segment)
    }

    #[cfg(not(test))]
    fn faults(&self) -> io::Result<()> {
        Ok(())
    }

    /// Tests make the disk fail, once for each number from which one is taken.
    #[cfg(test)]
    fn faults(&self) -> io::Result<()> {
        use std::sync::atomic::Ordering;
        match self.shared.fail_at.fetch_sub(1, Ordering::SeqCst) {
            1 => Err(io::Error::other("made to fail")),
            _ => Ok(()),
        }
    }
}

/// Leaves nobody waiting when the writer is gone.
struct AbandonQueue(Arc<Shared>);

impl Drop for AbandonQueue {
    fn drop(&mut self) {
        self.0.queue.abandon();
    }
}

impl Pending {
    pub(crate) fn bytes(&self) -> usize {
        self.chunk.len()
    }
}

/// A chunk with nothing in it needs no frame.
pub(crate) fn is_empty(chunk: &Chunk) -> bool {
    chunk.len() == 0
}
