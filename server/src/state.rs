//! What every handler and every task of a running node shares.

use std::ops::Deref;
use std::sync::Arc;

use engine::{
    Announcements, DeadLetterFeed, DocumentStore, Editions, FigureStore, InEdition, LiveFeed, PipelineStore,
    ReadingLog, StoreError,
};
use geography::Geography;
use metering::Position;

use crate::clock::Clock;
use crate::config::Config;
use crate::door::Door;
use crate::figures::FiguresService;
use crate::ingestion::Ingestion;
use crate::keys::Keys;
use crate::readiness::Readiness;
use crate::simulation::Simulation;
use crate::telemetry::Metrics;

/// The ports that a role was composed of. Which engine stands behind them is known to the roles alone.
#[derive(Clone)]
pub struct Ports {
    /// The log of readings and registrations.
    pub log: Arc<dyn ReadingLog>,
    /// Its generations, as they are remembered beside the store.
    pub announcements: Arc<dyn Announcements>,
    /// The edition of the aggregates that is in use, as far as this process knows.
    pub in_use: InEdition,
    /// All editions: an owner stays in one until it begins anew.
    pub editions: Arc<dyn Editions>,
    /// What the owners of partitions read and write, in the edition in use.
    pub pipeline: Arc<dyn PipelineStore>,
    /// Exact data, for figures and operators, in the edition in use.
    pub figures: Arc<dyn FigureStore>,
    /// Small things with a name.
    pub documents: Arc<dyn DocumentStore>,
    /// Aggregate rows from whoever decides them.
    pub feed: Arc<dyn LiveFeed>,
    /// Dead letters, for others.
    pub dead: Arc<dyn DeadLetterFeed>,
}

impl Ports {
    /// The first offset of each partition that the store does not have yet.
    pub async fn progress(&self, partitions: u32) -> Result<Vec<i64>, StoreError> {
        // What was stored of another log says nothing about this one.
        let first = self.log.generations().first().map_or(0, |first| first.generation);
        let progress = self.pipeline.progress(partitions).await?;
        let next =
            |at: Option<Position>| at.filter(|at| at.generation >= first).map_or(0, |at| at.offset + 1);
        Ok(progress.into_iter().map(next).collect())
    }
}

/// One node's services.
pub struct Node {
    /// The engine's ports.
    pub ports: Ports,
    /// The areas.
    pub geography: Arc<Geography>,
    /// What was configured.
    pub config: Arc<Config>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who may send and who may look.
    pub keys: Keys,
    /// The one way in for readings and registrations.
    pub door: Door,
    /// What may be shown to anybody.
    pub figures: Arc<FiguresService>,
    /// How far each partition is.
    pub ingestion: Arc<Ingestion>,
    /// The simulated homes, if this node has any.
    pub simulation: Arc<Simulation>,
    /// What is still missing before requests can be answered.
    pub readiness: Arc<Readiness>,
    /// Counters for Prometheus.
    pub metrics: Arc<Metrics>,
}

/// A [`Node`], shared: the state of the router.
#[derive(Clone)]
pub struct AppState(pub Arc<Node>);

impl Deref for AppState {
    type Target = Node;
    fn deref(&self) -> &Node {
        &self.0
    }
}
