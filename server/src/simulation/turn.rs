//! Whose turn it is to simulate, where several processes could: one does, and the others stand by.
//!
//! Whoever has the turn says so every second. When nothing was heard for a while another one takes it; and whoever could not
//! say it for half as long gives it up. So two have it at once only where one was asleep, until it finds out. What both send
//! meanwhile counts once, because what a home uses follows from the seed. What they send in different pieces, half-hours over
//! five minutes, is an overlap, and a dead letter says so: that is the worst that comes of it.
//!
//! Of two words the one that was written last by its writer's clock stands. Whose clock is behind can't make itself heard, and
//! says that.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{Document, DocumentStore, StoreError};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};

use super::KIND;

const ID: &str = "turn";

/// How often it is said.
const EVERY: Duration = Duration::from_secs(1);

/// How long the store may take to tell or to take a word.
const WITHIN: Duration = Duration::from_secs(2);

/// How long nothing has to be heard before another takes it, and how often it has to have been asked for meanwhile.
const SILENT_FOR: Duration = Duration::from_secs(10);
const ASKED_OFTEN: u32 = 4;

/// How long it may be unsaid before whoever has it gives it up.
const UNSAID_FOR: Duration = Duration::from_secs(5);

/// What is said.
#[derive(Debug, Serialize, Deserialize)]
struct Word {
    /// A process, by the number that it drew; none: the turn is free.
    by: Option<u64>,
    /// Another one each time.
    beat: u64,
}

/// Whose a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Ours,
    /// Or it is said in a way that this version does not understand.
    Anothers,
}

/// One process's part in it.
pub(super) struct Turn {
    documents: Arc<dyn DocumentStore>,
    own: u64,
    beat: u64,
    held: Held,
}

/// Whether the turn is a process's.
#[derive(Clone, Default)]
pub(super) struct Held(Arc<Mutex<Option<Instant>>>);

impl Held {
    /// As far as is known: it was said a moment ago.
    pub(super) fn is_ours(&self) -> bool {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.is_some_and(|at| at.elapsed() < UNSAID_FOR)
    }

    fn was_said(&self, at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

impl Turn {
    pub(super) fn new(documents: Arc<dyn DocumentStore>) -> Result<Self, getrandom::Error> {
        Ok(Turn { documents, own: getrandom::u64()?, beat: 0, held: Held::default() })
    }

    pub(super) fn held(&self) -> Held {
        self.held.clone()
    }

    /// Waits until it is this process's.
    pub(super) async fn comes(&mut self) {
        // What was heard of another, since when, and how often since.
        let mut heard: Option<(Option<Vec<u8>>, Instant, u32)> = None;
        let mut stands_by = false;
        loop {
            let asked = Instant::now();
            match self.word().await {
                Ok(word) if self.whose(word.as_deref()) != Whose::Anothers => {
                    if self.takes_it(word).await {
                        return;
                    }
                }
                Ok(word) => {
                    if !std::mem::replace(&mut stands_by, true) {
                        tracing::info!(
                            "another process simulates, or did until a moment ago: this one stands by"
                        );
                    }
                    match &mut heard {
                        Some((before, since, times)) if *before == word => {
                            *times += 1;
                            let silent = asked.saturating_duration_since(*since) >= SILENT_FOR;
                            if silent && *times >= ASKED_OFTEN && self.takes_it(word).await {
                                return;
                            }
                        }
                        other => *other = Some((word, Instant::now(), 0)),
                    }
                }
                // Of a store that is away nobody can say who spoke last.
                Err(_) => heard = None,
            }
            sleep(EVERY).await;
        }
    }

    /// Says so from now on, for as long as it stays this process's.
    pub(super) async fn is_kept(&mut self) {
        loop {
            sleep(EVERY).await;
            let asked = Instant::now();
            match self.word().await.map(|word| self.whose(word.as_deref())) {
                Ok(Whose::Anothers) => break,
                Ok(Whose::Ours) => {
                    if self.say(Some(self.own)).await.is_ok() {
                        self.held.was_said(Some(asked));
                    }
                }
                // Somebody has taken it and ended since.
                Ok(Whose::Nobodys) => break,
                Err(_) => {}
            }
            if !self.held.is_ours() {
                break;
            }
        }
        self.held.was_said(None);
    }

    /// Lets the next one have it at once, if it is this process's.
    pub(super) async fn ends(&mut self) {
        self.held.was_said(None);
        if let Ok(word) = self.word().await
            && self.whose(word.as_deref()) == Whose::Ours
            && let Err(error) = self.say(None).await
        {
            tracing::debug!(%error, "others wait until they believe that this process is gone");
        }
    }

    /// Takes it from whoever said that. Of two that do so at once, the one that wrote last has it.
    async fn takes_it(&mut self, from: Option<Vec<u8>>) -> bool {
        if self.say(Some(self.own)).await.is_err() {
            return false;
        }
        let said = Instant::now();
        sleep(EVERY).await;
        let Ok(word) = self.word().await else { return false };
        let is_ours = self.whose(word.as_deref()) == Whose::Ours;
        if is_ours {
            tracing::info!("this process simulates from now on");
            self.held.was_said(Some(said));
        } else if word == from {
            tracing::warn!(
                "this process can't take its turn to simulate: what it writes is older than what is there. Is its clock behind?"
            );
        }
        is_ours
    }

    fn whose(&self, word: Option<&[u8]>) -> Whose {
        let Some(word) = word else { return Whose::Nobodys };
        match serde_json::from_slice(word) {
            Ok(Word { by: None, .. }) => Whose::Nobodys,
            Ok(Word { by: Some(by), .. }) if by == self.own => Whose::Ours,
            _ => Whose::Anothers,
        }
    }

    async fn word(&self) -> Result<Option<Vec<u8>>, StoreError> {
        timeout(WITHIN, self.documents.document(KIND, ID)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn say(&mut self, by: Option<u64>) -> Result<(), StoreError> {
        self.beat += 1;
        let body = serde_json::to_vec(&Word { by, beat: self.beat })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let said = self.documents.put_documents(KIND, vec![Document { id: ID.to_owned(), body }]);
        timeout(WITHIN, said).await.unwrap_or_else(|_| Err(late()))
    }
}

fn late() -> StoreError {
    StoreError::Unavailable(format!("no answer within {} s", WITHIN.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    fn turns() -> (Arc<Memory>, [Turn; 2]) {
        let documents = Arc::new(Memory::default());
        let turn = |_| Turn::new(documents.clone()).unwrap();
        (documents.clone(), [0, 1].map(turn))
    }

    #[tokio::test(start_paused = true)]
    async fn one_simulates_and_the_next_takes_over_when_it_is_silent() {
        let (_, [mut one, mut two]) = turns();
        let began = Instant::now();
        one.comes().await;
        assert!(began.elapsed() <= 2 * EVERY, "a turn that is free is not waited for");
        let mut next = Box::pin(two.comes());
        tokio::select! {
            () = one.is_kept() => panic!("nobody has taken it"),
            () = &mut next => panic!("it was taken from one that speaks"),
            () = sleep(Duration::from_secs(60)) => {}
        }
        assert!(one.held().is_ours());
        // It says nothing more: it was killed, or sleeps.
        let silent = Instant::now();
        next.await;
        let took = silent.elapsed();
        assert!((SILENT_FOR..=SILENT_FOR + 4 * EVERY).contains(&took), "taken over after {took:?}");
        assert!(two.held().is_ours() && !one.held().is_ours());
        let woke = Instant::now();
        tokio::select! {
            () = one.is_kept() => {}
            () = two.is_kept() => panic!("it was taken back"),
        }
        assert!(woke.elapsed() <= 2 * EVERY, "it noticed after {:?}", woke.elapsed());
        // It lets go of nothing that is another's.
        one.ends().await;
        assert_eq!(two.whose(two.word().await.unwrap().as_deref()), Whose::Ours);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_ends_is_the_next_ones_at_once() {
        let (_, [mut one, mut two]) = turns();
        one.comes().await;
        let next = tokio::spawn(async move { two.comes().await });
        let _ = timeout(3 * EVERY, one.is_kept()).await;
        one.ends().await;
        let ended = Instant::now();
        next.await.unwrap();
        assert!(ended.elapsed() <= 3 * EVERY, "taken after {:?}", ended.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_can_not_say_it_gives_it_up_before_another_takes_it() {
        let (documents, [mut one, mut two]) = turns();
        one.comes().await;
        let away = Instant::now();
        documents.is_away(true);
        one.is_kept().await;
        assert!(away.elapsed() <= UNSAID_FOR + EVERY && !one.held().is_ours(), "{:?}", away.elapsed());
        // Nobody takes it while nobody can say who has it; then the first to be sure does.
        let mut next = Box::pin(two.comes());
        assert!(timeout(2 * SILENT_FOR, &mut next).await.is_err());
        documents.is_away(false);
        let there = Instant::now();
        next.await;
        assert!(there.elapsed() >= SILENT_FOR, "taken after {:?}", there.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_that_take_it_at_once_one_has_it() {
        let (_, [mut one, mut two]) = turns();
        let (one, two) = tokio::join!(one.takes_it(None), two.takes_it(None));
        assert!(one != two, "{one} {two}");
    }
}
