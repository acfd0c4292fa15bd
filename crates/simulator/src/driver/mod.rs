//! Sends what the homes' meters say: registrations first, then live readings as they come about, and
//! behind them the past.

mod clock;
mod control;
mod history;
mod live;
mod outbox;
mod ports;
mod state;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metering::UtcSecond;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use clock::{Clock, SystemClock};
pub use control::{Control, ControlError, HOMES_MAX, RunState, SimulatorProgress};
pub use ports::{Accepted, ReadingSink, SinkError, StateKeeper};
pub use state::{Backlog, Cohort, SimulatorState};

use crate::almanac::Almanac;
use crate::population::Population;
use outbox::{Closed, Outbox};

/// How long the state may take to be saved at the end.
const LAST_SAVE: Duration = Duration::from_secs(2);

/// All that a simulation needs.
pub struct Simulation<C> {
    /// The homes. As many are added as the control asks for.
    pub population: Population,
    /// Where readings go.
    pub sink: Arc<dyn ReadingSink>,
    /// Where the state is kept.
    pub keeper: Arc<dyn StateKeeper>,
    /// What time it is.
    pub clock: C,
    /// What an operator sets.
    pub control: watch::Receiver<Control>,
    /// What an operator sees.
    pub progress: watch::Sender<SimulatorProgress>,
    /// Whole days of history to send besides the present one; 0 for no history at all.
    pub history_days: u16,
    /// When to end.
    pub shutdown: CancellationToken,
}

/// Why a simulation ended before it was told to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulatorError {
    /// The homes that are there already are others.
    #[error(
        "the homes simulated here so far are those of seed {stored_seed} and other places than these of seed {seed}: \
         go on with the same seed and geography, or with an empty data directory"
    )]
    OtherHomes {
        /// The seed of those that have sent.
        stored_seed: u64,
        /// The seed that was asked for.
        seed: u64,
    },
    /// Nothing is taken any more.
    #[error("nothing takes the simulated readings any more: {0}")]
    Closed(String),
}

impl From<Closed> for SimulatorError {
    fn from(Closed(why): Closed) -> Self {
        SimulatorError::Closed(why)
    }
}

/// A simulation under way: what its two halves share.
pub(crate) struct Driver<C> {
    out: Outbox<C>,
    population: Mutex<Arc<Population>>,
    control: watch::Receiver<Control>,
    history_days: u16,
}

impl<C: Clock> Simulation<C> {
    /// Runs until it is told to end, or nothing is taken any more.
    pub async fn run(self) -> Result<(), SimulatorError> {
        let fresh = SimulatorState::new(self.population.seed(), self.population.places_id());
        let shutdown = self.shutdown;
        let driver = Driver {
            out: Outbox {
                sink: self.sink,
                keeper: self.keeper,
                clock: self.clock,
                state: Mutex::new(fresh),
                saving: tokio::sync::Mutex::new(()),
                progress: self.progress,
            },
            population: Mutex::new(Arc::new(self.population)),
            control: self.control,
            history_days: self.history_days,
        };
        let ended = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            ended = driver.drive() => ended,
        };
        // What was sent since the last time would only be sent again, so it is no harm if this fails.
        let saved = tokio::time::timeout(LAST_SAVE, driver.save_if_any()).await;
        if !matches!(saved, Ok(Ok(()))) {
            tracing::warn!("how far the simulation is could not be saved; some readings will be sent again");
        }
        ended
    }
}

impl SimulatorState {
    /// That it is of these homes.
    pub fn is_of(&self, population: &Population) -> Result<(), SimulatorError> {
        let seed = population.seed();
        if (self.seed, self.places) == (seed, population.places_id()) {
            return Ok(());
        }
        Err(SimulatorError::OtherHomes { stored_seed: self.seed, seed })
    }
}

impl<C: Clock> Driver<C> {
    async fn drive(&self) -> Result<(), SimulatorError> {
        self.restore().await?;
        tokio::try_join!(self.send_live(), self.send_history())?;
        Ok(())
    }

    async fn restore(&self) -> Result<(), SimulatorError> {
        let Some(stored) = self.out.load().await? else { return Ok(()) };
        stored.is_of(&self.population())?;
        let mut state = self.out.state();
        self.grow(stored.end());
        self.out.progress.send_modify(|progress| progress.registered = stored.registered);
        *state = stored;
        Ok(())
    }

    /// Saves how far the homes are. Where there never was one there is nothing to save; and a state that was
    /// never loaded must not replace the one that could not be.
    async fn save_if_any(&self) -> Result<(), Closed> {
        if self.out.state().registered == 0 { Ok(()) } else { self.out.save().await }
    }

    fn population(&self) -> Arc<Population> {
        self.population.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes sure that there are at least so many homes.
    fn grow(&self, homes: u32) {
        let mut population = self.population.lock().unwrap_or_else(PoisonError::into_inner);
        if population.len() < homes as usize {
            *population = Arc::new(population.with_homes(homes as usize));
        }
    }
}

/// Where history begins: a local midnight, or the next half-hour where that is not on one.
fn history_from(almanac: &Almanac, at: UtcSecond, days: u16) -> UtcSecond {
    if days == 0 {
        return at;
    }
    let midnight = almanac.day_numbered(almanac.day_of(at).number - i32::from(days)).start;
    let window = midnight.window();
    if midnight == window.start() { midnight } else { window.end() }
}
