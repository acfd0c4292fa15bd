//! Where outlines come from: the server's picture in the document, or a file for each level. Either is
//! read in slices, so that the page answers meanwhile.

use js_sys::{Array, Function, Promise, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Response};

use super::scene::Shapes;
use crate::classes::Fill;
use crate::geometry::mercator::Grid;
use crate::geometry::outline::scaled;
use crate::site_map::Label;

/// Milliseconds that a slice may take: far below the 50 that a reader would notice.
const SLICE_MS: f64 = 8.0;

/// Milliseconds since the page was opened.
pub(super) fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

/// Lets the browser do something else.
async fn breathe() {
    let later = Promise::new(&mut |resolve: Function, _| {
        // Without a timer the promise would hang: then it is kept at once.
        if window().set_timeout_with_callback(&resolve).is_err() {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    let _ = JsFuture::from(later).await;
}

/// Breathes when a slice is used up.
struct Slices {
    began: f64,
}

impl Slices {
    fn begin() -> Self {
        Self { began: now_ms() }
    }

    async fn pause(&mut self) {
        if now_ms() - self.began > SLICE_MS {
            breathe().await;
            self.began = now_ms();
        }
    }
}

/// What the server drew.
pub(super) struct Picture {
    pub(super) level: String,
    pub(super) shapes: Shapes,
    pub(super) fills: Vec<Fill>,
}

/// Reads the server's picture back. None where there is none, after a change of page.
pub(super) async fn from_picture(grid: &Grid) -> Option<Picture> {
    let svg = document().get_element_by_id("m")?;
    let level = svg.get_attribute("data-level")?;
    let step = svg.get_attribute("data-step")?.parse().ok()?;
    let links = svg.query_selector_all("a").ok()?;
    let mut picture = Picture { level, shapes: Shapes::new(grid), fills: Vec::new() };
    let mut slices = Slices::begin();
    for number in 0..links.length() {
        slices.pause().await;
        if let Some(link) = links.get(number) {
            add_link(&mut picture, link.unchecked_ref(), step);
        }
    }
    Some(picture)
}

/// Takes an area in. One unit of its path is `step` units of the grid.
fn add_link(picture: &mut Picture, link: &Element, step: i32) -> Option<()> {
    let href = link.get_attribute("href")?;
    let code = href.strip_prefix("/area/")?.split('?').next()?;
    let title = link.first_element_child()?.text_content()?;
    let path = link.last_element_child()?;
    // The title is "near · name · figure", or without what there is none of.
    let mut parts: Vec<&str> = title.split(" · ").collect();
    if parts.len() > 2 || (parts.len() == 2 && parts[1].starts_with(|c: char| c.is_ascii_digit())) {
        parts.pop();
    }
    let (near, name) = match parts[..] {
        [near, name] => (Some(near.to_owned()), name),
        [name, ..] => (None, name),
        [] => return None,
    };
    let before = picture.shapes.list.len();
    let drawn = scaled(&path.get_attribute("d")?, step);
    picture.shapes.add(code.to_owned(), name.to_owned(), near, &drawn);
    if picture.shapes.list.len() > before {
        let class = path.get_attribute("class").unwrap_or_default();
        picture.fills.push(Fill::from_css(&class).unwrap_or(Fill::Empty));
    }
    Some(())
}

async fn fetched(file: &str) -> Option<JsValue> {
    let response = JsFuture::from(window().fetch_with_str(&format!("/geo/{file}.json"))).await.ok()?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.json().ok()?).await.ok()
}

/// Fetches the names of places, the largest first.
pub(super) async fn places() -> Option<Vec<Label>> {
    let places: Array = fetched("places").await?.dyn_into().ok()?;
    let label = |place: JsValue| {
        let place: Array = place.unchecked_into();
        let number = |at| place.get(at).as_f64().map(|number| number as i32);
        Some(Label { text: place.get(0).as_string()?, x: number(1)?, y: number(2)? })
    };
    Some(places.iter().filter_map(label).collect())
}

/// Fetches a level's outlines.
pub(super) async fn from_server(level: &str, grid: &Grid) -> Option<Shapes> {
    let answer = fetched(level).await?;
    let areas: Array = Reflect::get(&answer, &JsValue::from_str("areas")).ok()?.dyn_into().ok()?;
    let mut shapes = Shapes::new(grid);
    let mut slices = Slices::begin();
    for area in areas.iter() {
        slices.pause().await;
        // Code, name, near, the parent's place, label x, label y, path.
        let area: Array = area.unchecked_into();
        let text = |at| area.get(at).as_string();
        if let (Some(code), Some(name), Some(path)) = (text(0), text(1), text(6)) {
            shapes.add(code, name, text(2), &path);
        }
    }
    Some(shapes)
}
