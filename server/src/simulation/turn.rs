//! Whose turn it is to simulate, where several processes could: one does, and the others stand by.
//!
//! Whoever has the turn says so every second. When nothing has been said for a while another takes it. That two have it for
//! a moment (one slept, or two took it at once) does no harm: what a home uses follows from the seed, and a reading that
//! comes twice is counted once. So no lock is needed, and clocks need not agree.

use std::sync::Arc;
use std::time::Duration;

use engine::{Document, DocumentStore, StoreError};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::KIND;

const ID: &str = "turn";

/// How often it is said.
const EVERY: Duration = Duration::from_secs(1);

/// How long nothing has to be said before another takes it. A store under load answers late, so this is not short.
const SILENT_FOR: Duration = Duration::from_secs(8);

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    /// A process, by the number that it drew; none: the turn is free.
    by: Option<u64>,
    /// Another one each time.
    beat: u64,
}

/// From whom it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// Nobody had it, as far as could be heard.
    Free,
    /// From another process, which was heard of meanwhile.
    TakenOver,
}

/// One process's part in it.
pub(super) struct Turn {
    documents: Arc<dyn DocumentStore>,
    own: u64,
    beat: u64,
}

impl Turn {
    pub(super) fn new(documents: Arc<dyn DocumentStore>) -> Result<Self, getrandom::Error> {
        Ok(Turn { documents, own: getrandom::u64()?, beat: 0 })
    }

    /// Waits until it is this process's.
    pub(super) async fn comes(&mut self) -> Came {
        let (mut last, mut since, mut came) = (None, Instant::now(), Came::Free);
        loop {
            match self.said().await {
                Ok(Some(said @ Said { by: Some(_), .. })) => {
                    match last.replace(said) {
                        Some(before) if before == said => {}
                        before => {
                            since = Instant::now();
                            if before.is_some() && came == Came::Free {
                                tracing::info!("another process simulates; this one stands by");
                                came = Came::TakenOver;
                            }
                        }
                    }
                    if since.elapsed() >= SILENT_FOR && self.takes_it().await {
                        return came;
                    }
                }
                Ok(_) if self.takes_it().await => return came,
                // Of a store that is away nobody can say who spoke last.
                Ok(_) | Err(_) => since = Instant::now(),
            }
            sleep(EVERY).await;
        }
    }

    /// Says so from now on, for as long as it stays this process's.
    pub(super) async fn is_kept(&mut self) {
        loop {
            sleep(EVERY).await;
            match self.said().await {
                Ok(Some(Said { by: Some(other), .. })) if other != self.own => return,
                // What can't be said is said the next time. Whoever reads meanwhile takes it, or can't read either.
                Ok(_) | Err(_) => _ = self.say(Some(self.own)).await,
            }
        }
    }

    /// Lets the next one have it at once.
    pub(super) async fn ends(&mut self) {
        if let Err(error) = self.say(None).await {
            tracing::debug!(%error, "others wait until they believe that this process is gone");
        }
    }

    /// Of two that take it at once, the one that wrote last has it.
    async fn takes_it(&mut self) -> bool {
        if self.say(Some(self.own)).await.is_err() {
            return false;
        }
        sleep(EVERY).await;
        matches!(self.said().await, Ok(Some(Said { by: Some(by), .. })) if by == self.own)
    }

    async fn said(&self) -> Result<Option<Said>, StoreError> {
        // What can't be read is of another version, which is silent as far as this one can hear.
        Ok(self.documents.document(KIND, ID).await?.and_then(|body| serde_json::from_slice(&body).ok()))
    }

    async fn say(&mut self, by: Option<u64>) -> Result<(), StoreError> {
        self.beat += 1;
        let body = serde_json::to_vec(&Said { by, beat: self.beat })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        self.documents.put_documents(KIND, vec![Document { id: ID.to_owned(), body }]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    fn turns() -> [Turn; 2] {
        let documents = Arc::new(Memory::default());
        [documents.clone(), documents].map(|documents| Turn::new(documents).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn one_simulates_and_the_next_takes_over_when_it_is_silent() {
        let [mut one, mut two] = turns();
        let began = Instant::now();
        assert_eq!(one.comes().await, Came::Free);
        assert!(began.elapsed() <= 2 * EVERY, "a turn that is free is not waited for");
        let mut next = Box::pin(two.comes());
        tokio::select! {
            () = one.is_kept() => panic!("nobody has taken it"),
            _ = &mut next => panic!("it was taken from one that speaks"),
            () = sleep(Duration::from_secs(60)) => {}
        }
        // It says nothing more: it was killed.
        let silent = Instant::now();
        assert_eq!(next.await, Came::TakenOver);
        assert!(silent.elapsed() <= SILENT_FOR + 3 * EVERY, "taken over after {:?}", silent.elapsed());
        // It was asleep.
        let woke = Instant::now();
        tokio::select! {
            () = one.is_kept() => {}
            () = two.is_kept() => panic!("it was taken back"),
        }
        assert!(woke.elapsed() <= 2 * EVERY, "it noticed after {:?}", woke.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_ends_is_the_next_ones_at_once() {
        let [mut one, mut two] = turns();
        one.comes().await;
        let next = tokio::spawn(async move { two.comes().await });
        let _ = tokio::time::timeout(3 * EVERY, one.is_kept()).await;
        one.ends().await;
        let ended = Instant::now();
        assert_eq!(next.await.unwrap(), Came::TakenOver);
        assert!(ended.elapsed() <= 3 * EVERY, "taken after {:?}", ended.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_starts_again_after_it_died_waits_and_finds_it_free() {
        let [mut one, mut again] = turns();
        one.comes().await;
        let began = Instant::now();
        assert_eq!(again.comes().await, Came::Free);
        assert!(began.elapsed() >= SILENT_FOR);
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_that_take_it_at_once_one_has_it() {
        let [mut one, mut two] = turns();
        let (one, two) = tokio::join!(one.takes_it(), two.takes_it());
        assert!(one != two, "{one} {two}");
    }
}
