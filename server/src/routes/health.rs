//! `GET /healthz` and `GET /readyz`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::readiness::missing;
use crate::state::AppState;

/// The process lives. Nothing else is looked at: a process that waits for its store must not be restarted for it.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether requests can be answered; 503 with what is missing.
pub(super) async fn readyz(State(state): State<AppState>) -> Response {
    let missing = missing(&state.readiness, &state.ingestion, state.ports.log.as_ref()).await;
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": missing.is_empty(), "missing": missing }))).into_response()
}
