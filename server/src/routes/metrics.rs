//! `GET /metrics`

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tokio::time::timeout;

use crate::problem::Problem;
use crate::state::AppState;

/// How long the log may take to say how far it is.
const ASKED_FOR: Duration = Duration::from_secs(1);

/// For Prometheus. Counts only: nothing of any one home.
pub(super) async fn get(State(state): State<AppState>) -> Result<impl IntoResponse, Problem> {
    // A log that can't be asked now must not hide all other counters, nor delay them.
    let asked = timeout(ASKED_FOR, state.ingestion.status(&state.ports, state.clock.as_ref())).await;
    if let Ok(Ok(partitions)) = asked {
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
