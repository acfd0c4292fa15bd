//! `GET` and `PUT /api/v1/ops/simulator`

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use simulator::{Control, HOMES_MAX, SimulatorProgress};

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
    #[serde(default, deserialize_with = "given")]
    state: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    homes: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    interval_s: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    faults: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    history_per_s_max: Option<Value>,
}

/// A field that is there, be it `null`.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(field).map(Some)
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
    let homes = format!("a whole number from 0 to {HOMES_MAX}");
    let control = Control {
        state: understood("state", change.state, STATES, now.state)?,
        homes: understood("homes", change.homes, &homes, now.homes)?,
        interval_s: understood("interval_s", change.interval_s, INTERVALS, now.interval_s)?,
        faults: understood("faults", change.faults, FAULTS, now.faults)?,
        history_per_s_max: understood(
            "history_per_s_max",
            change.history_per_s_max,
            PACES,
            now.history_per_s_max,
        )?,
    };
    state.simulation.set(control).await.map_err(|error| match error {
        SetError::Refused(error) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        SetError::Store(error) => error.into(),
    })?;
    answer(&state).await
}

/// What may stand in each field.
const STATES: &str = "\"running\", \"paused\" or \"stopped\"";
const INTERVALS: &str = "a divisor of 1800 from 10 up";
const PACES: &str = "a whole number from 1 up, or null for no limit";
const FAULTS: &str = "an object of shares from 0 to 1 (silent_share, duplicates_share, late_batches, corrections_share, \
                      implausible_share) and of unknown_meters, a whole number";

/// What is asked for of one field, or what it is now.
fn understood<T: DeserializeOwned>(
    field: &str,
    asked: Option<Value>,
    allowed: &str,
    now: T,
) -> Result<T, Problem> {
    let Some(asked) = asked else { return Ok(now) };
    T::deserialize(&asked).map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{field} is {asked}; allowed is {allowed}"))
    })
}

async fn answer(state: &AppState) -> Result<Json<Answer>, Problem> {
    let (control, progress) = (state.simulation.control().await?, state.simulation.progress().await?);
    Ok(Json(Answer { control, progress }))
}
