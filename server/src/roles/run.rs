//! Everything in one process: the composition root of `wattmap run`, and of tests.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use axum::Router;
use engine::ReadingLog;
use metering::UtcSecond;
use metering::door::{Format, Receipt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use app::error::AppError;
use app::services::{ReadingDoor, Services};
use metering::disclosure::DisclosureRules;

use super::aggregate::{Aggregation, own_all};
use crate::clock::Clock;
use crate::commands::{Opened, geography_of};
use crate::config::Config;
use crate::door::{Body, Coding, Door, Kind, Manner};
use crate::figures::{FiguresService, Sources, Stored};
use crate::ingestion::Ingestion;
use crate::keys::{self, Keys, Scope};
use crate::live::{Hub, LiveLimits, LiveState};
use crate::problem::Problem;
use crate::readiness::Readiness;
use crate::simulation::{self, Simulation, is_simulated};
use crate::state::{AppState, Node};
use crate::telemetry::Metrics;

/// A node that serves.
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    /// What its handlers share.
    pub state: AppState,
    stop: CancellationToken,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Tells it to stop when cancelled.
    pub fn stopper(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Waits until it has stopped: because it was told to, or because it could not go on.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.ended.await?
    }
}

/// Starts everything on an open engine. Serves from when this returns; `/readyz` says when all is there.
pub async fn start(
    config: Config,
    opened: Opened,
    listener: TcpListener,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Running> {
    let address = listener.local_addr()?;
    say_whether_anybody_has_a_key(&opened).await?;
    let state = compose(config, &opened, clock).await?;
    opened.serves(address);
    let stop = CancellationToken::new();
    let ended = tokio::spawn(live(state.clone(), opened, listener, stop.clone()));
    Ok(Running { address, state, stop, ended })
}

/// A key's file that is gone is a revocation, so it stops no start; that none is left is said all the same.
async fn say_whether_anybody_has_a_key(opened: &Opened) -> anyhow::Result<()> {
    let keys = keys::list(opened.ports.documents.as_ref()).await?;
    if keys.iter().all(|key| key.revoked.is_some()) {
        tracing::info!(
            "there is no valid key: nobody can send readings or see exact data; `wattmap keys create` makes one"
        );
    }
    Ok(())
}

async fn compose(config: Config, opened: &Opened, clock: Arc<dyn Clock>) -> anyhow::Result<AppState> {
    let ports = opened.ports.clone();
    let geography = geography_of(&config, ports.documents.as_ref()).await?;
    let metrics = Arc::new(Metrics::new());
    let rules = DisclosureRules::raised(config.disclosure.period_homes, config.disclosure.live_homes)?;
    let figures = FiguresService::new(Sources {
        geography: geography.clone(),
        store: ports.figures.clone(),
        stored: Stored { store: ports.pipeline.clone(), partitions: ports.log.partitions() },
        arrived: newest_arrival(ports.log.as_ref()).await?,
        documents: ports.documents.clone(),
        clock: clock.clone(),
        rules,
        simulated: is_simulated,
        tiles: config
            .web
            .tile_url
            .clone()
            .map(|url| (url, config.web.tile_attribution.clone().unwrap_or_default())),
    })
    .with_context(|| format!("the time zone {:?} of the geography is not known", geography.time_zone()))?;
    Ok(AppState(Arc::new(Node {
        door: Door::new(ports.log.clone(), geography.clone(), clock.clone(), config.door, metrics.clone()),
        keys: Keys::new(ports.documents.clone()),
        figures: Arc::new(figures),
        ingestion: Arc::new(Ingestion::new(ports.log.partitions())),
        simulation: Arc::new(Simulation::new(&config.simulation)),
        readiness: Arc::new(Readiness::default()),
        geography,
        config: Arc::new(config),
        clock,
        ports,
        metrics,
    })))
}

/// When the log took its newest record; none where it has none but its markers.
async fn newest_arrival(log: &dyn ReadingLog) -> anyhow::Result<Option<UtcSecond>> {
    let mut newest = None;
    for partition in 0..log.partitions() {
        let last = log.head(partition).await? - 1;
        if last > 0 && last >= log.first(partition).await? {
            let records = log.read(partition, last, 1).await?;
            newest = newest.max(records.first().map(|record| UtcSecond(record.appended_ms / 1000)));
        }
    }
    Ok(newest)
}

/// Lives until it is told to stop, or a part of it can't go on; then everything is stored.
async fn live(
    state: AppState,
    opened: Opened,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // Sockets of the live feed are no requests under way: they are told.
    let watching = CancellationToken::new();
    let hub = Arc::new(Hub::new(state.figures.clone()));
    let following = tokio::spawn(state.figures.clone().follow(state.ports.feed.clone(), watching.clone()));
    let framing = tokio::spawn(hub.clone().run(watching.clone()));
    let live_state = LiveState::new(hub, LiveLimits::default(), watching.clone());
    let app = router(&state, live_state);
    let serving = tokio::spawn(crate::serve::serve(listener, app, stop.clone()));
    let simulating = tokio::spawn(simulate(state.clone(), stop.clone()));

    // Owners stop last: what the others finish is to be decided and stored, too.
    let owners_stop = CancellationToken::new();
    let mut owning = tokio::spawn(own_all(aggregation(&state), owners_stop.clone()));
    let owners_ended = tokio::select! {
        () = stop.cancelled() => None,
        ended = &mut owning => Some(ended),
    };
    stop.cancel();
    watching.cancel();
    let _ = serving.await;
    let _ = simulating.await;
    owners_stop.cancel();
    let outcome = match owners_ended {
        Some(ended) => ended,
        None => owning.await,
    };
    let _ = following.await;
    let _ = framing.await;
    drop(state);
    opened.close().await?;
    outcome?
}

async fn simulate(state: AppState, stop: CancellationToken) {
    if let Err(error) = simulation::run(state, stop).await {
        // The map goes on without them.
        tracing::error!(%error, "the simulation has ended");
    }
}

/// What the owners of this node's partitions need.
pub fn aggregation(state: &AppState) -> Aggregation {
    Aggregation {
        ports: state.ports.clone(),
        geography: state.geography.clone(),
        retention_s: state.config.door.retention_s,
        flush_every: state.config.engine.pace.flush_every,
        ingestion: state.ingestion.clone(),
        clock: state.clock.clone(),
    }
}

fn router(state: &AppState, live: LiveState) -> Router {
    let services = Services {
        figures: state.figures.clone(),
        door: Arc::new(PageDoor(state.clone())),
        geography: state.geography.clone(),
        assets: Arc::new(crate::site::asset_urls()),
    };
    crate::routes::router(state.clone(), live, app::serve::pages(services))
}

/// The door, for the page's server functions: the same code path as the API's.
struct PageDoor(AppState);

impl PageDoor {
    async fn take(&self, key: &str, kind: Kind, text: String) -> Result<String, AppError> {
        let submitted = async {
            let key = self
                .0
                .keys
                .check(key, Scope::Ingest)
                .await
                .map_err(|error| crate::routes::refusal(&error))?;
            if text.len() > self.0.door.limits().decompressed_bytes {
                let detail = "The text is longer than one request may be; send it in several.";
                return Err(Problem::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            let _turn = self.0.door.turn(&key).await?;
            let body = Body { bytes: text.into(), format: Format::Json, coding: Coding::Identity };
            self.0.door.take(&key, kind, body, Manner::default()).await
        };
        let receipt: Receipt = submitted
            .await
            .map_err(|problem| AppError::Door { status: problem.status, detail: problem.detail })?;
        serde_json::to_string(&receipt).map_err(|_| AppError::Internal)
    }
}

#[async_trait]
impl ReadingDoor for PageDoor {
    async fn submit_readings(&self, key: &str, body: String) -> Result<String, AppError> {
        self.take(key, Kind::Readings, body).await
    }

    async fn register_meters(&self, key: &str, body: String) -> Result<String, AppError> {
        self.take(key, Kind::Meters, body).await
    }
}
