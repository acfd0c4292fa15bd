//! Takes the map over: from the server's picture to a map that moves, in place.

use std::cell::RefCell;
use std::rc::Rc;

use leaflet::{LatLng, Map, MapOptions, TileLayer};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, Path2d};

use self::draw::redraw;
use self::scene::Figures;
use self::stage::{Outlines, Shared, Stage};
use crate::geometry::outline::Outline;
use crate::page::{Command, Page};
use crate::reactive::watch;
use crate::site_map::OpenArea;
use crate::view_state::Camera;

mod draw;
mod events;
mod interop;
mod labels;
mod load;
mod palette;
mod scene;
mod stage;
mod surface;

/// How far in the map goes.
const ZOOM_MAX: f64 = 17.0;

type Holder = StoredValue<Option<Shared>, LocalStorage>;

/// Takes the map over as soon as its element is there. Without Leaflet's script the picture stays.
pub(crate) fn take_over(page: Page, element: NodeRef<Div>) {
    let holder: Holder = StoredValue::new_local(None);
    let ready = RwSignal::new(false);
    watch(move || {
        if let Some(element) = element.get()
            && interop::has_leaflet()
            && holder.with_value(Option::is_none)
            && let Some(stage) = set_up(page, element.unchecked_ref())
        {
            holder.set_value(Some(stage.clone()));
            spawn_local(async move {
                begin(&stage).await;
                ready.set(true);
            });
        }
    });
    follow(page, holder, ready);
}

/// Makes Leaflet's map where the picture is, at the same place and scale.
fn set_up(page: Page, element: &HtmlElement) -> Option<Shared> {
    let (grid, levels) = page.start.with_value(|start| (start.grid, start.levels.len()));
    let options = MapOptions::new();
    options.set_zoom_control(false);
    options.set_attribution_control(false);
    options.set_zoom_snap(0.0);
    options.set_zoom_delta(1.0);
    options.set_wheel_px_per_zoom_level(110.0);
    options.set_zoom_animation(!stage::still());
    options.set_inertia(!stage::still());
    options.set_keyboard(true);
    let map = Map::new_with_element(element, &options).ok()?;
    // A place to begin with: measures of the window need one. So far in that the limits, which come next, do not make
    // Leaflet zoom: that would be a slow way to somewhere else.
    let (lat, lng) = grid.degrees(grid.w / 2.0, grid.h / 2.0);
    map.set_view(&LatLng::new(lat, lng), ZOOM_MAX);
    let stage = Stage::new(page, map.clone(), grid, levels)?;
    map.set_min_zoom(stage.zoom_min());
    map.set_max_zoom(ZOOM_MAX);
    let Camera { lat, lng, zoom } = page.camera.get_value().unwrap_or_else(|| stage.home());
    Stage::go_at_once(&map, Camera { lat, lng, zoom });
    if let Some(url) = page.start.with_value(|start| start.tile_url.clone()) {
        map.add_layer(&TileLayer::new(&url));
        let _ = stage.pane.class_list().add_1("over-tiles");
    }
    Some(Rc::new(RefCell::new(stage)))
}

/// Draws the first picture from what the server's picture says, then lets it go.
async fn begin(stage: &Shared) {
    let (page, grid) = {
        let stage = stage.borrow();
        (stage.page, stage.grid)
    };
    if let Some(picture) = load::from_picture(&grid).await {
        let mut stage = stage.borrow_mut();
        if let Some(level) = stage.number_of(&picture.level) {
            let drawn =
                page.start.with_value(|start| start.head.as_ref().map(|head| (head.measure, head.days)));
            let (measure, days) =
                drawn.unwrap_or_else(|| (page.measure.get_untracked(), page.days.get_untracked()));
            if let Some(scene) = stage.levels.get_mut(level) {
                scene.shapes = Some(picture.shapes);
                scene.figures = Some(Figures::drawn(measure, days, picture.fills));
            }
            stage.shown = Some(level);
        }
        stage.selected = page.area.get_untracked();
    }
    page.here.set_value(Some(stage.borrow().camera()));
    redraw(stage, false);
    events::listen(stage);
    events::name_places(stage);
    events::when_drawn(stage);
    // The whole begins with the level that the server drew; a place or an area in a link has its own.
    if page.camera.get_value().is_some() || page.area.get_untracked().is_some() {
        events::choose_level(stage);
    }
}

/// Follows what the page's state says.
fn follow(page: Page, holder: Holder, ready: RwSignal<bool>) {
    let stage = move || ready.get().then(|| holder.with_value(Clone::clone)).flatten();
    watch(move || {
        // Outlines that could not be had are asked for again when the figures are.
        let (level, _) = (page.level.get(), page.refresh.get());
        if let Some(stage) = stage() {
            want(&stage, &level, page);
        }
    });
    watch(move || {
        let figures = page.figures.get();
        if let (Some(stage), Some(map)) = (stage(), figures) {
            stage.borrow_mut().set_figures(&map);
            redraw(&stage, true);
        }
    });
    watch(move || {
        let _ = (page.measure.get(), page.days.get(), page.slow.get(), page.trouble.get());
        if let Some(stage) = stage() {
            redraw(&stage, true);
        }
    });
    watch(move || {
        let changed = page.live.frame.with(|frame| {
            let (frame, stage) = (frame.as_ref()?, stage()?);
            let changed = stage.borrow_mut().update(&frame.level, &frame.areas);
            changed.then_some(stage)
        });
        if let Some(stage) = changed {
            redraw(&stage, true);
        }
    });
    watch(move || {
        let area = page.area.get();
        if let Some(stage) = stage() {
            let is_other = {
                let mut stage = stage.borrow_mut();
                stage.open = page.open.with_untracked(|open| {
                    open.as_ref().filter(|open| area.as_ref() == Some(&open.code)).map(outlines)
                });
                let before = std::mem::replace(&mut stage.selected, area);
                stage.draw_overlay();
                before != stage.selected
            };
            // The cards move in the next frame, and what the short address would show is another place then.
            if is_other {
                request_animation_frame(move || events::tell_address(&stage));
            }
        }
    });
    watch(move || {
        let open = page.open.get();
        if let (Some(stage), Some(open)) = (stage(), open) {
            outline(&stage, &open, page);
        }
    });
    watch(move || {
        if let (Some(command), Some(stage)) = (page.command.get(), stage()) {
            obey(&stage, command);
        }
    });
}

/// Loads a level if it is not there, and shows it when its figures are.
fn want(stage: &Shared, level: &str, page: Page) {
    {
        let mut stage = stage.borrow_mut();
        let Some(number) = stage.number_of(level) else { return };
        stage.wanted = number;
    }
    load_if_missing(stage, level, page);
    redraw(stage, true);
}

fn load_if_missing(stage: &Shared, level: &str, page: Page) {
    let missing = stage.borrow().number_of(level).filter(|number| stage.borrow().lacks(*number));
    if let Some(number) = missing {
        let (stage, level) = (stage.clone(), level.to_owned());
        spawn_local(async move { load_level(&stage, number, &level, page).await });
    }
}

async fn load_level(stage: &Shared, number: usize, level: &str, page: Page) {
    let grid = {
        let mut stage = stage.borrow_mut();
        stage.set_loading(number, true);
        stage.grid
    };
    let shapes = load::from_server(level, &grid).await;
    {
        let mut stage = stage.borrow_mut();
        stage.set_loading(number, false);
        let Some(shapes) = shapes else { return };
        stage.set_shapes(number, shapes);
        // Figures that came before the outlines.
        if let Some(map) = page.figures.get_untracked() {
            stage.set_figures(&map);
        }
    }
    redraw(stage, true);
}

/// Outlines the open area and what it is held against; its level is loaded if need be.
fn outline(stage: &Shared, open: &OpenArea, page: Page) {
    load_if_missing(stage, &open.level, page);
    // An answer that comes late is of an area that is closed again.
    if page.area.with_untracked(|area| area.as_ref() == Some(&open.code)) {
        let mut stage = stage.borrow_mut();
        stage.open = Some(outlines(open));
        stage.draw_overlay();
    }
}

fn outlines(open: &OpenArea) -> Outlines {
    let path = |text: &str| Path2d::new_with_path_string(text).ok();
    Outlines {
        own: path(&open.outline),
        outline: Outline::parse(&open.outline),
        around: open.around.as_deref().and_then(path),
    }
}

fn obey(stage: &Shared, command: Command) {
    match command {
        Command::Zoom(steps) => {
            let map = stage.borrow().map.clone();
            map.set_zoom(map.get_zoom() + steps);
        }
        Command::Whole => {
            let (map, whole) = {
                let stage = stage.borrow();
                (stage.map.clone(), stage.whole())
            };
            Stage::go(&map, whole);
        }
        Command::Place(camera) => {
            let stage = stage.clone();
            // The cards follow the address, too: what is free beside them is known in the next frame. And at once:
            // who steps through the history must not meet the end of a flight that began some steps before.
            request_animation_frame(move || {
                let (map, camera) = {
                    let stage = stage.borrow();
                    (stage.map.clone(), camera.unwrap_or_else(|| stage.home()))
                };
                Stage::go_at_once(&map, camera);
            });
        }
        Command::Reveal { code, level } => {
            let stage = stage.clone();
            spawn_local(async move { reveal(&stage, &code, &level).await });
        }
    }
}

/// Goes to an area, loading its level first if need be.
async fn reveal(stage: &Shared, code: &str, level: &str) {
    let (number, page) = {
        let stage = stage.borrow();
        (stage.number_of(level), stage.page)
    };
    let known = stage.borrow().find(code).is_some();
    if let (Some(number), false) = (number, known) {
        load_level(stage, number, level, page).await;
    }
    let target = {
        let stage = stage.borrow();
        stage.camera_of(code).map(|camera| (stage.map.clone(), camera))
    };
    if let Some((map, camera)) = target {
        Stage::go(&map, camera);
    }
}

/// A listener of Leaflet's. It is the map's: both go when the page is left.
fn on<E: JsCast + 'static>(map: &Map, name: &str, mut handler: impl FnMut(E) + 'static) {
    let closure = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| handler(event.unchecked_into()));
    map.on(name, closure.as_ref());
    closure.forget();
}
