//! What the map shows, as files to keep: a table, or areas with their figures.

use app::error::AppError;
use app::services::PublicFigures;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use geography::LevelIndex;
use metering::api::{MapAnswer, Measure};
use serde_json::{Map, Value, json};

use super::public::{NoQuery, Prepared, PublicState, problem};
use super::query::QueryOf;
use crate::csv::quoted;

/// How long such a file may stand, seconds: it is of a moment anyway, and some MB long.
const FRESH_S: u32 = 60;

/// `/download/{level}.csv` and `/download/{level}.geojson`
pub(super) fn route() -> Router<PublicState> {
    Router::new().route("/download/{file}", get(download))
}

#[derive(Clone, Copy)]
enum Kind {
    Csv,
    GeoJson,
}

impl Kind {
    const fn content_type(self) -> &'static str {
        match self {
            Kind::Csv => "text/csv; charset=utf-8",
            Kind::GeoJson => "application/geo+json",
        }
    }
}

async fn download(
    State(state): State<PublicState>,
    Path(file): Path<String>,
    _: QueryOf<NoQuery>,
    request: Request,
) -> Response {
    let (kind, body) = match written(&state, &file).await {
        Ok(written) => written,
        Err(error) => return problem(error),
    };
    let mut answer = Prepared::new(body).answer(request.headers(), kind.content_type(), FRESH_S);
    // The name is one of those that there are: plain letters.
    if let Ok(as_file) = HeaderValue::from_str(&format!("attachment; filename=\"wattmap-{file}\"")) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, as_file);
    }
    answer
}

async fn written(state: &PublicState, file: &str) -> Result<(Kind, Vec<u8>), AppError> {
    let no_such = || AppError::NotFound { what: format!("file called {file}") };
    let (name, kind) = match file.rsplit_once('.') {
        Some((name, "csv")) => (name, Kind::Csv),
        Some((name, "geojson")) => (name, Kind::GeoJson),
        _ => return Err(no_such()),
    };
    let level = state.figures.geography().level_named(name).ok_or_else(no_such)?;
    let mut maps = Vec::new();
    for measure in Measure::OWN {
        maps.push(state.figures.map(name, measure, None, None).await?);
    }
    let body = match kind {
        Kind::Csv => table(state, level, &maps).into_bytes(),
        Kind::GeoJson => features(state, level, &maps)?,
    };
    Ok((kind, body))
}

/// `annual_kwh`, as a column or a property is called.
fn named(measure: Measure) -> String {
    let unit = match measure.unit() {
        "%" => "percent".to_owned(),
        unit => unit.to_lowercase(),
    };
    format!("{}_{unit}", measure.as_str())
}

fn table(state: &PublicState, level: LevelIndex, maps: &[MapAnswer]) -> String {
    let geography = state.figures.geography();
    let of_figures = |map: &MapAnswer| {
        let (name, measure) = (named(map.measure), map.measure.as_str());
        format!(",{name},{measure}_status,{measure}_shown_for")
    };
    let heads: String = maps.iter().map(of_figures).collect();
    let mut table = format!("code,name,near,within{heads},from,to,as_of\n");
    for (place, area) in geography.areas_of(level).iter().enumerate() {
        let within = area.parent.map_or("", |around| geography.area(around).code.as_str());
        let near = area.near.as_deref().unwrap_or_default();
        let texts = [area.code.as_str(), &area.name, near, within].map(quoted);
        table.push_str(&texts.join(","));
        for figure in maps.iter().map(|map| &map.areas[place]) {
            let value = figure.value.map(|value| value.to_string()).unwrap_or_default();
            let shown_for = figure.shown_for.as_ref().map_or("", |code| code.as_str());
            table.push_str(&format!(",{value},{},{shown_for}", figure.status.as_str()));
        }
        let of = &maps[0];
        table.push_str(&format!(",{},{},{}\n", of.from, of.to, of.as_of));
    }
    table
}

fn features(state: &PublicState, level: LevelIndex, maps: &[MapAnswer]) -> Result<Vec<u8>, AppError> {
    let internal = |error: serde_json::Error| {
        tracing::error!(%error, "a download can't be written");
        AppError::Internal
    };
    let mut collection: Map<String, Value> =
        serde_json::from_slice(state.geojson(level)).map_err(internal)?;
    let features = collection.get_mut("features").and_then(Value::as_array_mut).ok_or(AppError::Internal)?;
    for (place, feature) in features.iter_mut().enumerate() {
        let properties = feature.get_mut("properties").and_then(Value::as_object_mut);
        let properties = properties.ok_or(AppError::Internal)?;
        for map in maps {
            let (figure, measure) = (&map.areas[place], map.measure.as_str());
            properties.insert(named(map.measure), json!(figure.value));
            properties.insert(format!("{measure}_status"), json!(figure.status));
            if let Some(wider) = &figure.shown_for {
                properties.insert(format!("{measure}_shown_for"), json!(wider));
            }
        }
    }
    let whose = state.figures.status().attribution;
    collection.insert("attribution".to_owned(), json!(whose.join(" · ")));
    let of = &maps[0];
    collection.extend([
        ("from".to_owned(), json!(of.from)),
        ("to".to_owned(), json!(of.to)),
        ("as_of".to_owned(), json!(of.as_of)),
    ]);
    serde_json::to_vec(&collection).map_err(internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_after_measure_and_unit() {
        let names = Measure::OWN.map(named);
        assert_eq!(names, ["annual_kwh", "now_w", "night_share_percent", "evening_share_percent"]);
    }
}
