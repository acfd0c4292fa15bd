//! `GET` and `PUT /api/v1/ops/simulator`

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use simulator::{Control, Faults, RunState, SimulatorProgress};

use crate::problem::Problem;
use crate::routes::authorised::Operator;
use crate::simulation::SetError;
use crate::state::AppState;

#[derive(Serialize)]
pub(in crate::routes) struct Answer {
    #[serde(flatten)]
    control: Control,
    progress: SimulatorProgress,
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    state: Option<RunState>,
    homes: Option<u32>,
    interval_s: Option<u16>,
    faults: Option<Faults>,
    history_per_s_max: Option<u32>,
}

pub(in crate::routes) async fn get(
    _: Operator,
    State(state): State<AppState>,
) -> Result<Json<Answer>, Problem> {
    answer(&state).await
}

pub(in crate::routes) async fn put(
    _: Operator,
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Json<Answer>, Problem> {
    let change: Change = serde_json::from_slice(&body).map_err(|error| Problem::not_json(&error, &body))?;
    let now = state.simulation.control().await?;
    let control = Control {
        state: change.state.unwrap_or(now.state),
        homes: change.homes.unwrap_or(now.homes),
        interval_s: change.interval_s.unwrap_or(now.interval_s),
        faults: change.faults.unwrap_or(now.faults),
        history_per_s_max: change.history_per_s_max.or(now.history_per_s_max),
    };
    state.simulation.set(control).await.map_err(|error| match error {
        SetError::Refused(error) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        SetError::Store(error) => error.into(),
    })?;
    answer(&state).await
}

async fn answer(state: &AppState) -> Result<Json<Answer>, Problem> {
    let (control, progress) = (state.simulation.control().await?, state.simulation.progress().await?);
    Ok(Json(Answer { control, progress }))
}
