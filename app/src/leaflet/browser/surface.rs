//! A canvas that lies in Leaflet's pane: larger than the window, so that dragging shows no edge.

use leaflet::{Map, Point};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use super::interop::{MapMore, set_transform};
use crate::format::fixed;
use crate::geometry::mercator::{self, Grid, Placement};

/// How much larger than the window on each side, as a share of its size.
const MARGIN: f64 = 0.18;

/// More pixels a point than this cost memory that nobody sees.
const DENSITY_MAX: f64 = 2.0;

/// What a canvas shows: a place at a scale, so many pixels wide and high.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Shot {
    pub(super) lat: f64,
    pub(super) lng: f64,
    pub(super) zoom: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

impl Shot {
    /// What the map shows now, and a margin around it.
    pub(super) fn of(map: &Map) -> Self {
        let (centre, size) = (map.get_center(), map.get_size());
        let larger = |side: f64| (side * (1.0 + 2.0 * MARGIN)).ceil();
        Self {
            lat: centre.lat(),
            lng: centre.lng(),
            zoom: map.get_zoom(),
            w: larger(size.x()),
            h: larger(size.y()),
        }
    }

    pub(super) fn placement(&self, grid: &Grid) -> Placement {
        grid.placed(self.lat, self.lng, self.zoom, self.w, self.h)
    }
}

/// Classes in the style sheet: what a canvas is for, which stacks them, and how the map is used. With
/// `leaflet-zoom-animated` Leaflet lets the style sheet move the canvas while the map zooms.
pub(super) mod class {
    /// The areas.
    pub(crate) const AREAS: &str = "leaflet-zoom-animated areas";
    /// The areas, while what has changed appears.
    pub(crate) const APPEARING: &str = "leaflet-zoom-animated areas appear";
    /// The picture before, under the new one.
    pub(crate) const BEFORE: &str = "leaflet-zoom-animated before";
    /// Of the map itself: the pointer, not a key, gave it the focus.
    pub(crate) const BY_POINTER: &str = "by-pointer";
    /// Outlines and names.
    pub(crate) const OUTLINES: &str = "leaflet-zoom-animated outlines";
}

/// A canvas and what it shows.
pub(super) struct Surface {
    pub(super) canvas: HtmlCanvasElement,
    pub(super) context: CanvasRenderingContext2d,
    pub(super) shot: Shot,
    pub(super) density: f64,
}

impl Surface {
    pub(super) fn new(pane: &HtmlElement, class: &str) -> Option<Self> {
        let canvas: HtmlCanvasElement =
            leptos::prelude::document().create_element("canvas").ok()?.unchecked_into();
        canvas.set_class_name(class);
        let context = canvas.get_context("2d").ok().flatten()?.unchecked_into();
        pane.append_child(&canvas).ok()?;
        Some(Self { canvas, context, shot: Shot::default(), density: 1.0 })
    }

    /// Clears it and makes it ready to draw a shot in the grid's units.
    pub(super) fn begin(&mut self, shot: Shot, grid: &Grid) -> Placement {
        let density = leptos::prelude::window().device_pixel_ratio().clamp(1.0, DENSITY_MAX);
        let (w, h) = ((shot.w * density) as u32, (shot.h * density) as u32);
        if (self.canvas.width(), self.canvas.height()) != (w, h) {
            self.canvas.set_width(w);
            self.canvas.set_height(h);
            let style = self.canvas.style();
            // These values cannot be refused.
            let _ = style.set_property("width", &format!("{}px", fixed(shot.w, 2)));
            let _ = style.set_property("height", &format!("{}px", fixed(shot.h, 2)));
        } else {
            let _ = self.context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
            self.context.clear_rect(0.0, 0.0, w.into(), h.into());
        }
        (self.shot, self.density) = (shot, density);
        let placement = shot.placement(grid);
        self.in_units(placement);
        placement
    }

    /// Draw in the grid's units from here on.
    pub(super) fn in_units(&self, Placement { scale, x, y }: Placement) {
        let d = self.density;
        let _ = self.context.set_transform(d * scale, 0.0, 0.0, d * scale, d * x, d * y);
    }

    /// Draw in pixels from here on.
    pub(super) fn in_pixels(&self) {
        let d = self.density;
        let _ = self.context.set_transform(d, 0.0, 0.0, d, 0.0, 0.0);
    }

    /// Puts the canvas where what it shows belongs, for a map that shows this place: exactly, or
    /// enlarged while the map zooms.
    pub(super) fn place(&self, map: &Map, lat: f64, lng: f64, zoom: f64) {
        let shot = &self.shot;
        let scale = (zoom - shot.zoom).exp2();
        let (x, y) = mercator::project(shot.lat, shot.lng, zoom);
        let (cx, cy) = mercator::project(lat, lng, zoom);
        let size = map.get_size();
        let container = Point::new(
            x - shot.w * scale / 2.0 - cx + size.x() / 2.0,
            y - shot.h * scale / 2.0 - cy + size.y() / 2.0,
        );
        let layer = map.unchecked_ref::<MapMore>().container_point_to_layer_point(&container);
        set_transform(&self.canvas, &layer, scale);
    }

    /// Whether the map, moved without a change of scale, has used up most of the picture's margin.
    pub(super) fn is_nearly_left_by(&self, map: &Map) -> bool {
        let (shot, centre, size) = (&self.shot, map.get_center(), map.get_size());
        let (x, y) = mercator::project(shot.lat, shot.lng, shot.zoom);
        let (cx, cy) = mercator::project(centre.lat(), centre.lng(), shot.zoom);
        let left = |moved: f64, side: f64| moved.abs() > side * MARGIN * 0.6;
        left(cx - x, size.x()) || left(cy - y, size.y())
    }

    /// Puts the canvas where it belongs now.
    pub(super) fn place_now(&self, map: &Map) {
        let centre = map.get_center();
        self.place(map, centre.lat(), centre.lng(), map.get_zoom());
    }
}
