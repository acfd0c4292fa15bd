//! What the map page begins with.

use geography::{Area, AreaIndex, Geography, LevelIndex};
use metering::UtcSecond;

use super::names::Names;
use super::picture::picture;
use crate::geometry::mercator::{Grid, surroundings};
use crate::services::Services;
use crate::site::SiteStatus;
use crate::site_map::{AREAS_MAX, Label, LevelInfo, MapHead, OpenArea, Start};
use crate::view_state::View;
use crate::words;

/// What the map page begins with.
pub(crate) struct FirstMap {
    /// What its program begins with.
    pub(crate) start: Start,
    /// The picture, as HTML.
    pub(crate) picture: String,
    /// Whom the map rests on, in one line.
    pub(crate) credits: String,
    /// The levels that the first picture can show: what can be chosen without scripts.
    pub(crate) drawable: Vec<LevelInfo>,
}

/// Draws the map. Without figures there are still outlines.
pub(crate) async fn first_map(services: &Services, view: &View) -> FirstMap {
    let geography = &services.geography;
    let level = first_level(geography, view.level.as_deref());
    let name = geography.level(level).name().to_owned();
    let ends = view.ends();
    let [from, to] = [0, 1].map(|end| ends.as_ref().map(|ends| ends[end].as_str()));
    let (map, history) =
        futures::join!(services.figures.map(&name, view.shown(), from, to), services.figures.history());
    let labels = labels(geography);
    let grid = grid(geography);
    let open =
        view.area_code().and_then(|code| geography.index_of(&code)).map(|area| open_area(geography, area));
    let places = places_seen(geography, view, open.as_ref(), &grid);
    let names = Names::new(&labels, &places, open.as_ref(), &grid);
    let areas = services.drawn.html(geography, level, view.shown(), map.as_ref().ok());
    let picture = picture(geography, level, &areas, view, open.as_ref(), &names, &grid);
    let status = services.figures.status();
    let credits = credits(&status);
    let drawable =
        geography.levels().iter().filter(|level| level.len() <= AREAS_MAX).map(level_info).collect();
    let start = Start {
        url: view.url(),
        name: geography.name().to_owned(),
        levels: geography.levels().iter().map(level_info).collect(),
        grid,
        labels,
        level: name,
        trouble: map.as_ref().err().map(ToString::to_string).unwrap_or_default(),
        head: map.as_ref().ok().map(|map| MapHead::of(map, view.days)),
        age_s: status.heard_s,
        as_of: local_time(UtcSecond(status.now.0 - status.heard_s.unwrap_or(0)), geography.time_zone()),
        homes: words::homes(status.real_homes.as_deref(), status.simulated_homes),
        open,
        // Without it there is nothing to choose, and the rest of the page stands.
        history: history.ok().flatten(),
        currency: status.currency,
        tile_url: status.tile_url,
    };
    FirstMap { start, picture, credits, drawable }
}

/// A window is seldom larger than so many pixels to each side of its middle.
const WINDOW_HALF_PX: [f64; 2] = [960.0, 600.0];

/// Names of places in the first picture at most: each is a few bytes of the first load.
const PLACES_MAX: usize = 60;

/// The places whose names the first picture may have, in a window that is not known yet: those around what it shows
/// so close that they can be read.
fn places_seen(geography: &Geography, view: &View, open: Option<&OpenArea>, grid: &Grid) -> Vec<Label> {
    let [west, north, east, south] = match (view.camera, open) {
        (Some(camera), _) => {
            let placed = grid.placed(camera.lat, camera.lng, camera.zoom, 0.0, 0.0);
            let [dx, dy] = WINDOW_HALF_PX;
            let ((west, north), (east, south)) = (placed.to_units(-dx, -dy), placed.to_units(dx, dy));
            [west, north, east, south]
        }
        // A window is wider than what it fits in.
        (None, Some(open)) => {
            let [west, north, east, south] = surroundings(open.bounds);
            let more = (east - west).max(south - north) / 2.0;
            [west - more, north - more, east + more, south + more]
        }
        (None, None) => return Vec::new(),
    };
    let is_seen = |x: i32, y: i32| (west..east).contains(&x.into()) && (north..south).contains(&y.into());
    let places = geography.places().filter(|(_, at)| is_seen(at.x, at.y));
    places.map(|(place, at)| Label { text: place.name.clone(), x: at.x, y: at.y }).take(PLACES_MAX).collect()
}

/// What the map needs to know of an area when it is opened.
pub(crate) fn open_area(geography: &Geography, index: AreaIndex) -> OpenArea {
    let area = geography.area(index);
    let (low, high) = (area.bounds.low, area.bounds.high);
    OpenArea {
        code: area.code.to_string(),
        level: geography.level(area.level).name().to_owned(),
        outline: geography.path(index),
        around: geography.ancestors(index).last().map(|around| geography.fine_path(around)),
        bounds: [low.x, low.y, high.x, high.y],
    }
}

/// `20:45` where the geography's people live; elsewhere the time says that it is not theirs.
pub(crate) fn local_time(now: UtcSecond, zone: &str) -> String {
    let now = now.to_jiff();
    match now.in_tz(zone) {
        Ok(local) => local.strftime("%H:%M").to_string(),
        Err(_) => now.strftime("%H:%M UTC").to_string(),
    }
}

fn credits(status: &SiteStatus) -> String {
    let tiles = status.tile_url.as_ref().and(status.tile_attribution.as_deref());
    let credits = status.attribution.iter().map(String::as_str).chain(tiles).chain(["Leaflet"]);
    credits.collect::<Vec<_>>().join(" · ")
}

/// The level that was asked for, or the finest one that is small enough.
pub(crate) fn first_level(geography: &Geography, wanted: Option<&str>) -> LevelIndex {
    let small = |level: &LevelIndex| geography.level(*level).len() <= AREAS_MAX;
    wanted
        .and_then(|name| geography.level_named(name))
        .filter(small)
        .or_else(|| geography.level_indices().rev().find(small))
        .unwrap_or_else(|| geography.coarsest())
}

fn level_info(level: &geography::Level) -> LevelInfo {
    let plural = crate::format::sentence_case(crate::words::level(&level.names.plural));
    LevelInfo { name: level.name().to_owned(), plural, areas: level.len() }
}

fn grid(geography: &Geography) -> Grid {
    let grid = geography.grid();
    Grid {
        zoom: grid.zoom.into(),
        x: grid.x.into(),
        y: grid.y.into(),
        w: grid.w.max(1).into(),
        h: grid.h.max(1).into(),
    }
}

/// The coarsest level's names, shortened to what people say: `Kingston upon Thames` is `Kingston`.
fn labels(geography: &Geography) -> Vec<Label> {
    let short = |name: &str| {
        let end = [" and ", " upon "].iter().filter_map(|joint| name.find(joint)).min();
        name[..end.unwrap_or(name.len())].to_owned()
    };
    let label = |area: &Area| Label { text: short(&area.name), x: area.label.x, y: area.label.y };
    geography.areas_of(geography.coarsest()).iter().map(label).collect()
}
