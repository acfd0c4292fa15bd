//! What stands while the store is away.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::StoreError;

/// How long the store may take where there is something else to show.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How long it is left alone after it did not answer: pages must not wait for it one after the other.
const LEFT_ALONE: Duration = Duration::from_secs(3);

/// Remembers that the store is away.
#[derive(Default)]
pub(super) struct Standing {
    asked_again_at: Mutex<Option<Instant>>,
}

impl Standing {
    /// What `fresh` makes; `held`, where the store is away.
    pub(super) async fn or<T>(
        &self,
        held: T,
        fresh: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.lock().is_some_and(|at| Instant::now() < at) {
            return Ok(held);
        }
        match tokio::time::timeout(ANSWERS_WITHIN, fresh).await {
            Ok(Ok(fresh)) => Ok(fresh),
            Ok(Err(error @ StoreError::Corrupt(_))) => Err(error),
            Ok(Err(StoreError::Unavailable(_))) | Err(_) => {
                *self.lock() = Some(Instant::now() + LEFT_ALONE);
                Ok(held)
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.asked_again_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_shown_stands_and_damage_is_said() {
        let standing = Standing::default();
        let away = || async { Err(StoreError::Unavailable("it is away".into())) };
        assert_eq!(standing.or(1, async { Ok(2) }).await.unwrap(), 2);
        assert_eq!(standing.or(1, away()).await.unwrap(), 1);
        // It is not asked again at once.
        assert_eq!(standing.or(1, async { Ok(2) }).await.unwrap(), 1);
        let damaged = async { Err(StoreError::Corrupt("x".into())) };
        assert!(Standing::default().or(1, damaged).await.is_err());
    }
}
