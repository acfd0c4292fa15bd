//! What the driver needs of the world: somewhere to send to, and somewhere to keep how far it is.

use std::time::Duration;

use async_trait::async_trait;
use metering::{Reading, Registration};

use super::state::SimulatorState;

/// What became of a batch that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Readings that are durable now.
    pub accepted: usize,
    /// Readings that were refused for good: sending them again would not help.
    pub rejected: usize,
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Too much at once, or not ready: the same again later.
    #[error("busy; again in {} ms", retry_after.as_millis())]
    Busy {
        /// Not before.
        retry_after: Duration,
    },
    /// Something went wrong that may pass: the same again later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Nothing will be taken any more.
    #[error("closed: {0}")]
    Closed(String),
}

/// Where registrations and readings go: the door that all others send through.
#[async_trait]
pub trait ReadingSink: Send + Sync + 'static {
    /// Takes registrations; durable when it returns.
    async fn register(&self, registrations: Vec<Registration>) -> Result<(), SinkError>;

    /// Takes readings; what is accepted is durable when it returns.
    async fn send(&self, readings: Vec<Reading>) -> Result<Accepted, SinkError>;
}

/// Where the driver's state is kept between two starts.
#[async_trait]
pub trait StateKeeper: Send + Sync + 'static {
    /// What was saved last.
    async fn load(&self) -> Result<Option<SimulatorState>, SinkError>;

    /// Saves; durable when it returns.
    async fn save(&self, state: &SimulatorState) -> Result<(), SinkError>;
}
