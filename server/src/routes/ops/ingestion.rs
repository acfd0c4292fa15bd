//! `GET /api/v1/ops/ingestion`

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::ingestion::{LatencyStatus, PartitionStatus};
use crate::problem::Problem;
use crate::routes::authorised::Operator;
use crate::state::AppState;

/// Whether everything arrives.
#[derive(Serialize)]
pub(in crate::routes) struct IngestionStatus {
    /// The worst of the partitions'.
    status: &'static str,
    partitions: Vec<PartitionStatus>,
    lag_records: i64,
    rate_per_s: f64,
    /// From durable to heard of here; left out if nothing was lately.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<LatencyStatus>,
}

pub(in crate::routes) async fn get(
    _: Operator,
    State(state): State<AppState>,
) -> Result<Json<IngestionStatus>, Problem> {
    use crate::ingestion::Condition::{Elsewhere, Restoring, Running, Stalled, Stopped, Waiting};
    let partitions = state.ingestion.status(&state.ports, state.clock.as_ref()).await?;
    let worst = partitions.iter().map(|one| match one.condition {
        Running | Elsewhere => (0, "ok"),
        Restoring => (1, "restoring"),
        Waiting(_) => (2, "waiting"),
        Stalled => (3, "stalled"),
        Stopped(_) => (4, "stopped"),
    });
    Ok(Json(IngestionStatus {
        status: worst.max().map_or("ok", |(_, name)| name),
        lag_records: partitions.iter().map(|one| one.lag_records).sum(),
        rate_per_s: partitions.iter().map(|one| one.rate_per_s).sum(),
        latency: state.ingestion.latency().status(),
        partitions,
    }))
}
