//! `GET /api/v1/ops/meters?silent_for=`

use axum::Json;
use axum::extract::State;
use metering::{AreaCode, MeterId, UtcSecond};
use serde::{Deserialize, Serialize};

use crate::moments::span_s;
use crate::problem::Problem;
use crate::routes::QueryOf;
use crate::routes::authorised::Operator;
use crate::state::AppState;

/// Meters of one answer at most, and if nothing is said.
const LIMIT_MAX: usize = 10_000;
const LIMIT: usize = 1000;

/// Meters whose state is read at once.
const AT_ONCE: usize = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Filter {
    /// Only meters that were not heard from for that long.
    silent_for: Option<String>,
    /// Only after this one: how to page.
    after: Option<String>,
    limit: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Page {
    /// Meters that are registered.
    registered: usize,
    /// Of them, those that the filter lets through.
    matching: usize,
    /// In order of name.
    meters: Vec<Meter>,
}

#[derive(Serialize)]
struct Meter {
    meter_id: MeterId,
    area: AreaCode,
    /// The end of its newest reading; none if it never sent one.
    last_heard: Option<UtcSecond>,
    /// How long that is ago, seconds.
    silent_s: Option<i64>,
}

pub(in crate::routes) async fn get(
    _: Operator,
    QueryOf(filter): QueryOf<Filter>,
    State(state): State<AppState>,
) -> Result<Json<Page>, Problem> {
    let silent_for_s = filter.silent_for.as_deref().map(|text| span_s("silent_for", text)).transpose()?;
    let limit = match filter.limit.as_deref() {
        None => LIMIT,
        Some(text) => text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
            Problem::parameter("limit", text, &format!("allowed is a whole number from 1 to {LIMIT_MAX}"))
        })?,
    };
    let now = state.clock.now();
    let registrations = state.ports.figures.registrations().await?;
    let (mut matching, mut meters) = (0, Vec::new());
    for some in registrations.chunks(AT_ONCE) {
        let ids: Vec<MeterId> = some.iter().map(|one| one.meter.clone()).collect();
        let states = state.ports.pipeline.meters(&ids).await?;
        for (registration, meter_state) in some.iter().zip(states) {
            let last_heard = meter_state.hint.map(|hint| hint.end);
            let silent_s = last_heard.map(|end| (now.0 - end.0).max(0));
            // A meter that never sent anything has been silent for longer than any time.
            if silent_for_s.is_some_and(|least| silent_s.is_some_and(|silent| silent < least)) {
                continue;
            }
            matching += 1;
            let after = filter.after.as_deref().is_none_or(|after| registration.meter.as_str() > after);
            if after && meters.len() < limit {
                meters.push(Meter {
                    meter_id: registration.meter.clone(),
                    area: registration.area.clone(),
                    last_heard,
                    silent_s,
                });
            }
        }
    }
    Ok(Json(Page { registered: registrations.len(), matching, meters }))
}
