//! What the reader does with the map.

use std::rc::Rc;

use leaflet::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, KeyboardEvent};

use super::draw::redraw;
use super::interop::ZoomAnimation;
use super::stage::{Places, Shared, Stage};
use super::surface::class;
use super::{load, on};
use crate::format::fixed;
use crate::geometry::names::PLACES_ZOOM;
use crate::page::Hover;

/// Between the pointer and the card that follows it.
const TOOLTIP_GAP_PX: f64 = 14.0;

/// Listens to all of it.
pub(super) fn listen(stage: &Shared) {
    let map = stage.borrow().map.clone();
    let with = |handle: fn(&Shared)| {
        let weak = Rc::downgrade(stage);
        move |_: JsValue| {
            if let Some(stage) = weak.upgrade() {
                handle(&stage);
            }
        }
    };
    on(&map, "movestart", with(|stage| leave(&mut stage.borrow_mut())));
    on(&map, "zoomstart", with(|stage| stage.borrow_mut().begin_zoom()));
    on(&map, "zoom", with(place));
    on(&map, "viewreset", with(place));
    on(&map, "zoomend", with(zoom_ended));
    on(&map, "moveend", with(move_ended));
    on(&map, "move", with(moved));
    on(&map, "resize", with(resized));
    on(&map, "mouseout", with(|stage| leave(&mut stage.borrow_mut())));
    let weak = Rc::downgrade(stage);
    on(&map, "zoomanim", move |event: ZoomAnimation| {
        if let Some(stage) = weak.upgrade() {
            let (stage, to) = (stage.borrow(), event.center());
            for surface in [&stage.front, &stage.overlay] {
                surface.place(&stage.map, to.lat(), to.lng(), event.zoom());
            }
        }
    });
    let weak = Rc::downgrade(stage);
    on(&map, "mousemove", move |event: MouseEvent| {
        if let Some(stage) = weak.upgrade() {
            let point = event.container_point();
            point_at(&mut stage.borrow_mut(), point.x(), point.y());
        }
    });
    let weak = Rc::downgrade(stage);
    on(&map, "click", move |event: MouseEvent| {
        if let Some(stage) = weak.upgrade() {
            let point = event.container_point();
            open(&stage, point.x(), point.y());
        }
    });
    keyboard(stage);
    pointing(stage);
    themes(stage);
}

/// The server's picture goes when ours is there: in the same frame, so that nothing flickers.
pub(super) fn when_drawn(stage: &Shared) {
    let drawn = stage.borrow().pictures > 0;
    if !drawn {
        let stage = stage.clone();
        return request_animation_frame(move || when_drawn(&stage));
    }
    let Ok(Some(fit)) = document().query_selector(".fit") else { return };
    fit.set_inner_html("");
    if let Some(map) = fit.parent_element() {
        let _ = map.class_list().add_1("taken");
    }
}

fn place(stage: &Shared) {
    let stage = stage.borrow();
    for surface in [&stage.front, &stage.overlay] {
        surface.place_now(&stage.map);
    }
}

/// A long drag goes beyond the picture's margin: then the next one is drawn on the way.
fn moved(stage: &Shared) {
    let due = {
        let stage = stage.borrow();
        !stage.zooming && stage.job.is_none() && stage.front.is_nearly_left_by(&stage.map)
    };
    if due {
        redraw(stage, false);
    }
}

/// The window has another size. Who has not moved the map sees what it shows at first.
fn resized(stage: &Shared) {
    let (map, home, zoom_min) = {
        let stage = stage.borrow();
        let home = stage.page.camera.get_value().is_none().then(|| stage.home());
        (stage.map.clone(), home, stage.zoom_min())
    };
    // First the place, then the limit: past a limit Leaflet begins a slow way back, which would end elsewhere.
    map.set_min_zoom(0.0);
    let moved = home.map(|home| Stage::go_at_once(&map, home));
    map.set_min_zoom(zoom_min);
    if moved.is_none() {
        redraw(stage, false);
    }
}

fn zoom_ended(stage: &Shared) {
    stage.borrow_mut().zooming = false;
    choose_level(stage);
    name_places(stage);
}

/// Asks for the names of places once they can be read; where they cannot be had, the next zoom asks again.
pub(super) fn name_places(stage: &Shared) {
    {
        let mut stage = stage.borrow_mut();
        if stage.map.get_zoom() < PLACES_ZOOM || !matches!(stage.places, Places::Unknown) {
            return;
        }
        stage.places = Places::Loading;
    }
    let stage = stage.clone();
    spawn_local(async move {
        let places = load::places().await;
        let mut stage = stage.borrow_mut();
        stage.places = places.map_or(Places::Unknown, Places::Known);
        stage.draw_overlay();
    });
}

/// Asks for the level that the zoom calls for.
pub(super) fn choose_level(stage: &Shared) {
    let (page, level) = {
        let stage = stage.borrow();
        (stage.page, stage.level_for_zoom())
    };
    if page.zoom_level.get_untracked() != level {
        page.zoom_level.set(level);
    }
}

/// The map has come to rest: draw it as it is now, and let the address say where it is.
fn move_ended(stage: &Shared) {
    place(stage);
    redraw(stage, false);
    tell_address(stage);
    let mut stage = stage.borrow_mut();
    if stage.is_used_by_keys() {
        let (x, y) = stage.middle();
        point_at(&mut stage, x, y);
        let said =
            stage.page.hover.with_untracked(|hover| hover.as_ref().map_or_else(String::new, Hover::said));
        stage.page.said.set(said);
    }
}

/// Lets the address say where the map is: shortly, where the address without a place would show the same.
pub(super) fn tell_address(stage: &Shared) {
    let (page, here, is_home) = {
        let stage = stage.borrow();
        (stage.page, stage.camera(), stage.is_home())
    };
    let camera = (!is_home).then_some(here);
    page.here.set_value(Some(here));
    page.camera.set_value(camera);
    let mut view = page.view.get_untracked();
    view.camera = camera;
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or_default();
        // Browsers refuse too many changes a second: then the next one counts.
        let _ = history.replace_state_with_url(&state, "", Some(&view.url()));
    }
}

fn point_at(stage: &mut Stage, x: f64, y: f64) {
    stage.pointed = Some((x, y));
    let at = stage.area_at(x, y);
    let card = at.and_then(|at| stage.hover_card(at));
    if let (Some(_), Ok(Some(tooltip))) = (&card, document().query_selector(".tooltip")) {
        let (tooltip, size) = (tooltip.unchecked_into::<HtmlElement>(), stage.map.get_size());
        // Near the right or the lower edge it is on the pointer's other side.
        let beside = |at: f64, room: f64, own: i32| {
            if at + f64::from(own) + TOOLTIP_GAP_PX * 2.0 > room {
                at - f64::from(own) - TOOLTIP_GAP_PX
            } else {
                at + TOOLTIP_GAP_PX
            }
        };
        let x = beside(x, size.x(), tooltip.offset_width());
        let y = beside(y, size.y(), tooltip.offset_height());
        let _ = tooltip
            .style()
            .set_property("transform", &format!("translate({}px,{}px)", fixed(x, 0), fixed(y, 0)));
    }
    stage.page.hover.set(card);
    if at != stage.hovered {
        stage.hovered = at;
        let cursor = if at.is_some() { "pointer" } else { "" };
        let _ = stage.map.get_container().style().set_property("cursor", cursor);
        stage.draw_overlay();
    }
}

/// The card says what is in the picture, which has just become another one.
pub(super) fn point_again(stage: &mut Stage) {
    if let Some((x, y)) = stage.pointed {
        point_at(stage, x, y);
    }
}

fn leave(stage: &mut Stage) {
    stage.pointed = None;
    stage.page.hover.set(None);
    if stage.hovered.take().is_some() {
        stage.draw_overlay();
    }
}

/// Opens the area at a point, and moves the map if a card would cover it.
fn open(stage: &Shared, x: f64, y: f64) {
    let (page, at, code) = {
        let stage = stage.borrow();
        let at = stage.area_at(x, y);
        (stage.page, at, at.and_then(|at| stage.code_of(at)))
    };
    let (Some(at), Some(code)) = (at, code) else { return };
    page.change(|view| view.area = Some(code));
    let stage = stage.clone();
    request_animation_frame(move || uncover(&stage, at, (x, y)));
}

/// Moves the map as little as shows all of the area beside the cards; of one that is larger than that, the point.
fn uncover(stage: &Shared, area: (usize, usize), (x, y): (f64, f64)) {
    let (map, by) = {
        let stage = stage.borrow();
        let (left, top, w, h) = stage.free_window();
        let [x0, y0, x1, y1] = stage.box_in_window(area).unwrap_or([x, y, x, y]);
        let beyond = |at: f64, [from, to]: [f64; 2], low: f64, size: f64| {
            let [from, to] = if to - from <= size { [from, to] } else { [at, at] };
            (from - low).min(0.0) + (to - low - size).max(0.0)
        };
        (stage.map.clone(), (beyond(x, [x0, x1], left, w), beyond(y, [y0, y1], top, h)))
    };
    if by != (0.0, 0.0) {
        map.pan_by(&by.into());
    }
}

/// Enter opens the area in the middle of the map.
fn keyboard(stage: &Shared) {
    let container = stage.borrow().map.get_container();
    let weak = Rc::downgrade(stage);
    let handler = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let Some(stage) = weak.upgrade() else { return };
        if event.key() == "Enter" {
            let (x, y) = stage.borrow().middle();
            open(&stage, x, y);
        }
    });
    let _ = container.add_event_listener_with_callback("keydown", handler.as_ref().unchecked_ref());
    // As long as the page: the container goes with its map.
    handler.forget();
}

/// Leaflet gives the map the focus when it is pressed: then it is not shown, until a key is.
fn pointing(stage: &Shared) {
    let container = stage.borrow().map.get_container();
    for (event, by_pointer) in [("pointerdown", true), ("keydown", false), ("blur", false)] {
        let classes = container.class_list();
        let handler = Closure::<dyn FnMut()>::new(move || {
            // A plain name cannot be refused.
            let _ = classes.toggle_with_force(class::BY_POINTER, by_pointer);
        });
        let _ = container.add_event_listener_with_callback(event, handler.as_ref().unchecked_ref());
        handler.forget();
    }
}

/// The colours change with the theme: the reader's choice, or the device's.
fn themes(stage: &Shared) {
    let weak = Rc::downgrade(stage);
    let handler = Closure::<dyn FnMut()>::new(move || {
        let Some(stage) = weak.upgrade() else { return };
        if let Some(palette) = super::palette::Palette::read() {
            stage.borrow_mut().palette = palette;
        }
        redraw(&stage, false);
    });
    let callback = handler.as_ref().unchecked_ref();
    let _ = window().add_event_listener_with_callback(crate::islands::THEME_EVENT, callback);
    if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
        let _ = query.add_event_listener_with_callback("change", callback);
    }
    handler.forget();
}
