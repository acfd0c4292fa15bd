//! One client of `/live`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use geography::LevelIndex;
use metering::AreaCode;
use metering::api::{LiveArea, LiveFrame, LiveRequest};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::hub::{Change, Everything, Hub};

/// The largest message that a client may send: a subscription to every area of a level fits.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// What may wait to be written to a client: a snapshot of a large level, twice.
const WRITE_BUFFER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A client that takes a frame no faster than this is gone.
const SEND_WITHIN: Duration = Duration::from_secs(10);

/// How often a client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a client may stay silent, answers to pings included.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// Bounds that are configured.
#[derive(Debug, Clone)]
pub struct LiveLimits {
    /// Clients at once.
    pub clients_max: usize,
    /// Origins besides the site's own that pages may connect from.
    pub origins: Vec<String>,
}

impl Default for LiveLimits {
    fn default() -> Self {
        LiveLimits { clients_max: 20_000, origins: Vec::new() }
    }
}

/// What the route needs.
#[derive(Clone)]
pub struct LiveState {
    hub: Arc<Hub>,
    limits: Arc<LiveLimits>,
    places: Arc<Semaphore>,
    shutdown: CancellationToken,
}

impl LiveState {
    /// Of a hub and bounds.
    pub fn new(hub: Arc<Hub>, limits: LiveLimits, shutdown: CancellationToken) -> Self {
        let places = Arc::new(Semaphore::new(limits.clients_max));
        LiveState { hub, limits: Arc::new(limits), places, shutdown }
    }

    /// Clients that are connected.
    pub fn clients(&self) -> usize {
        self.limits.clients_max - self.places.available_permits()
    }
}

/// `GET /live`
pub fn route(state: LiveState) -> Router {
    Router::new().route("/live", get(connect)).with_state(state)
}

#[derive(Deserialize)]
struct LiveQuery {
    level: Option<String>,
}

async fn connect(
    State(state): State<LiveState>,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !origin_allowed(&headers, &state.limits.origins) {
        return (StatusCode::FORBIDDEN, "This page's origin may not connect to /live.").into_response();
    }
    let geography = state.hub.figures().geography();
    let level = match query.level {
        // The level that the map begins with: the one below the coarsest.
        None => LevelIndex(1.min(geography.finest().0)),
        Some(name) => match geography.level_named(&name) {
            Some(level) => level,
            None => return (StatusCode::BAD_REQUEST, unknown_level(&state.hub, &name)).into_response(),
        },
    };
    let Ok(place) = state.places.clone().try_acquire_owned() else {
        let retry = [(header::RETRY_AFTER, "10")];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, "All places for live connections are taken.")
            .into_response();
    };
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .on_upgrade(move |socket| Client::serve(socket, state, level, place))
}

fn unknown_level(hub: &Hub, name: &str) -> String {
    let names: Vec<&str> = hub.figures().geography().levels().iter().map(geography::Level::name).collect();
    format!("level is {name:?}; allowed are {}", names.join(", "))
}

/// Browsers say which page connects; programs say nothing and may.
fn origin_allowed(headers: &HeaderMap, others: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").map(|(_, authority)| authority);
    own.is_some() && own == host || others.iter().any(|other| other == origin)
}

/// A client, while it is connected.
struct Client {
    socket: WebSocket,
    hub: Arc<Hub>,
    level: LevelIndex,
    /// Only these areas, if it asked for some.
    only: Option<HashSet<AreaCode>>,
    changes: broadcast::Receiver<Arc<Change>>,
    /// The last change that it knows.
    version: u64,
    seq: u64,
}

/// Why a connection ends.
enum End {
    Gone,
    Silent,
    Closing,
    Misbehaved(&'static str),
}

impl Client {
    async fn serve(socket: WebSocket, state: LiveState, level: LevelIndex, place: OwnedSemaphorePermit) {
        let (changes, everything) = state.hub.subscribe(level);
        let mut client = Client {
            socket,
            hub: state.hub,
            level,
            only: None,
            changes,
            version: everything.version,
            seq: 0,
        };
        let end = match client.send_everything(&everything).await {
            Ok(()) => client.follow(state.shutdown).await,
            Err(end) => end,
        };
        client.close(end).await;
        drop(place);
    }

    async fn follow(&mut self, shutdown: CancellationToken) -> End {
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.reset();
        let mut heard = Instant::now();
        loop {
            let done = tokio::select! {
                () = shutdown.cancelled() => return End::Closing,
                _ = pings.tick() => {
                    if heard.elapsed() > IDLE_MAX {
                        return End::Silent;
                    }
                    self.send(Message::Ping(axum::body::Bytes::new())).await
                }
                received = self.changes.recv() => match received {
                    Ok(change) => self.send_change(&change).await,
                    Err(RecvError::Lagged(_)) => self.start_over().await,
                    Err(RecvError::Closed) => return End::Closing,
                },
                message = self.socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.request(&text).await,
                        Some(Ok(Message::Binary(_))) => Err(End::Misbehaved("text frames are expected")),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                    }
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn request(&mut self, text: &str) -> Result<(), End> {
        let subscription = match serde_json::from_str::<LiveRequest>(text) {
            Ok(request) => request.subscribe,
            Err(error) => {
                let message = format!("not {{\"subscribe\":{{\"level\":...,\"areas\":[...]}}}}: {error}");
                return self.complain(message).await;
            }
        };
        let Some(level) = self.hub.figures().geography().level_named(&subscription.level) else {
            return self.complain(unknown_level(&self.hub, &subscription.level)).await;
        };
        self.level = level;
        self.only = subscription.areas.map(|areas| areas.into_iter().collect());
        self.start_over().await
    }

    /// Subscribes again and sends everything.
    async fn start_over(&mut self) -> Result<(), End> {
        let (changes, everything) = self.hub.subscribe(self.level);
        self.changes = changes;
        self.version = everything.version;
        self.send_everything(&everything).await
    }

    async fn send_everything(&mut self, everything: &Everything) -> Result<(), End> {
        let areas = self.of_interest(&everything.areas);
        self.seq += 1;
        let (seq, level, at, heard_s) = (self.seq, self.level_name(), everything.at, everything.heard_s);
        self.send_frame(&LiveFrame::Snapshot { seq, level, at, heard_s, areas }).await
    }

    async fn send_change(&mut self, change: &Change) -> Result<(), End> {
        if change.version <= self.version {
            return Ok(());
        }
        self.version = change.version;
        let areas = self.of_interest(&change.areas);
        self.seq += 1;
        let (seq, level, at, heard_s) = (self.seq, self.level_name(), change.at, change.heard_s);
        self.send_frame(&LiveFrame::Delta { seq, level, at, heard_s, areas }).await
    }

    async fn complain(&mut self, message: String) -> Result<(), End> {
        self.seq += 1;
        self.send_frame(&LiveFrame::Error { seq: self.seq, message }).await
    }

    fn of_interest(&self, areas: &[LiveArea]) -> Vec<LiveArea> {
        match &self.only {
            None => areas.to_vec(),
            Some(only) => areas.iter().filter(|area| only.contains(&area.code)).cloned().collect(),
        }
    }

    fn level_name(&self) -> String {
        self.hub.figures().geography().level(self.level).name().to_owned()
    }

    async fn send_frame(&mut self, frame: &LiveFrame) -> Result<(), End> {
        match serde_json::to_string(frame) {
            Ok(text) => self.send(Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "a live frame can't be written");
                Err(End::Closing)
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND_WITHIN, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn close(mut self, end: End) {
        let (code, reason) = match end {
            End::Gone => return,
            End::Silent => (close_code::POLICY, "silent for too long"),
            End::Closing => (close_code::AWAY, "the server is stopping"),
            End::Misbehaved(reason) => (close_code::UNSUPPORTED, reason),
        };
        let frame = CloseFrame { code, reason: reason.into() };
        // The client may be gone: there is nobody left to tell.
        let _ = timeout(SEND_WITHIN, self.socket.send(Message::Close(Some(frame)))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_connect() {
        let check = |origin: Option<&str>, expect| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "wattmap.example:3000".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(
                origin_allowed(&headers, &["https://friend.example".to_owned()]),
                expect,
                "{origin:?}"
            );
        };
        check(None, true);
        check(Some("http://wattmap.example:3000"), true);
        check(Some("https://friend.example"), true);
        check(Some("https://evil.example"), false);
        check(Some("http://wattmap.example:3000.evil.example"), false);
        check(Some("null"), false);
    }
}
