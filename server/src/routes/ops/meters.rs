//! `GET /api/v1/ops/meters?silent_for=`

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use engine::RawQuery;
use metering::stored::{RawVersion, RegistrationVersion};
use metering::time::LONGEST_READING_S;
use metering::{AreaCode, MeterId, UtcSecond};
use pipeline::HINT_STEP_S;
use serde::{Deserialize, Serialize};

use crate::moments::span_s;
use crate::problem::Problem;
use crate::routes::QueryOf;
use crate::routes::authorised::Operator;
use crate::state::AppState;

/// Meters of one answer at most, and if nothing is said.
pub(crate) const LIMIT_MAX: usize = 10_000;
const LIMIT: usize = 1000;

/// Meters whose state is read at once.
const AT_ONCE: usize = 2000;

/// Within this time most meters have sent something.
const OFTEN_S: i64 = 2 * 3600;

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
    let limit = super::limit(filter.limit.as_deref(), LIMIT, LIMIT_MAX)?;
    let now = state.clock.now();
    let registrations = state.ports.figures.registrations().await?;
    let (mut matching, mut page) = (0, Vec::new());
    for some in registrations.chunks(AT_ONCE) {
        let ids: Vec<MeterId> = some.iter().map(|one| one.meter.clone()).collect();
        let states = state.ports.pipeline.meters(&ids).await?;
        let hints = states.into_iter().map(|state| state.hint.map(|hint| hint.end));
        let met: Vec<Met<'_>> = some.iter().zip(hints).collect();
        let heard = match silent_for_s {
            Some(least) => heard_after(&state, &met, UtcSecond(now.0 - least)).await?,
            None => HashSet::new(),
        };
        for (registration, hint_end) in met {
            if heard.contains(&registration.meter) {
                continue;
            }
            matching += 1;
            let after = filter.after.as_deref().is_none_or(|after| registration.meter.as_str() > after);
            if after && page.len() < limit {
                page.push((registration, hint_end));
            }
        }
    }
    let last_heard = newest_ends(&state, &page).await?;
    let meters = page.into_iter().zip(last_heard).map(|((registration, _), last_heard)| Meter {
        meter_id: registration.meter.clone(),
        area: registration.area.clone(),
        last_heard,
        silent_s: last_heard.map(|end| (now.0 - end.0).max(0)),
    });
    Ok(Json(Page { registered: registrations.len(), matching, meters: meters.collect() }))
}

/// A meter, and the end of its hint: when it was heard from at the latest.
type Met<'a> = (&'a RegistrationVersion, Option<UtcSecond>);

/// Those that have a reading that ended after an instant.
async fn heard_after(state: &AppState, met: &[Met<'_>], at: UtcSecond) -> Result<HashSet<MeterId>, Problem> {
    let (mut heard, mut unsure) = (HashSet::new(), Vec::new());
    for &(registration, hint_end) in met {
        let Some(to) = hint_end.filter(|&end| end > at) else { continue };
        let meter = registration.meter.clone();
        // A hint is written only by what ends in the last step before its end.
        if to.0 - HINT_STEP_S >= at.0 {
            heard.insert(meter);
        } else {
            unsure.push(RawQuery { meter, from: UtcSecond(at.0 - LONGEST_READING_S), to });
        }
    }
    let found = state.ports.pipeline.raw(&unsure).await?;
    let sure = unsure.into_iter().zip(found).filter(|(_, versions)| newest_end(versions) > Some(at));
    heard.extend(sure.map(|(query, _)| query.meter));
    Ok(heard)
}

/// When the newest reading of each ended. Most report often, so a short while is looked at first.
async fn newest_ends(state: &AppState, met: &[Met<'_>]) -> Result<Vec<Option<UtcSecond>>, Problem> {
    let now = state.clock.now().0;
    let mut ends: Vec<Option<UtcSecond>> = vec![None; met.len()];
    for back_s in [OFTEN_S, HINT_STEP_S + LONGEST_READING_S] {
        let open = met.iter().enumerate().filter(|&(n, _)| ends[n].is_none());
        let asked: Vec<(usize, RawQuery)> = open
            .filter_map(|(n, &(registration, hint_end))| {
                let to = hint_end?;
                // Of today's hint the end is still to come.
                let from = UtcSecond(to.0.min(now) - back_s);
                Some((n, RawQuery { meter: registration.meter.clone(), from, to }))
            })
            .collect();
        let queries: Vec<RawQuery> = asked.iter().map(|(_, query)| query.clone()).collect();
        let found = state.ports.pipeline.raw(&queries).await?;
        for ((n, _), versions) in asked.iter().zip(found) {
            ends[*n] = newest_end(&versions);
        }
    }
    // What readings are not kept of any more was heard by then.
    let by = |hint_end: &Option<UtcSecond>| hint_end.map(|end| UtcSecond(end.0.min(now)));
    Ok(ends.into_iter().zip(met).map(|(end, (_, hint_end))| end.or(by(hint_end))).collect())
}

fn newest_end(versions: &[RawVersion]) -> Option<UtcSecond> {
    versions.iter().map(|version| version.interval.end()).max()
}
