//! `GET /api/v1/ops/releases`: what was published when.

use axum::Json;
use axum::extract::State;
use metering::UtcSecond;
use serde::{Deserialize, Serialize};

use crate::figures::{KeptLook, ReleasedDay};
use crate::problem::Problem;
use crate::routes::QueryOf;
use crate::routes::authorised::Operator;
use crate::state::AppState;

/// Days of one answer at most, and if nothing is said.
pub(crate) const LIMIT_MAX: usize = 1000;
const LIMIT: usize = 31;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Filter {
    limit: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Releases {
    days: Vec<Day>,
}

/// A UTC day of which something was released.
#[derive(Serialize)]
struct Day {
    date: String,
    /// Looks at it that released anything.
    releases: u64,
    /// Portions that they released: each of a group of homes in a half-hour, changed by ten of them or more.
    portions: u64,
    first: UtcSecond,
    last: UtcSecond,
    /// The newest of them, one by one, in order; older ones are only counted.
    latest: Vec<Release>,
}

#[derive(Serialize)]
struct Release {
    at: UtcSecond,
    portions: u64,
    /// Half-hours of the day, from 0, of which it released any.
    half_hours: Vec<usize>,
}

pub(in crate::routes) async fn get(
    _: Operator,
    QueryOf(filter): QueryOf<Filter>,
    State(state): State<AppState>,
) -> Result<Json<Releases>, Problem> {
    let limit = super::limit(filter.limit.as_deref(), LIMIT, LIMIT_MAX)?;
    let days = state.figures.released_days(limit).await?;
    Ok(Json(Releases { days: days.into_iter().map(day).collect() }))
}

fn day(day: ReleasedDay) -> Day {
    let ReleasedDay { date, looks, portions, first, last, latest } = day;
    let release = |KeptLook { at, half_hours, portions, .. }| Release { at, portions, half_hours };
    Day {
        date: date.to_string(),
        releases: looks,
        portions,
        first,
        last,
        latest: latest.into_iter().map(release).collect(),
    }
}
