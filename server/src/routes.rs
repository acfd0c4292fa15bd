//! All routes of the server, in one place.

mod authorised;
mod crawlers;
mod downloads;
mod embed;
mod health;
mod meters;
mod metrics;
mod ops;
mod pictures;
mod public;
mod query;
mod readings;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::Value;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::live::LiveState;
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) use authorised::refusal;
pub(crate) use ops::dead_letters::LIMIT_MAX as DEAD_LETTERS_MAX;
pub(crate) use ops::meters::LIMIT_MAX as METERS_MAX;
pub(crate) use ops::releases::LIMIT_MAX as RELEASED_DAYS_MAX;
pub(crate) use query::QueryOf;

/// How hard answers are compressed that are made when they are asked for: a third of the way from quick
/// to small, some tens of megabytes a second. Files of the site are compressed when it is built.
const QUALITY: CompressionLevel = CompressionLevel::Precise(5);

/// Everything. `pages` answers what is neither API nor file: the site itself.
/// `description` is what they are.
pub fn router(state: AppState, live: LiveState, pages: Router, description: &Value) -> Router {
    let operator = Router::new()
        .route("/ingestion", get(ops::ingestion::get))
        .route("/dead-letters", get(ops::dead_letters::get))
        .route("/dead-letters/redrive", post(ops::redrive::post))
        .route("/meters", get(ops::meters::get))
        .route("/areas/{code}/exact", get(ops::exact::get))
        .route("/releases", get(ops::releases::get))
        .route("/simulator", get(ops::simulator::get).put(ops::simulator::put))
        .route(
            "/geography",
            put(ops::geography::put)
                .delete(ops::geography::delete)
                .layer(DefaultBodyLimit::max(ops::geography::PACKED_MAX)),
        )
        .route(
            "/statistics/{year}",
            put(ops::statistics::put).layer(DefaultBodyLimit::max(ops::statistics::PACKED_MAX)),
        );
    // Server functions read their bodies themselves, to the end: they get the door's limit.
    let pages = pages.layer(RequestBodyLimitLayer::new(state.config.door.body_bytes));
    Router::new()
        .route("/api/v1/readings", post(readings::post))
        .route("/api/v1/meters", post(meters::post))
        .nest("/api/v1/ops", operator)
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::get))
        .with_state(state.clone())
        .merge(public::routes(state.figures.clone(), description, &state.config.web))
        .merge(crate::live::route(live))
        .merge(crate::site::routes())
        .merge(crawlers::routes(state.geography.clone(), state.config.web.public_url.as_deref()))
        .route("/api/{*rest}", axum::routing::any(nothing_here))
        .fallback_service(pages)
        .method_not_allowed_fallback(wrong_method)
        // The largest JSON document that the operator's endpoints take; the door has its own limits.
        .layer(DefaultBodyLimit::max(64 << 10))
        .layer(CompressionLayer::new().quality(QUALITY))
        .layer(middleware::from_fn_with_state(state, count))
        .layer(CatchPanicLayer::custom(|_| Problem::internal(&"a handler panicked").into_response()))
}

/// How a process is that serves no site.
pub fn status_router(state: AppState) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::get))
        .with_state(state.clone())
        .fallback(nothing_here)
        .layer(middleware::from_fn_with_state(state, count))
        .layer(CatchPanicLayer::custom(|_| Problem::internal(&"a handler panicked").into_response()))
}

async fn nothing_here(request: Request) -> Problem {
    Problem::not_found(format!("There is nothing at {}.", request.uri().path()))
}

async fn wrong_method(request: Request) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} can't be done with {}.", request.method(), request.uri().path()),
    )
}

/// Counts answers by route and status, and says of all that they are not to be guessed at.
async fn count(
    State(state): State<AppState>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    // Answers are what they say they are.
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let route = route.as_ref().map_or("page", MatchedPath::as_str);
    state.metrics.answered(route, response.status().as_u16());
    response
}
