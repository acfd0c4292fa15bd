//! Ends a process that hangs, so that others take its partitions over.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::ingestion::Ingestion;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Watches over the owners of this process, on a thread of its own, until it is dropped.
pub(super) struct Watchdog {
    _until: Option<Sender<()>>,
}

impl Watchdog {
    /// Whoever gives no sign of life for `patience` hangs. Looks are counted, not seconds: of a process that was stopped and
    /// goes on neither have moved.
    pub(super) fn over(ingestion: Arc<Ingestion>, patience: Duration) -> Self {
        let (until, dropped) = channel::<()>();
        let looks = u32::try_from(patience.as_secs() / LOOK_EVERY.as_secs()).unwrap_or(u32::MAX);
        let watch = move || {
            let mut seen: HashMap<u32, (u64, u32)> = HashMap::new();
            while dropped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Some(partition) = stuck(&mut seen, &ingestion.signs_of_life(), looks) {
                    // Nothing is lost: what was not stored is decided again by whoever takes over.
                    tracing::error!(
                        partition,
                        "an owner gives no sign of life; the process ends, for another to take over"
                    );
                    std::process::abort();
                }
            }
        };
        let started = std::thread::Builder::new().name("watchdog".to_owned()).spawn(watch);
        if let Err(error) = &started {
            tracing::warn!(%error, "nobody watches over the owners");
        }
        Watchdog { _until: started.ok().map(|_| until) }
    }
}

/// The partition whose owner has not moved for so many looks. `seen`: what it said last, and how often.
fn stuck(seen: &mut HashMap<u32, (u64, u32)>, now: &HashMap<u32, u64>, looks: u32) -> Option<u32> {
    seen.retain(|partition, _| now.contains_key(partition));
    for (&partition, &sign) in now {
        match seen.get_mut(&partition) {
            Some((last, times)) if *last == sign => {
                *times += 1;
                if *times > looks {
                    return Some(partition);
                }
            }
            _ => {
                seen.insert(partition, (sign, 0));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKS: u32 = 90;

    #[test]
    fn an_owner_that_does_not_move_is_stuck_and_one_that_ended_is_not() {
        let mut seen = HashMap::new();
        for look in 0..=u64::from(LOOKS) {
            assert_eq!(stuck(&mut seen, &HashMap::from([(0, look), (1, 7), (2, 7)]), LOOKS), None);
        }
        assert_eq!(stuck(&mut seen, &HashMap::from([(0, 9)]), LOOKS), None, "the others have ended");
        for _ in 0..LOOKS {
            assert_eq!(stuck(&mut seen, &HashMap::from([(0, 9)]), LOOKS), None);
        }
        assert_eq!(stuck(&mut seen, &HashMap::from([(0, 9)]), LOOKS), Some(0));
    }
}
