//! `GET /metrics`

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::problem::Problem;
use crate::state::AppState;

/// For Prometheus. Counts only: nothing of any one home.
pub(super) async fn get(State(state): State<AppState>) -> Result<impl IntoResponse, Problem> {
    // A log that can't be asked now must not hide all other counters.
    if let Ok(partitions) = state.ingestion.status(&state.ports, state.clock.as_ref()).await {
        for one in partitions {
            state.metrics.partition(one.partition, one.lag_records, one.lag_s, one.decided);
        }
    }
    for (reason, count) in state.ingestion.dead_letters() {
        state.metrics.dead_letters(reason, count);
    }
    let text = state.metrics.encode().map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
