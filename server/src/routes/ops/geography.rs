//! `PUT` and `DELETE /api/v1/ops/geography`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use geography::Geography;

use super::packed::Packed;
use crate::imported_geography::{NextGeography, london, replace};
use crate::problem::Problem;
use crate::routes::authorised::Operator;
use crate::routes::query::{DryRun, QueryOf};
use crate::state::AppState;

/// Bytes of a request's body, as sent.
pub(in crate::routes) const PACKED_MAX: usize = 64 << 20;

/// Bytes of the geography, unpacked: all small areas of a large country.
const UNPACKED_MAX: u64 = 256 << 20;

/// A geography as `wattmap import geography --out` writes one, gzipped or not: the next start shows it. With
/// `dry_run=true` it is only looked at.
pub(in crate::routes) async fn put(
    _: Operator,
    State(state): State<AppState>,
    QueryOf(DryRun { dry_run }): QueryOf<DryRun>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<NextGeography>, Problem> {
    let packed = Packed::new(&headers, body)?;
    let (geography, bytes) = tokio::task::spawn_blocking(move || understand(&packed))
        .await
        .map_err(|error| Problem::internal(&error))??;
    Ok(Json(replace(&state.ports, &geography, Some(bytes), dry_run).await?))
}

/// The one that was imported is forgotten: the next start shows London, which comes with the program.
pub(in crate::routes) async fn delete(
    _: Operator,
    State(state): State<AppState>,
    QueryOf(DryRun { dry_run }): QueryOf<DryRun>,
) -> Result<Json<NextGeography>, Problem> {
    let london = london().await.map_err(|error| Problem::internal(&error))?;
    Ok(Json(replace(&state.ports, &london, None, dry_run).await?))
}

fn understand(packed: &Packed) -> Result<(Geography, Vec<u8>), Problem> {
    let bytes = packed.unpacked(UNPACKED_MAX)?;
    let geography = Geography::from_bytes(&bytes).map_err(|error| {
        let what = "The body is not a geography as `wattmap import geography --out FILE` writes one";
        Problem::new(StatusCode::BAD_REQUEST, format!("{what}: {error}."))
    })?;
    Ok((geography, bytes))
}
