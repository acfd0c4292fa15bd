//! `GET /api/v1/ops/areas/{code}/exact`

use axum::Json;
use axum::extract::{Path, State};
use metering::AreaCode;
use serde::Deserialize;

use crate::exact::{By, ExactSeries, Question, exact};
use crate::moments::moment;
use crate::problem::Problem;
use crate::routes::QueryOf;
use crate::routes::authorised::Operator;
use crate::state::AppState;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Period {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
}

pub(in crate::routes) async fn get(
    _: Operator,
    Path(code): Path<String>,
    QueryOf(period): QueryOf<Period>,
    State(state): State<AppState>,
) -> Result<Json<ExactSeries>, Problem> {
    let area =
        AreaCode::parse(&code).ok().and_then(|code| state.geography.index_of(&code)).ok_or_else(|| {
            Problem::not_found(format!("There is no area {code:?} in {}.", state.geography.name()))
        })?;
    let zone = crate::exact::time_zone(&state.geography)?;
    let instant = |name, text: Option<&str>| text.map(|text| moment(name, text, &zone)).transpose();
    let (from, to) = (instant("from", period.from.as_deref())?, instant("to", period.to.as_deref())?);
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        return Err(Problem::parameter(
            "to",
            period.to.as_deref().unwrap_or_default(),
            "it has to be after from",
        ));
    }
    let by = match period.by.as_deref() {
        None => By::Day,
        Some(text) => By::parse(text)
            .ok_or_else(|| Problem::parameter("by", text, "allowed are half-hour, day and month"))?,
    };
    Ok(Json(exact(&state, &Question { area, from, to, by }).await?))
}
