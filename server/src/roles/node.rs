//! The composition root: a process with any of the roles, and what tests start.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use engine::ReadingLog;
use metering::UtcSecond;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use app::services::Services;
use metering::disclosure::DisclosureRules;

use super::Roles;
use super::aggregate::{Aggregation, FlushPace, own};
use super::page_door::PageDoor;
use crate::clock::Clock;
use crate::commands::geography_of;
use crate::config::Config;
use crate::door::Door;
use crate::engines::Opened;
use crate::figures::{FiguresService, Holidays, Sources, Stored};
use crate::ingestion::Ingestion;
use crate::keys::{self, Keys};
use crate::live::{Hub, LiveLimits, LiveState};
use crate::openapi::{self, Facts};
use crate::readiness::Readiness;
use crate::simulation::{self, Simulation, is_simulated};
use crate::state::{AppState, Node};
use crate::telemetry::Metrics;

/// How often it is looked how far others are.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A node that runs.
pub struct Running {
    /// Where it listens, if it does.
    pub address: Option<SocketAddr>,
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

/// Starts some roles on an open engine. Serves from when this returns; `/readyz` says when all is there. A process that
/// only aggregates or simulates says at `listener` how it is, if there is one.
pub async fn start(
    roles: Roles,
    config: Config,
    opened: Opened,
    listener: Option<TcpListener>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Running> {
    let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
    if roles.serves {
        say_whether_anybody_has_a_key(&opened).await?;
    }
    let state = compose(roles, config, &opened, clock).await?;
    if let Some(address) = address {
        opened.serves(address);
    }
    let stop = CancellationToken::new();
    let ended = tokio::spawn(live(roles, state.clone(), opened, listener, stop.clone()));
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

async fn compose(
    roles: Roles,
    config: Config,
    opened: &Opened,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<AppState> {
    let ports = opened.ports.clone();
    let geography = geography_of(&config, ports.documents.as_ref()).await?;
    let metrics = Arc::new(Metrics::new());
    opened.measured().into_iter().for_each(|engine| metrics.watch(engine));
    let rules = DisclosureRules::raised(config.disclosure.period_homes, config.disclosure.live_homes)?;
    let figures = FiguresService::new(Sources {
        geography: geography.clone(),
        store: ports.figures.clone(),
        stored: Stored { store: ports.pipeline.clone(), log: ports.log.clone() },
        // Only those who serve say it.
        arrived: if roles.serves { newest_arrival(ports.log.as_ref()).await? } else { None },
        in_use: ports.in_use.clone(),
        documents: ports.documents.clone(),
        clock: clock.clone(),
        holidays: Holidays::of(config.web.holidays.as_deref(), geography.time_zone())?,
        rules,
        tariffs: crate::tariffs::of(config.web.tariffs.as_deref(), geography.time_zone())?,
        simulated: is_simulated,
        tiles: config
            .web
            .tile_url
            .clone()
            .map(|url| (url, config.web.tile_attribution.clone().unwrap_or_default())),
    })?;
    Ok(AppState(Arc::new(Node {
        door: Door::new(ports.log.clone(), geography.clone(), clock.clone(), config.door, metrics.clone()),
        keys: Keys::new(ports.documents.clone()),
        figures: Arc::new(figures),
        ingestion: Arc::new(if opened.is_shared() {
            Ingestion::of_others()
        } else {
            Ingestion::of_own(ports.log.partitions())
        }),
        simulation: Arc::new(if opened.is_shared() {
            Simulation::apart(&config.simulation, roles, ports.documents.clone())
        } else {
            Simulation::here(&config.simulation)
        }),
        readiness: Arc::new(Readiness::default()),
        geography,
        config: Arc::new(config),
        clock,
        ports,
        metrics,
    })))
}

/// When the log took its newest record; none where it has none but its markers, or can't say now.
async fn newest_arrival(log: &dyn ReadingLog) -> anyhow::Result<Option<UtcSecond>> {
    let mut lasts = Vec::new();
    for partition in 0..log.partitions() {
        let last = log.head(partition).await? - 1;
        if last > 0 && last >= log.first(partition).await? {
            lasts.push((partition, last));
        }
    }
    let newest = log.appended_ms(&lasts).await.unwrap_or_default().into_iter().flatten().max();
    Ok(newest.map(|ms| UtcSecond(ms / 1000)))
}

/// Lives until it is told to stop, or a part of it can't go on; then everything is stored.
async fn live(
    roles: Roles,
    state: AppState,
    opened: Opened,
    listener: Option<TcpListener>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // Sockets of the live feed are no requests under way: they are told.
    let watching = CancellationToken::new();
    let mut background = JoinSet::new();
    let app = if roles.serves {
        let hub = Arc::new(Hub::new(state.figures.clone()));
        background.spawn(state.figures.clone().follow(state.ports.feed.clone(), watching.clone()));
        background.spawn(hub.clone().run(watching.clone()));
        router(&state, LiveState::new(hub, LiveLimits::default(), watching.clone()))
    } else {
        crate::routes::status_router(state.clone())
    };
    background.spawn(measure_latency(state.clone(), watching.clone()));
    background.spawn(look_at_others(state.clone(), roles.serves && opened.is_shared(), watching.clone()));
    let serving = listener.map(|listener| tokio::spawn(crate::serve::serve(listener, app, stop.clone())));
    let simulating = roles.simulates.then(|| tokio::spawn(simulate(state.clone(), stop.clone())));

    // Owners stop last: what the others finish is to be decided and stored, too.
    let owners_stop = CancellationToken::new();
    let mut owning = if roles.aggregates {
        tokio::spawn(own(aggregation(&state), opened.ownership()?, owners_stop.clone()))
    } else {
        let until = owners_stop.clone();
        tokio::spawn(async move {
            until.cancelled().await;
            Ok(())
        })
    };
    let owners_ended = tokio::select! {
        () = stop.cancelled() => None,
        ended = &mut owning => Some(ended),
    };
    stop.cancel();
    watching.cancel();
    for part in [serving, simulating].into_iter().flatten() {
        let _ = part.await;
    }
    owners_stop.cancel();
    let outcome = match owners_ended {
        Some(ended) => ended,
        None => owning.await,
    };
    background.join_all().await;
    drop(state);
    opened.close().await?;
    outcome?
}

async fn measure_latency(state: AppState, stop: CancellationToken) {
    state.ingestion.latency().follow(state.ports.feed.as_ref(), state.clock.clone(), stop).await;
}

/// Follows how far the partitions are that others own; and, where figures are shown, until when these are whole.
async fn look_at_others(state: AppState, shows: bool, stop: CancellationToken) {
    loop {
        let now = state.clock.now();
        // A store that is away says nothing: the last figures stand, and readiness says what is wrong.
        let looked = state.ingestion.look_at_others(&state.ports).await;
        if shows
            && looked.is_ok()
            && let Ok(Some(until)) = state.ingestion.whole_until(&state.ports, now).await
        {
            state.figures.is_whole_until(until);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
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
        limits: state.config.door,
        pace: FlushPace::of(&state.config.engine),
        silence: state.config.engine.pace.owner_silence,
        ingestion: state.ingestion.clone(),
    }
}

fn router(state: &AppState, live: LiveState) -> Router {
    let facts =
        Facts { geography: &state.geography, limits: state.config.door, rules: state.figures.rules() };
    let description = Arc::new(openapi::description(&facts));
    let services = Services {
        description: description.clone(),
        public_url: state.config.web.public_url.as_deref().map(Arc::from),
        figures: state.figures.clone(),
        door: Arc::new(PageDoor(state.clone())),
        geography: state.geography.clone(),
        drawn: Arc::default(),
        assets: Arc::new(crate::site::asset_urls()),
    };
    crate::routes::router(state.clone(), live, app::serve::pages(services), &description)
}
