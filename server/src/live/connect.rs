//! Who may connect to `/live`, and how many.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use geography::LevelIndex;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;

use super::client::{Client, unknown_level};
use super::hub::Hub;
use crate::problem::Problem;
use crate::routes::QueryOf;

/// The largest message that a client may send: a subscription to every area of a level fits.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// What is read of a client at once: it sends little, and there may be thousands.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// What may wait to be written to a client: what is sent is sent before more is, but for answers to pings.
const WRITE_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// When a client that found no place is to come back.
const PLACES_TAKEN_RETRY: Duration = Duration::from_secs(10);

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
// A misspelt `level` would be answered with another one.
#[serde(deny_unknown_fields)]
struct LiveQuery {
    level: Option<String>,
}

async fn connect(
    State(state): State<LiveState>,
    query: Result<QueryOf<LiveQuery>, Problem>,
    headers: HeaderMap,
    connection: Option<Extension<OnUpgrade>>,
    handshake: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let QueryOf(query) = query?;
    if !origin_allowed(&headers, &state.limits.origins) {
        let detail = "This page's origin may not connect to /live.";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let geography = state.hub.figures().geography();
    let level = match query.level {
        // The level that the map begins with: the one below the coarsest.
        None => LevelIndex(1.min(geography.finest().0)),
        Some(name) => geography
            .level_named(&name)
            .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, unknown_level(&state.hub, &name)))?,
    };
    if let Err(rejection) = handshake {
        let detail = format!("/live is a websocket: {}.", rejection.body_text());
        return Err(Problem::new(rejection.status(), detail));
    }
    let (Some(Extension(connection)), Some(key)) = (connection, headers.get(header::SEC_WEBSOCKET_KEY))
    else {
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "This connection cannot become a websocket."));
    };
    let place = state.places.clone().try_acquire_owned().map_err(|_| {
        Problem::unavailable("All places for live connections are taken.", PLACES_TAKEN_RETRY)
    })?;
    let accepted = accepted(key)?;
    tokio::spawn(async move {
        // An error says that it went away.
        let Ok(connection) = connection.await else { return };
        let (connection, config) = (TokioIo::new(connection), Some(config()));
        let socket = WebSocketStream::from_raw_socket(connection, Role::Server, config).await;
        Client::serve(socket, state.hub, state.shutdown, level, place).await;
    });
    Ok(accepted)
}

/// axum's own way leads to a socket that cannot send in fragments.
fn accepted(key: &HeaderValue) -> Result<Response, Problem> {
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .body(Body::empty())
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
        .read_buffer_size(READ_BUFFER_BYTES)
        // Nothing waits for more of it.
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
}

/// Browsers say which page connects; programs say nothing and may.
fn origin_allowed(headers: &HeaderMap, others: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").map(|(_, authority)| authority);
    own.is_some() && own == host || others.iter().any(|other| other == origin)
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
