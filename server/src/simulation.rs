//! The simulated homes of this node: sent through the door like everything else.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use engine::{AppendError, Document, DocumentStore, StoreError};
use geography::Geography;
use jiff::tz::TimeZone;
use metering::{MeterId, Reading, Registration};
use simulator::{
    Accepted, Control, ControlError, METER_PREFIX, Population, PopulationConfig, ReadingSink, Reference,
    SimulatorProgress, SimulatorState, SinkError, StateKeeper,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::SimulationConfig;
use crate::state::AppState;

/// Where the simulation's state is kept.
const KIND: &str = "simulator";
const ID: &str = "state";

/// What an operator sets and sees.
pub struct Simulation {
    control: watch::Sender<Control>,
    progress: watch::Receiver<SimulatorProgress>,
    /// Taken by whoever runs it.
    ends: Mutex<Option<(watch::Receiver<Control>, watch::Sender<SimulatorProgress>)>>,
}

impl Simulation {
    /// With as many homes as are configured, not running yet.
    pub fn new(config: &SimulationConfig) -> Self {
        let (control, orders) = watch::channel(Control { homes: config.homes, ..Control::default() });
        let (reports, progress) = watch::channel(SimulatorProgress::default());
        Simulation { control, progress, ends: Mutex::new(Some((orders, reports))) }
    }

    /// What is set now.
    pub fn control(&self) -> Control {
        self.control.borrow().clone()
    }

    /// Sets it, if it can be.
    pub fn set(&self, control: Control) -> Result<(), ControlError> {
        control.check()?;
        self.control.send_replace(control);
        Ok(())
    }

    /// How far it is.
    pub fn progress(&self) -> SimulatorProgress {
        self.progress.borrow().clone()
    }
}

/// Whether a meter is a simulated one.
pub fn is_simulated(meter: &MeterId) -> bool {
    meter.as_str().starts_with(METER_PREFIX)
}

/// Runs the node's simulation until `shutdown`.
pub async fn run(state: AppState, shutdown: CancellationToken) -> anyhow::Result<()> {
    let ends = state.simulation.ends.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((control, progress)) = ends else { return Ok(()) };
    let config = state.config.simulation;
    let geography = state.geography.clone();
    let population = tokio::task::spawn_blocking(move || populate(&geography, &config)).await??;
    let simulation = simulator::Simulation {
        population,
        sink: Arc::new(ThroughTheDoor(state.clone())),
        keeper: Arc::new(InDocuments(state.ports.documents.clone())),
        clock: simulator::SystemClock,
        control,
        progress,
        history_days: config.history_days as u16,
        shutdown,
    };
    Ok(simulation.run().await?)
}

fn populate(geography: &Geography, config: &SimulationConfig) -> anyhow::Result<Population> {
    let time_zone = TimeZone::get(geography.time_zone())?;
    let config = PopulationConfig { homes: config.homes as usize, seed: config.seed, time_zone };
    Ok(Population::new(geography, &Reference::published(), config))
}

struct ThroughTheDoor(AppState);

#[async_trait]
impl ReadingSink for ThroughTheDoor {
    async fn register(&self, registrations: Vec<Registration>) -> Result<(), SinkError> {
        self.0.door.take_registrations(registrations).await.map_err(later)
    }

    async fn send(&self, readings: Vec<Reading>) -> Result<Accepted, SinkError> {
        let receipt = self.0.door.take_readings(readings).await.map_err(later)?;
        Ok(Accepted { accepted: receipt.accepted as usize, rejected: receipt.rejected.len() })
    }
}

fn later(error: AppendError) -> SinkError {
    match error {
        AppendError::Busy { retry_after } => SinkError::Busy { retry_after },
        AppendError::Unavailable { reason, .. } => SinkError::Unavailable(reason),
    }
}

struct InDocuments(Arc<dyn DocumentStore>);

#[async_trait]
impl StateKeeper for InDocuments {
    async fn load(&self) -> Result<Option<SimulatorState>, SinkError> {
        let Some(body) = self.0.document(KIND, ID).await.map_err(unavailable)? else { return Ok(None) };
        serde_json::from_slice(&body)
            .map(Some)
            .map_err(|error| SinkError::Closed(format!("the simulation's state can't be read: {error}")))
    }

    async fn save(&self, state: &SimulatorState) -> Result<(), SinkError> {
        let body = serde_json::to_vec(state).map_err(|error| SinkError::Closed(error.to_string()))?;
        self.0.put_documents(KIND, vec![Document { id: ID.to_owned(), body }]).await.map_err(unavailable)
    }
}

fn unavailable(error: StoreError) -> SinkError {
    match error {
        StoreError::Unavailable(why) => SinkError::Unavailable(why),
        StoreError::Corrupt(why) => SinkError::Closed(why),
    }
}
