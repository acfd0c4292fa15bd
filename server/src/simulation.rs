//! The simulated homes of this node: sent through the door like everything else.
//!
//! Where roles run apart, any number of processes may be started to simulate: one does, and another takes over when it ends
//! or dies.

mod turn;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use engine::{AppendError, Document, DocumentStore, StoreError};
use geography::Geography;
use jiff::tz::TimeZone;
use metering::{MeterId, Reading, Registration};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use simulator::{
    Accepted, Control, ControlError, METER_PREFIX, Population, PopulationConfig, ReadingSink, Reference,
    SimulatorProgress, SimulatorState, SinkError, StateKeeper,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::SimulationConfig;
use crate::roles::Roles;
use crate::state::AppState;
use turn::{Held, Turn};

/// Where the simulation's state is kept.
const KIND: &str = "simulator";
const ID: &str = "state";

/// What an operator sets, and how far it is, where one process is asked and another one simulates.
const ORDERS: &str = "orders";
const PROGRESS: &str = "progress";

/// How soon orders arrive, and how often progress is told.
const EXCHANGE_EVERY: Duration = Duration::from_secs(1);

/// What one process is told by another.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Orders {
    /// What is to be done.
    control: Control,
    /// What was configured where it was to be done: orders are of that. None: nobody has simulated yet.
    configured: Option<Control>,
}

/// What an operator sets and sees.
pub struct Simulation {
    control: watch::Sender<Control>,
    progress: watch::Receiver<SimulatorProgress>,
    /// Taken by whoever runs it.
    ends: Mutex<Option<(watch::Receiver<Control>, watch::Sender<SimulatorProgress>)>>,
    /// Where orders and progress are exchanged with other processes.
    apart: Option<Arc<dyn DocumentStore>>,
}

/// Why the simulation is not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// It can't be set so.
    #[error(transparent)]
    Refused(#[from] ControlError),
    /// It can't be told now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Simulation {
    /// Of this process alone: with as many homes as are configured, not running yet.
    pub fn here(config: &SimulationConfig) -> Self {
        Self::new(config.homes, None)
    }

    /// Of a system in which some processes serve and others simulate.
    pub fn apart(config: &SimulationConfig, roles: Roles, documents: Arc<dyn DocumentStore>) -> Self {
        Self::new(if roles.simulates { config.homes } else { 0 }, Some(documents))
    }

    fn new(homes: u32, apart: Option<Arc<dyn DocumentStore>>) -> Self {
        let (control, orders) = watch::channel(Control { homes, ..Control::default() });
        let (reports, progress) = watch::channel(SimulatorProgress::default());
        Simulation { control, progress, ends: Mutex::new(Some((orders, reports))), apart }
    }

    /// What is set now.
    pub async fn control(&self) -> Result<Control, StoreError> {
        let ordered = self.told::<Orders>(ORDERS).await?;
        Ok(ordered.map_or_else(|| self.control.borrow().clone(), |orders| orders.control))
    }

    /// Sets it, if it can be.
    pub async fn set(&self, control: Control) -> Result<(), SetError> {
        control.check()?;
        if self.apart.is_some() {
            let configured = self.told::<Orders>(ORDERS).await?.and_then(|orders| orders.configured);
            self.tell(ORDERS, &Orders { control: control.clone(), configured }).await?;
        }
        self.control.send_replace(control);
        Ok(())
    }

    /// How far this process is with it.
    pub fn own_progress(&self) -> watch::Receiver<SimulatorProgress> {
        self.progress.clone()
    }

    /// How far it is.
    pub async fn progress(&self) -> Result<SimulatorProgress, StoreError> {
        Ok(self.told(PROGRESS).await?.unwrap_or_else(|| self.progress.borrow().clone()))
    }

    /// What another process said, if there are others and one did.
    async fn told<T: DeserializeOwned>(&self, what: &str) -> Result<Option<T>, StoreError> {
        let Some(documents) = &self.apart else { return Ok(None) };
        // What can't be read is of another version: then it was not said.
        Ok(documents.document(KIND, what).await?.and_then(|body| serde_json::from_slice(&body).ok()))
    }

    async fn tell(&self, what: &str, said: &impl Serialize) -> Result<(), StoreError> {
        let Some(documents) = &self.apart else { return Ok(()) };
        let body = serde_json::to_vec(said).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        documents.put_documents(KIND, vec![Document { id: what.to_owned(), body }]).await
    }

    /// Goes on with what operators have ordered since something was configured as it is here; else with what is.
    async fn set_out(&self, configured: &Control) -> Result<(), StoreError> {
        let ordered = self.told::<Orders>(ORDERS).await?;
        let control = match ordered.filter(|orders| orders.configured.as_ref() == Some(configured)) {
            Some(orders) if orders.control.check().is_ok() => orders.control,
            _ => {
                let (control, configured) = (configured.clone(), Some(configured.clone()));
                self.tell(ORDERS, &Orders { control: control.clone(), configured }).await?;
                control
            }
        };
        self.control.send_replace(control);
        Ok(())
    }

    /// Waits for the turn of this process, until it knows what to do.
    async fn waits_for(&self, turn: &mut Turn, configured: &Control) {
        loop {
            turn.comes().await;
            match self.set_out(configured).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "what is to be simulated can't be read; trying again"),
            }
        }
    }

    /// Sets what operators order of whatever process.
    async fn follow_orders(&self) -> Infallible {
        let mut last = self.control.borrow().clone();
        loop {
            tokio::time::sleep(EXCHANGE_EVERY).await;
            // A store that is away brings no orders; what was ordered last stands.
            if let Ok(Some(Orders { control, .. })) = self.told(ORDERS).await
                && last != control
            {
                if control.check().is_ok() {
                    self.control.send_replace(control.clone());
                }
                last = control;
            }
        }
    }

    /// Tells other processes how far it is.
    async fn tell_progress(&self) -> Infallible {
        loop {
            tokio::time::sleep(EXCHANGE_EVERY).await;
            let progress = self.progress.borrow().clone();
            if let Err(error) = self.tell(PROGRESS, &progress).await {
                tracing::debug!(%error, "nobody was told how far the simulation is");
            }
        }
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
    let documents = state.ports.documents.clone();
    if state.simulation.apart.is_some() && config.homes == 0 {
        tracing::info!("this process simulates no homes, and does not stand by for others (simulate is 0)");
        return Ok(());
    }
    let geography = state.geography.clone();
    let population = tokio::task::spawn_blocking(move || populate(&geography, &config)).await??;
    let simulation = |population, held, shutdown| simulator::Simulation {
        population,
        sink: Arc::new(ThroughTheDoor(state.clone())),
        keeper: Arc::new(InDocuments { documents: documents.clone(), held }),
        clock: simulator::SystemClock,
        control: control.clone(),
        progress: progress.clone(),
        history_days: config.history_days as u16,
        shutdown,
    };
    if state.simulation.apart.is_none() {
        return Ok(simulation(population, None, shutdown).run().await?);
    }
    // Who could not go on where the others are says so now, and not when it is needed.
    if let Ok(Some(stored)) = (InDocuments { documents: documents.clone(), held: None }).load().await {
        stored.is_of(&population)?;
    }
    let mut turn = Turn::new(documents.clone())?;
    let (here, configured) = (&state.simulation, control.borrow().clone());
    loop {
        tokio::select! {
            () = shutdown.cancelled() => {
                turn.ends().await;
                return Ok(());
            }
            () = here.waits_for(&mut turn, &configured) => {}
        }
        let homes = simulation(population.clone(), Some(turn.held()), shutdown.clone());
        let ended = tokio::select! {
            ended = homes.run() => ended,
            () = turn.is_kept() => {
                // How far this one is is not saved: another one may be further.
                tracing::warn!("this process could not be heard of, so another one may simulate by now: this one stands by");
                continue;
            }
            never = here.follow_orders() => match never {},
            never = here.tell_progress() => match never {},
        };
        turn.ends().await;
        return Ok(ended?);
    }
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

struct InDocuments {
    documents: Arc<dyn DocumentStore>,
    /// Whose turn it is, where there are others.
    held: Option<Held>,
}

#[async_trait]
impl StateKeeper for InDocuments {
    async fn load(&self) -> Result<Option<SimulatorState>, SinkError> {
        let Some(body) = self.documents.document(KIND, ID).await.map_err(unavailable)? else {
            return Ok(None);
        };
        serde_json::from_slice(&body)
            .map(Some)
            .map_err(|error| SinkError::Closed(format!("the simulation's state can't be read: {error}")))
    }

    async fn save(&self, state: &SimulatorState) -> Result<(), SinkError> {
        if self.held.as_ref().is_some_and(|held| !held.is_ours()) {
            return Err(SinkError::Unavailable("another process may simulate by now".to_owned()));
        }
        let body = serde_json::to_vec(state).map_err(|error| SinkError::Closed(error.to_string()))?;
        self.documents
            .put_documents(KIND, vec![Document { id: ID.to_owned(), body }])
            .await
            .map_err(unavailable)
    }
}

fn unavailable(error: StoreError) -> SinkError {
    match error {
        StoreError::Unavailable(why) => SinkError::Unavailable(why),
        StoreError::Corrupt(why) => SinkError::Closed(why),
    }
}
