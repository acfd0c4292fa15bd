//! What waits for the writer: bounded, so that a slow disk makes callers wait and not memory grow.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::shared::Pending;

#[derive(Default)]
struct Waiting {
    calls: VecDeque<Pending>,
    bytes: usize,
    closed: bool,
}

/// Calls that wait, in order.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
    bytes_max: usize,
}

/// Why a call was not taken.
pub(crate) enum Refused {
    Full,
    Closed,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Queue {
        Queue { waiting: Mutex::default(), more: Condvar::new(), bytes_max }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call at the end.
    pub(crate) fn put(&self, call: Pending) -> Result<(), Refused> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Refused::Closed);
        }
        // One call alone is always taken: its size is bounded where it is made.
        if waiting.bytes > 0 && waiting.bytes + call.bytes() > self.bytes_max {
            return Err(Refused::Full);
        }
        waiting.bytes += call.bytes();
        waiting.calls.push_back(call);
        drop(waiting);
        self.more.notify_one();
        Ok(())
    }

    /// Takes what waits, up to about `bytes`; waits for some. None when closed and empty.
    pub(crate) fn take(&self, bytes: usize) -> Option<Vec<Pending>> {
        let mut waiting = self.lock();
        while waiting.calls.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut group, mut taken) = (Vec::new(), 0);
        while let Some(call) = waiting.calls.front() {
            if taken > 0 && taken + call.bytes() > bytes {
                break;
            }
            taken += call.bytes();
            group.extend(waiting.calls.pop_front());
        }
        waiting.bytes -= taken;
        Some(group)
    }

    /// Takes no more, and answers nobody who waits: their calls end with what that means.
    pub(crate) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.bytes = 0;
        waiting.calls.clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Takes no more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.more.notify_all();
    }
}
