//! `PUT /api/v1/ops/statistics/{year}`

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use metering::statistics::YearStatistics;

use super::packed::Packed;
use crate::problem::Problem;
use crate::routes::authorised::Operator;
use crate::routes::query::{DryRun, QueryOf};
use crate::state::AppState;
use crate::statistics::{Stored, problem, put as store};

/// Bytes of a request's body, as sent.
pub(in crate::routes) const PACKED_MAX: usize = 16 << 20;

/// Bytes of the JSON, unpacked: some hundred for each area.
const UNPACKED_MAX: u64 = 64 << 20;

/// Published figures of a year and whom they are from, as JSON, gzipped or not. They take the place of those of the same areas.
/// Figures of areas that are not on the map are refused, and named; with `dry_run=true` all is only looked at.
pub(in crate::routes) async fn put(
    _: Operator,
    State(state): State<AppState>,
    Path(year): Path<String>,
    QueryOf(DryRun { dry_run }): QueryOf<DryRun>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Stored>, Problem> {
    let year: u16 =
        year.parse().map_err(|_| Problem::parameter("year", &year, "allowed is a year, such as 2019"))?;
    let packed = Packed::new(&headers, body)?;
    let statistics = tokio::task::spawn_blocking(move || understand(year, &packed))
        .await
        .map_err(|error| Problem::internal(&error))??;
    let documents = state.ports.documents.as_ref();
    Ok(Json(store(documents, &state.geography, year, statistics, dry_run).await?))
}

fn understand(year: u16, packed: &Packed) -> Result<YearStatistics, Problem> {
    let text = packed.unpacked(UNPACKED_MAX)?;
    let statistics: YearStatistics =
        serde_json::from_slice(&text).map_err(|error| Problem::not_json(&error, &text))?;
    match problem(year, &statistics) {
        Some(why) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)),
        None => Ok(statistics),
    }
}
