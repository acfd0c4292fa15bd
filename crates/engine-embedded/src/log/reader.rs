//! Reading the log: from the newest frames in memory, or from the files.

use std::fs::File;
use std::sync::PoisonError;

use engine::{LogError, LogRecord};

use super::segment::Frames;
use super::shared::Shared;

/// A reader of the files stops after this much, whatever number of records it asked for.
const READ_BYTES_MAX: u64 = 8 << 20;

impl Shared {
    /// What the newest frames have from an offset on; None if it is older than they are.
    pub(crate) fn read_tail(&self, partition: u32, from: i64, max: usize) -> Option<Vec<LogRecord>> {
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
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

    /// Reads from the files. Blocking.
    pub(crate) fn read_files(
        &self,
        partition: u32,
        from: i64,
        max: usize,
    ) -> Result<Vec<LogRecord>, LogError> {
        let p = partition as usize;
        let mut out = Vec::new();
        let segments: Vec<_> = {
            let all = self.segments.read().unwrap_or_else(PoisonError::into_inner);
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
            let mut frames = Frames::new(file, self.meta.salt, self.meta.partitions, at, segment.len());
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
}
