//! Trying again what may pass.

use std::future::Future;
use std::time::Duration;

use engine::{LogError, StoreError};
use tokio_util::sync::CancellationToken;

use crate::ingestion::PartitionGauges;

/// The first wait after a failure; each further one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Why an owner does not go on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It was told to stop while it waited.
    Shutdown,
    /// Other aggregates are in use: it begins anew in those.
    OtherEdition,
    /// The log was made anew: it begins at that one's beginning.
    OtherLog,
    /// It can't, and nothing that it could do would help.
    Final(String),
}

/// A failure, as far as waiting is concerned.
pub(super) trait Failure {
    /// Why, if it may pass; or the final sentence.
    fn passing(self) -> Result<String, String>;
}

impl Failure for StoreError {
    fn passing(self) -> Result<String, String> {
        match self {
            StoreError::Unavailable(why) => Ok(why),
            StoreError::Corrupt(_) => Err(self.to_string()),
        }
    }
}

impl Failure for LogError {
    fn passing(self) -> Result<String, String> {
        match self {
            LogError::Unavailable(why) => Ok(why),
            LogError::Corrupt(_) | LogError::Gone { .. } => Err(self.to_string()),
        }
    }
}

/// Does `attempt` again and again until it succeeds, fails for good, or `shutdown` comes. An attempt
/// that is under way is finished first. Can be dropped while it waits.
pub(super) async fn patiently<T, E: Failure, A: Future<Output = Result<T, E>>>(
    what: &'static str,
    gauges: &PartitionGauges,
    shutdown: &CancellationToken,
    mut attempt: impl FnMut() -> A,
) -> Result<T, Trouble> {
    let mut wait = FIRST_WAIT;
    loop {
        gauges.lives();
        let failure = match attempt().await {
            Ok(done) => {
                gauges.succeeds(what);
                return Ok(done);
            }
            Err(failure) => failure,
        };
        let why = failure.passing().map_err(Trouble::Final)?;
        tracing::warn!(what, %why, wait_ms = wait.as_millis() as u64, "trying again");
        gauges.fails(what, &why);
        tokio::select! {
            () = shutdown.cancelled() => return Err(Trouble::Shutdown),
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
