//! The public reads: no key, cacheable, every figure past disclosure control.

use std::sync::Arc;
use std::time::Duration;

use app::error::AppError;
use app::household::EstimateQuery;
use app::services::{COMPARED_MAX, PublicFigures};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use geography::LevelIndex;
use metering::AreaCode;
use metering::api::Measure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::query::QueryOf;
use crate::config::Web;
use crate::figures::FiguresService;
use crate::problem::Problem;

/// How long a browser may show figures over days without asking again, seconds.
const FIGURES_FRESH_S: u32 = 5;

/// The same for what homes draw now: `/live` is ahead of an answer that is a few seconds old, and goes on from there.
const NOW_FRESH_S: u32 = 0;

/// The same for areas and their outlines, which change with the geography alone.
const AREAS_FRESH_S: u32 = 3600;

/// Areas and outlines of every level, and what the API is, made once.
struct Outlines {
    geojson: Vec<Prepared>,
    shapes: Vec<Prepared>,
    places: Prepared,
    description: Prepared,
}

/// A body with its entity tag.
pub(super) struct Prepared {
    body: axum::body::Bytes,
    tag: HeaderValue,
}

impl Prepared {
    pub(super) fn new(body: Vec<u8>) -> Self {
        let digest = Sha256::digest(&body);
        let hex: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Prepared { body: body.into(), tag }
    }

    /// The body, or 304 where the client has it.
    pub(super) fn answer(&self, headers: &HeaderMap, content_type: &'static str, fresh_s: u32) -> Response {
        let known =
            headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).is_some_and(|tags| {
                tags == "*"
                    || tags
                        .split(',')
                        .any(|tag| Some(tag.trim().trim_start_matches("W/")) == self.tag.to_str().ok())
            });
        let cache = format!("public, max-age={fresh_s}");
        let caching = [(header::ETAG, self.tag.clone()), (header::CACHE_CONTROL, header_value(&cache))];
        if known {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        (caching, [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], self.body.clone())
            .into_response()
    }
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[derive(Clone)]
pub(super) struct PublicState {
    pub(super) figures: Arc<FiguresService>,
    outlines: Arc<Outlines>,
}

impl PublicState {
    /// A level's areas with their outlines.
    pub(super) fn geojson(&self, level: LevelIndex) -> &[u8] {
        &self.outlines.geojson[level.0 as usize].body
    }
}

/// All public reads.
pub(super) fn routes(figures: Arc<FiguresService>, description: &Value, web: &Web) -> Router {
    let geography = figures.geography();
    let outlines = Outlines {
        geojson: geography
            .level_indices()
            .map(|level| Prepared::new(geography.geojson(level).into_bytes()))
            .collect(),
        shapes: geography
            .level_indices()
            .map(|level| Prepared::new(geography.shapes_json(level).into_bytes()))
            .collect(),
        places: Prepared::new(geography.places_json().into_bytes()),
        description: Prepared::new(description.to_string().into_bytes()),
    };
    let state = PublicState { figures, outlines: Arc::new(outlines) };
    let pictures = super::pictures::routes(state.clone());
    let embedded = super::embed::routes(state.clone(), &web.embed_origins, web.public_url.as_deref());
    Router::new()
        .route("/api/v1/areas", get(areas))
        .route("/api/v1/areas/{code}", get(card))
        .route("/api/v1/areas/{code}/consumption", get(consumption))
        .route("/api/v1/areas/{code}/profile", get(profile))
        .route("/api/v1/map", get(map))
        .route("/api/v1/compare", get(compare))
        .route("/api/v1/estimate", get(estimate))
        .route("/api/v1/search", get(search))
        .route("/api/v1/openapi.json", get(openapi))
        .merge(super::downloads::route())
        .route("/geo/places.json", get(places))
        .route("/geo/{level}", get(shapes))
        .with_state(state)
        .merge(pictures)
        .merge(embedded)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AreasQuery {
    level: Option<String>,
}

async fn areas(
    State(state): State<PublicState>,
    QueryOf(query): QueryOf<AreasQuery>,
    request: Request,
) -> Response {
    match level_of(&state, query.level.as_deref()) {
        Ok(level) => {
            let prepared = &state.outlines.geojson[level.0 as usize];
            prepared.answer(request.headers(), "application/geo+json", AREAS_FRESH_S)
        }
        Err(error) => problem(error),
    }
}

/// `/geo/{level}.json`: outlines for the page's own map.
async fn shapes(State(state): State<PublicState>, Path(file): Path<String>, request: Request) -> Response {
    match level_of(&state, Some(file.strip_suffix(".json").unwrap_or(&file))) {
        Ok(level) => {
            let prepared = &state.outlines.shapes[level.0 as usize];
            prepared.answer(request.headers(), "application/json", AREAS_FRESH_S)
        }
        Err(error) => problem(error),
    }
}

async fn openapi(State(state): State<PublicState>, request: Request) -> Response {
    state.outlines.description.answer(request.headers(), "application/json", AREAS_FRESH_S)
}

/// `/geo/places.json`: names for the page's own map.
async fn places(State(state): State<PublicState>, request: Request) -> Response {
    state.outlines.places.answer(request.headers(), "application/json", AREAS_FRESH_S)
}

fn level_of(state: &PublicState, name: Option<&str>) -> Result<LevelIndex, AppError> {
    let geography = state.figures.geography();
    let name = name.unwrap_or_else(|| geography.level(geography.coarsest()).name());
    geography.level_named(name).ok_or_else(|| {
        let names: Vec<&str> = geography.levels().iter().map(geography::Level::name).collect();
        AppError::refused("level", name, format!("allowed are {}", names.join(", ")))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapQuery {
    level: Option<String>,
    measure: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

async fn map(
    State(state): State<PublicState>,
    QueryOf(query): QueryOf<MapQuery>,
    request: Request,
) -> Response {
    let of_now = query.measure.as_deref() == Some(Measure::Now.as_str());
    let answer = async {
        let level = level_of(&state, query.level.as_deref())?;
        let level = state.figures.geography().level(level).name().to_owned();
        let measure = match query.measure.as_deref() {
            None => Measure::default(),
            Some(text) => Measure::parse(text).ok_or_else(|| {
                let names: Vec<&str> = Measure::ALL.iter().map(|measure| measure.as_str()).collect();
                AppError::refused("measure", text, format!("allowed are {}", names.join(", ")))
            })?,
        };
        state.figures.map(&level, measure, query.from.as_deref(), query.to.as_deref()).await
    };
    json_for(answer.await, request.headers(), if of_now { NOW_FRESH_S } else { FIGURES_FRESH_S })
}

/// Of what has no parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

async fn card(
    State(state): State<PublicState>,
    Path(code): Path<String>,
    _: QueryOf<NoQuery>,
    request: Request,
) -> Response {
    let answer = async { state.figures.card(&area_code(&code)?).await };
    json(answer.await, request.headers())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsumptionQuery {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
}

async fn consumption(
    State(state): State<PublicState>,
    Path(code): Path<String>,
    QueryOf(query): QueryOf<ConsumptionQuery>,
    request: Request,
) -> Response {
    let answer = async {
        let by = query.by.as_deref().unwrap_or("day");
        state.figures.consumption(&area_code(&code)?, query.from.as_deref(), query.to.as_deref(), by).await
    };
    json(answer.await, request.headers())
}

/// How long a program waits for how homes differ: hundreds of homes' readings may have to be read.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileQuery {
    month: Option<String>,
    day: Option<String>,
}

async fn profile(
    State(state): State<PublicState>,
    Path(code): Path<String>,
    QueryOf(query): QueryOf<ProfileQuery>,
    request: Request,
) -> Response {
    let answer = async {
        let day = query.day.as_deref().unwrap_or("weekday");
        state.figures.typical_day(&area_code(&code)?, query.month.as_deref(), day, PATIENCE).await
    };
    json(answer.await, request.headers())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompareQuery {
    #[serde(default)]
    areas: String,
}

async fn compare(
    State(state): State<PublicState>,
    QueryOf(query): QueryOf<CompareQuery>,
    request: Request,
) -> Response {
    let answer = async {
        let areas = compared_areas(&query.areas)?;
        state.figures.compare(&areas).await
    };
    json(answer.await, request.headers())
}

/// Codes of areas to be compared, as they stand in a URL.
pub(super) fn compared_areas(text: &str) -> Result<Vec<AreaCode>, AppError> {
    let texts: Vec<&str> = text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
    if !(1..=COMPARED_MAX).contains(&texts.len()) {
        let rule = format!("allowed are 1 to {COMPARED_MAX} codes, such as E09000012,E09000007");
        return Err(AppError::refused("areas", text, rule));
    }
    texts.into_iter().map(area_code).collect()
}

async fn estimate(
    State(state): State<PublicState>,
    QueryOf(query): QueryOf<EstimateQuery>,
    request: Request,
) -> Response {
    let answer = async {
        let household = query.household()?;
        let area = query.area.as_deref().unwrap_or_default();
        if area.is_empty() {
            return Err(AppError::refused("area", area, "allowed is the code of an area, such as E09000012"));
        }
        query.only_its_tariff(state.figures.estimate(&area_code(area)?, &household).await?)
    };
    json(answer.await, request.headers())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    #[serde(default)]
    q: String,
}

async fn search(
    State(state): State<PublicState>,
    QueryOf(query): QueryOf<SearchQuery>,
    request: Request,
) -> Response {
    json(Ok(state.figures.search(&query.q)), request.headers())
}

fn area_code(text: &str) -> Result<AreaCode, AppError> {
    AreaCode::parse(text).map_err(|_| AppError::NotFound { what: format!("area called {text}") })
}

fn json<T: Serialize>(answer: Result<T, AppError>, headers: &HeaderMap) -> Response {
    json_for(answer, headers, FIGURES_FRESH_S)
}

fn json_for<T: Serialize>(answer: Result<T, AppError>, headers: &HeaderMap, fresh_s: u32) -> Response {
    match answer.map(|answer| serde_json::to_vec(&answer)) {
        Ok(Ok(body)) => Prepared::new(body).answer(headers, "application/json", fresh_s),
        Ok(Err(error)) => {
            tracing::error!(%error, "an answer can't be written");
            problem(AppError::Internal)
        }
        Err(error) => problem(error),
    }
}

pub(super) fn problem(error: AppError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = Problem::new(status, error.to_string()).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}
