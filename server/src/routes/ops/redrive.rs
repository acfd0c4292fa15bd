//! `POST /api/v1/ops/dead-letters/redrive`

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;

use super::dead_letters::{meter, reason};
use crate::problem::Problem;
use crate::redrive::{Redriven, redrive};
use crate::routes::authorised::Operator;
use crate::routes::query::{DryRun, QueryOf};
use crate::state::AppState;

/// Which dead letters; all of them if nothing is said.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Order {
    reason: Option<String>,
    meter: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(in crate::routes) async fn post(
    _: Operator,
    State(state): State<AppState>,
    QueryOf(query): QueryOf<DryRun>,
    body: Bytes,
) -> Result<Json<Redriven>, Problem> {
    let order: Order = serde_json::from_slice(&body).map_err(|error| Problem::not_json(&error, &body))?;
    let reason = order.reason.as_deref().map(reason).transpose()?;
    let meter = order.meter.as_deref().map(meter).transpose()?;
    Ok(Json(redrive(&state, reason, meter, order.dry_run || query.dry_run).await?))
}
