//! Sending until it is taken.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metering::{Reading, Registration};
use tokio::sync::watch;

use super::clock::Clock;
use super::control::SimulatorProgress;
use super::ports::{Accepted, ReadingSink, SinkError, StateKeeper};
use super::state::SimulatorState;

/// The first and the longest wait before something is sent again.
const BACK_OFF_FIRST: Duration = Duration::from_millis(100);
const BACK_OFF_LONGEST: Duration = Duration::from_secs(5);

/// Why the driver gave up: the sink takes nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closed(pub(crate) String);

/// The ways out, and what they have in common.
pub(crate) struct Outbox<C> {
    pub(crate) sink: Arc<dyn ReadingSink>,
    pub(crate) keeper: Arc<dyn StateKeeper>,
    pub(crate) clock: C,
    pub(crate) state: Mutex<SimulatorState>,
    /// One save at a time: an older state must not arrive after a newer one.
    pub(crate) saving: tokio::sync::Mutex<()>,
    pub(crate) progress: watch::Sender<SimulatorProgress>,
}

impl<C: Clock> Outbox<C> {
    /// The state, for as long as no one waits for anything.
    pub(crate) fn state(&self) -> MutexGuard<'_, SimulatorState> {
        // A panic of another task ends the run; what it left here is as good as after a crash.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn send(&self, readings: Vec<Reading>) -> Result<Accepted, Closed> {
        if readings.is_empty() {
            return Ok(Accepted::default());
        }
        let accepted = self.until_taken(|| self.sink.send(readings.clone())).await?;
        if accepted.rejected > 0 {
            self.progress.send_modify(|progress| progress.rejected += accepted.rejected as u64);
        }
        Ok(accepted)
    }

    pub(crate) async fn register(&self, registrations: Vec<Registration>) -> Result<(), Closed> {
        self.until_taken(|| self.sink.register(registrations.clone())).await
    }

    /// Saves the state.
    pub(crate) async fn save(&self) -> Result<(), Closed> {
        let _turn = self.saving.lock().await;
        let state = self.state().clone();
        self.until_taken(|| self.keeper.save(&state)).await
    }

    pub(crate) async fn load(&self) -> Result<Option<SimulatorState>, Closed> {
        self.until_taken(|| self.keeper.load()).await
    }

    async fn until_taken<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Closed>
    where
        F: Future<Output = Result<T, SinkError>>,
    {
        let mut back_off = BACK_OFF_FIRST;
        loop {
            let problem = match attempt().await {
                Ok(taken) => return Ok(taken),
                Err(SinkError::Closed(why)) => return Err(Closed(why)),
                Err(problem) => problem,
            };
            self.progress.send_modify(|progress| {
                progress.retries += 1;
                progress.last_error = Some(problem.to_string());
            });
            let wait = match problem {
                SinkError::Busy { retry_after } => retry_after.max(back_off),
                _ => back_off,
            };
            tracing::debug!(%problem, wait_ms = wait.as_millis() as u64, "sending again");
            self.clock.sleep(wait).await;
            back_off = (back_off * 2).min(BACK_OFF_LONGEST);
        }
    }
}
