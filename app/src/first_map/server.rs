//! Draws the first picture.
//!
//! Every byte here is part of the first load, so there is little: an area is a link around a path
//! whose class gives its colour. Sizes are left to the style sheet: the picture fits its box whatever
//! the box is, and names are placed by per cents beside the SVG, so that they keep their size.

use std::fmt::Write as _;

use geography::{Area, AreaIndex, Geography, LevelIndex};
use metering::api::MapAnswer;

use crate::classes::Fill;
use crate::geometry::mercator::Grid;
use crate::services::Services;
use crate::site::SiteStatus;
use crate::site_map::{Label, LevelInfo, MapHead, Start};
use crate::view_state::{Camera, View};
use crate::words;

/// A level with more areas than this is not drawn into the HTML: it would weigh more than the rest.
const AREAS_MAX: usize = 1500;

/// What the map page begins with.
pub(crate) struct FirstMap {
    /// What its program begins with.
    pub(crate) start: Start,
    /// The picture, as HTML.
    pub(crate) picture: String,
    /// Whom the map rests on, in one line.
    pub(crate) credits: String,
}

/// Draws the map. Without figures there are still outlines.
pub(crate) async fn first_map(services: &Services, view: &View) -> FirstMap {
    let geography = &services.geography;
    let level = first_level(geography, view.level.as_deref());
    let name = geography.level(level).name().to_owned();
    let map = services.figures.map(&name, view.measure, None, None).await;
    let labels = labels(geography);
    let grid = grid(geography);
    let picture = picture(geography, level, map.as_ref().ok(), view, &labels, &grid);
    let status = services.figures.status();
    let credits = credits(&status);
    let start = Start {
        url: view.url(),
        name: geography.name().to_owned(),
        levels: geography.levels().iter().map(level_info).collect(),
        grid,
        labels,
        level: name,
        trouble: map.as_ref().err().map(ToString::to_string).unwrap_or_default(),
        head: map.as_ref().ok().map(MapHead::from),
        age_s: status.heard_s,
        meters: status.meters,
        simulated: status.simulated_homes,
        tile_url: status.tile_url,
    };
    FirstMap { start, picture, credits }
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
    let plural = crate::format::sentence_case(&level.names.plural);
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

fn picture(
    geography: &Geography,
    level: LevelIndex,
    map: Option<&MapAnswer>,
    view: &View,
    labels: &[Label],
    grid: &Grid,
) -> String {
    let mut html = String::with_capacity(200_000);
    // Writing to a String cannot fail.
    let selected = view.area_code().and_then(|code| geography.index_of(&code));
    let _ = write_style(&mut html, view.camera, labels, grid);
    if let Some(index) = selected {
        let _ = write_middle(&mut html, geography.area(index), grid);
    }
    html.push_str("</style>");
    let _ = write!(
        html,
        "<div class=box><svg id=m viewBox=\"0 0 {} {}\" data-level=\"{}\" role=group aria-label=\"{}\">",
        grid.w,
        grid.h,
        escape(geography.level(level).name()),
        escape(words::legend(view.measure)),
    );
    let hatch = grid.w / 150.0;
    let _ = write!(
        html,
        "<pattern id=hatch width={hatch:.0} height={hatch:.0} patternUnits=userSpaceOnUse \
         patternTransform=rotate(45)><path class=hatch d=\"M0 0V{hatch:.0}\" stroke-width={:.0} /></pattern>",
        hatch * 0.55,
    );
    for (place, index) in geography.level(level).indices().enumerate() {
        let _ = write_area(&mut html, geography, index, map, place, view);
    }
    if let Some(path) = selected.map(|index| geography.path(index)) {
        let _ = write!(html, "<path class=halo d=\"{path}\" /><path class=sel d=\"{path}\" />");
    }
    html.push_str("</svg>");
    for (number, (label, crowded)) in labels.iter().zip(crowded(labels, grid)).enumerate() {
        let class = if crowded { " class=crowded" } else { "" };
        let _ = write!(html, "<b id=l{number}{class} aria-hidden=true>{}</b>", escape(&label.text));
    }
    html.push_str("</div>");
    html
}

/// Which names would lie on another one where the picture is as small as on a phone: the style sheet hides them there.
fn crowded(labels: &[Label], grid: &Grid) -> Vec<bool> {
    const WIDTH_PX: f64 = 480.0;
    const LETTER_PX: f64 = 7.0;
    const LINE_PX: f64 = 17.0;
    let mut kept: Vec<(f64, f64, f64)> = Vec::new();
    let mut is_crowded = |label: &Label| {
        let px = |units: i32| f64::from(units) / grid.w * WIDTH_PX;
        let (x, y, half) = (px(label.x), px(label.y), label.text.chars().count() as f64 * LETTER_PX / 2.0);
        let touches =
            |(ox, oy, ohalf): &(f64, f64, f64)| (x - ox).abs() < half + ohalf && (y - oy).abs() < LINE_PX;
        let crowded = kept.iter().any(touches);
        if !crowded {
            kept.push((x, y, half));
        }
        crowded
    };
    labels.iter().map(&mut is_crowded).collect()
}

/// One area: a link to its page that shows its name and figure when pointed at. Out of the tab order,
/// because a thousand stops are none: the list is the keyboard's way to an area.
fn write_area(
    html: &mut String,
    geography: &Geography,
    index: AreaIndex,
    map: Option<&MapAnswer>,
    place: usize,
    view: &View,
) -> std::fmt::Result {
    let area = geography.area(index);
    let figure = map.and_then(|map| map.areas.get(place)).filter(|figure| figure.code == area.code);
    let fill = figure.map_or(Fill::Empty, |figure| {
        Fill::of(figure.status, figure.value, map.map_or(&[], |map| map.classes.as_slice()))
    });
    let measure = view.measure;
    let query =
        if measure == Default::default() { String::new() } else { format!("?measure={}", measure.as_str()) };
    write!(html, "<a href=/area/{}{query} tabindex=-1><title>", area.code)?;
    if let Some(near) = &area.near {
        write!(html, "{} · ", escape(near))?;
    }
    html.push_str(&escape(&area.name));
    if let Some(figure) = figure {
        write!(html, " · {}", words::figure_or_reason(measure, figure.status, figure.value))?;
    }
    write!(html, "</title><path class={} d=\"{}\" /></a>", fill.css(), geography.path(index))
}

/// Where the picture's box and its names are. A style element rather than attributes, so that it can
/// carry the nonce of the content security policy. It is left open.
fn write_style(html: &mut String, camera: Option<Camera>, labels: &[Label], grid: &Grid) -> std::fmt::Result {
    let nonce = leptos::nonce::use_nonce().map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
    write!(html, "<style{nonce}>")?;
    match camera {
        // The whole: as large as fits.
        None => write!(
            html,
            ".box{{width:min(100cqw,{:.4}cqh);aspect-ratio:{}/{}}}",
            grid.w / grid.h * 100.0,
            grid.w,
            grid.h
        )?,
        // A place: at its own scale, around the middle of the window.
        Some(Camera { lat, lng, zoom }) => {
            let placed = grid.placed(lat, lng, zoom, 0.0, 0.0);
            write!(
                html,
                ".map:not(.taken) .fit{{inset:0!important;width:auto!important;height:auto!important}}.box{{width:{:.2}px;height:{:.2}px;left:50%;top:50%;\
                 transform:translate({:.2}px,{:.2}px)}}",
                grid.w * placed.scale,
                grid.h * placed.scale,
                placed.x,
                placed.y
            )?;
        }
    }
    for (number, label) in labels.iter().enumerate() {
        let (left, top) = (f64::from(label.x) / grid.w * 100.0, f64::from(label.y) / grid.h * 100.0);
        write!(html, "#l{number}{{left:{left:.1}%;top:{top:.1}%}}")?;
    }
    write!(html, ".fit{{--ratio:{:.4}}}", grid.w / grid.h)
}

/// Where the open area lies in the picture: on a phone it is put in the middle of what the sheet leaves.
fn write_middle(html: &mut String, area: &Area, grid: &Grid) -> std::fmt::Result {
    let (x, y) = (f64::from(area.label.x) / grid.w, f64::from(area.label.y) / grid.h);
    write!(html, ".fit{{--area-x:{x:.3};--area-y:{y:.3}}}")
}

/// Text for HTML, in elements and in quoted attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
