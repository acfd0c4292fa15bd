//! Ends a process that hangs, so that others take its partitions over.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::ingestion::Ingestion;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many looks in a row at which an owner has not moved. Looks, not seconds: of a process that was stopped and goes on
/// neither have moved.
const PATIENCE: u32 = 90;

/// Watches over the owners of this process, on a thread of its own, until it is dropped.
pub(super) struct Watchdog {
    _until: Option<Sender<()>>,
}

impl Watchdog {
    pub(super) fn over(ingestion: Arc<Ingestion>) -> Self {
        let (until, dropped) = channel::<()>();
        let watch = move || {
            let mut seen: HashMap<u32, (u64, u32)> = HashMap::new();
            while dropped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Some(partition) = stuck(&mut seen, &ingestion.signs_of_life()) {
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

/// The partition whose owner has not moved for too many looks. `seen`: what it said last, and how often.
fn stuck(seen: &mut HashMap<u32, (u64, u32)>, now: &HashMap<u32, u64>) -> Option<u32> {
    seen.retain(|partition, _| now.contains_key(partition));
    for (&partition, &sign) in now {
        match seen.get_mut(&partition) {
            Some((last, times)) if *last == sign => {
                *times += 1;
                if *times > PATIENCE {
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

    #[test]
    fn an_owner_that_does_not_move_is_stuck_and_one_that_ended_is_not() {
        let mut seen = HashMap::new();
        for look in 0..=u64::from(PATIENCE) {
            assert_eq!(stuck(&mut seen, &HashMap::from([(0, look), (1, 7), (2, 7)])), None);
        }
        assert_eq!(stuck(&mut seen, &HashMap::from([(0, 9)])), None, "the others have ended");
        for _ in 0..PATIENCE {
            assert_eq!(stuck(&mut seen, &HashMap::from([(0, 9)])), None);
        }
        assert_eq!(stuck(&mut seen, &HashMap::from([(0, 9)])), Some(0));
    }
}
