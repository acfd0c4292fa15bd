//! What can be kept or shared of pages: areas side by side as a table or a picture, and an area's picture for where its page is
//! linked to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::error::AppError;
use app::services::PublicFigures;
use axum::Router;
use axum::extract::{FromRef, Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use metering::AreaCode;
use metering::api::{Comparison, Measure};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::public::{NoQuery, Prepared, PublicState, compared_areas, problem};
use super::query::QueryOf;
use crate::csv::quoted;
use crate::pictures;

/// How long such a file may stand, seconds.
const FRESH_S: u32 = 600;

/// Pictures that are kept, of some tens of kilobytes each.
const KEPT: usize = 128;

/// A picture to keep is drawn as finely as screens are today.
const PIXELS: f32 = 2.0;

#[derive(Clone)]
struct Pictures {
    public: PublicState,
    drawn: Arc<Drawn>,
}

struct Drawn {
    /// By what is drawn.
    kept: Mutex<HashMap<String, (Instant, Arc<Prepared>)>>,
    /// One at a time: a picture takes a processor for a while, and pages go first.
    turn: Semaphore,
}

impl FromRef<Pictures> for PublicState {
    fn from_ref(pictures: &Pictures) -> PublicState {
        pictures.public.clone()
    }
}

/// `/preview/{code}.png`, and `/download/compare.csv`, `.svg` and `.png`.
pub(super) fn routes(public: PublicState) -> Router {
    let drawn = Drawn { kept: Mutex::default(), turn: Semaphore::new(1) };
    Router::new()
        .route("/preview/{file}", get(preview))
        .route("/download/compare.csv", get(table))
        .route("/download/compare.svg", get(drawing))
        .route("/download/compare.png", get(picture))
        .with_state(Pictures { public, drawn: Arc::new(drawn) })
}

impl Drawn {
    /// The picture of what `draw` draws; as it was drawn last, if that is not long ago.
    async fn png(
        &self,
        of: String,
        pixels: f32,
        draw: impl AsyncFnOnce() -> Result<String, AppError>,
    ) -> Result<Arc<Prepared>, AppError> {
        let is_fresh =
            |(at, _): &&(Instant, Arc<Prepared>)| at.elapsed() < Duration::from_secs(FRESH_S.into());
        if let Some((_, kept)) = self.kept().get(&of).filter(is_fresh) {
            return Ok(kept.clone());
        }
        let _turn = self.turn.acquire().await;
        if let Some((_, kept)) = self.kept().get(&of).filter(is_fresh) {
            return Ok(kept.clone());
        }
        let svg = draw().await?;
        let drawn = tokio::task::spawn_blocking(move || pictures::png(&svg, pixels)).await;
        let png = drawn
            .map_err(|error| error.to_string())
            .and_then(|drawn| drawn.map_err(|error| error.to_string()));
        let png = png.map_err(|error| {
            tracing::error!(error, "a picture can't be drawn");
            AppError::Internal
        })?;
        let prepared = Arc::new(Prepared::new(png));
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            let oldest = kept.iter().min_by_key(|(_, (at, _))| *at).map(|(of, _)| of.clone());
            oldest.and_then(|of| kept.remove(&of));
        }
        kept.insert(of, (Instant::now(), prepared.clone()));
        Ok(prepared)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, (Instant, Arc<Prepared>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn preview(
    State(Pictures { public, drawn }): State<Pictures>,
    Path(file): Path<String>,
    _: QueryOf<NoQuery>,
    request: Request,
) -> Response {
    let answer = async {
        let no_such = || AppError::NotFound { what: format!("picture called {file}") };
        let code =
            file.strip_suffix(".png").and_then(|code| AreaCode::parse(code).ok()).ok_or_else(no_such)?;
        let geography = public.figures.geography();
        let area = geography.index_of(&code).ok_or_else(no_such)?;
        drawn
            .png(code.to_string(), 1.0, async || {
                let said = public.figures.compare(std::slice::from_ref(&code)).await?;
                pictures::preview(geography, area, &said).ok_or(AppError::Internal)
            })
            .await
    };
    match answer.await {
        Ok(prepared) => prepared.answer(request.headers(), "image/png", FRESH_S),
        Err(error) => problem(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompareQuery {
    #[serde(default)]
    areas: String,
}

/// The areas that are compared: their titles, and what is said of them.
async fn compared(public: &PublicState, areas: &str) -> Result<(Vec<String>, Comparison), AppError> {
    let codes = compared_areas(areas)?;
    let said = public.figures.compare(&codes).await?;
    let geography = public.figures.geography();
    let title = |code: &AreaCode| {
        let index = geography.index_of(code);
        index.map_or_else(|| code.to_string(), |index| geography.title(index).to_owned())
    };
    Ok((codes.iter().map(title).collect(), said))
}

/// As a file to keep.
fn kept(prepared: &Prepared, request: &Request, content_type: &'static str, name: &'static str) -> Response {
    let mut answer = prepared.answer(request.headers(), content_type, FRESH_S);
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    answer
}

/// The areas that are compared, written as a file to keep.
async fn file(
    public: &PublicState,
    areas: &str,
    request: Request,
    (content_type, name): (&'static str, &'static str),
    write: impl FnOnce(&[String], &Comparison) -> String,
) -> Response {
    match compared(public, areas).await {
        Ok((titles, said)) => {
            kept(&Prepared::new(write(&titles, &said).into_bytes()), &request, content_type, name)
        }
        Err(error) => problem(error),
    }
}

async fn table(
    State(public): State<PublicState>,
    QueryOf(query): QueryOf<CompareQuery>,
    request: Request,
) -> Response {
    let kind = ("text/csv; charset=utf-8", "attachment; filename=\"wattmap-compare.csv\"");
    file(&public, &query.areas, request, kind, written).await
}

async fn drawing(
    State(public): State<PublicState>,
    QueryOf(query): QueryOf<CompareQuery>,
    request: Request,
) -> Response {
    let kind = ("image/svg+xml", "attachment; filename=\"wattmap-compare.svg\"");
    file(&public, &query.areas, request, kind, pictures::comparison).await
}

async fn picture(
    State(Pictures { public, drawn }): State<Pictures>,
    QueryOf(query): QueryOf<CompareQuery>,
    request: Request,
) -> Response {
    let answer = async {
        let codes = compared_areas(&query.areas)?;
        let of: Vec<&str> = codes.iter().map(AreaCode::as_str).collect();
        drawn
            .png(format!("compare {}", of.join(",")), PIXELS, async || {
                let (titles, said) = compared(&public, &query.areas).await?;
                Ok(pictures::comparison(&titles, &said))
            })
            .await
    };
    match answer.await {
        Ok(prepared) => {
            kept(&prepared, &request, "image/png", "attachment; filename=\"wattmap-compare.png\"")
        }
        Err(error) => problem(error),
    }
}

/// A row a figure, a column an area: the year's figures, what they cost, the months, and the weekday.
fn written(titles: &[String], said: &Comparison) -> String {
    let mut table = String::from("what,unit");
    titles.iter().for_each(|title| table += &format!(",{}", quoted(title)));
    let mut row = |what: &str, unit: &str, cells: Vec<String>| {
        table += &format!("\n{},{unit},{}", quoted(what), cells.join(","));
    };
    let areas = &said.areas;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    row("code", "", areas.iter().map(|area| area.card.area.code.to_string()).collect());
    for measure in Measure::OWN {
        let figure = |area: &metering::api::ComparedArea| area.card.figure(measure).cloned();
        let values = areas.iter().map(|area| number(figure(area).and_then(|figure| figure.value)));
        row(measure.as_str(), measure.unit(), values.collect());
        let statuses =
            areas.iter().map(|area| figure(area).map_or("", |figure| figure.status.as_str()).to_owned());
        row(&format!("{}_status", measure.as_str()), "", statuses.collect());
    }
    for (at, name) in ["annual_low", "annual_high"].into_iter().enumerate() {
        let bound = areas.iter().map(|area| number(area.annual_range.map(|range| range[at])));
        row(name, Measure::Annual.unit(), bound.collect());
    }
    let currency = said.prices.as_ref().map_or("", |prices| prices.currency.as_str());
    for tariff in areas.iter().find(|area| !area.costs.is_empty()).map_or(&[][..], |area| &area.costs) {
        let cost = |area: &metering::api::ComparedArea| {
            number(area.costs.iter().find(|cost| cost.tariff == tariff.tariff).map(|cost| cost.a_year))
        };
        row(&format!("cost of a year ({})", tariff.name), currency, areas.iter().map(cost).collect());
    }
    for at in 0..areas.iter().map(|area| area.months.series.len()).max().unwrap_or(0) {
        let point = |area: &metering::api::ComparedArea| area.months.series.get(at).cloned();
        let start = areas.iter().find_map(point).map(|point| point.start.to_string()).unwrap_or_default();
        let values = areas.iter().map(|area| number(point(area).and_then(|point| point.kwh_per_home)));
        row(&format!("month from {start}"), "kWh a home", values.collect());
    }
    for at in 0..areas.iter().map(|area| area.profile.half_hours.len()).max().unwrap_or(0) {
        let point = |area: &metering::api::ComparedArea| area.profile.half_hours.get(at).cloned();
        let time = areas.iter().find_map(point).map(|point| point.time).unwrap_or_default();
        let values = areas.iter().map(|area| number(point(area).and_then(|point| point.mean_w)));
        row(&format!("weekday from {time}"), "W", values.collect());
    }
    table + "\n"
}
