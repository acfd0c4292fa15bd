//! Names on the map.

use leptos::prelude::WithValue;

use super::stage::{Places, Stage};
use crate::geometry::mercator::Placement;
use crate::geometry::names::{PLACES_ZOOM, Room};
use crate::geometry::outline::Bounds;
use crate::site_map::Label;

/// As the style sheet has it for the server's picture.
const FONT: &str = "600 12px Inter, system-ui, sans-serif";
/// Areas' own names are there to be found, not to be read first.
const FONT_OF_AREAS: &str = "400 12px Inter, system-ui, sans-serif";
/// Pixels that an area has around its name, to each side.
const MARGIN_PX: f64 = 8.0;

/// Draws the names that have room.
pub(super) fn draw(stage: &Stage, placement: Placement) {
    let shot = stage.overlay.shot;
    let context = &stage.overlay.context;
    context.set_font(FONT);
    context.set_text_align("center");
    context.set_text_baseline("middle");
    context.set_line_join("round");
    context.set_line_width(3.0);
    context.set_stroke_style_str(&stage.palette.label_halo);
    context.set_fill_style_str(&stage.palette.label);
    let mut room = Room::beside(stage.open_outline(), placement);
    let mut name = |label: &Label| {
        let (x, y) = placement.to_px(label.x.into(), label.y.into());
        if !(0.0..shot.w).contains(&x) || !(0.0..shot.h).contains(&y) {
            return;
        }
        // Text that cannot be measured cannot be drawn either.
        let width = context.measure_text(&label.text).map_or(0.0, |text| text.width());
        if room.take(x, y, width) {
            // Text that cannot be drawn is text that is missing: the areas have their names elsewhere.
            let _ = context.stroke_text(&label.text, x, y);
            let _ = context.fill_text(&label.text, x, y);
        }
    };
    match &stage.places {
        Places::Known(places) if !places.is_empty() && shot.zoom >= PLACES_ZOOM => {
            places.iter().for_each(&mut name);
        }
        _ => stage.page.start.with_value(|start| start.labels.iter().for_each(&mut name)),
    }
    if shot.zoom >= PLACES_ZOOM {
        context.set_font(FONT_OF_AREAS);
        let width_of = |text: &str| context.measure_text(text).map_or(0.0, |text| text.width());
        areas_with_room(stage, placement, width_of).iter().for_each(name);
    }
}

/// The names of areas that are wide enough for them: close in, where no place may be in sight.
fn areas_with_room(stage: &Stage, placement: Placement, width_of: impl Fn(&str) -> f64) -> Vec<Label> {
    let shapes = stage.shown.and_then(|level| stage.levels.get(level)?.shapes.as_ref());
    let Some(shapes) = shapes else { return Vec::new() };
    let shot = stage.overlay.shot;
    let ((x0, y0), (x1, y1)) = (placement.to_units(0.0, 0.0), placement.to_units(shot.w, shot.h));
    let seen = Bounds { x0: x0 as i32, y0: y0 as i32, x1: x1 as i32, y1: y1 as i32 };
    let label = |at: usize| {
        let shape = shapes.list.get(at)?;
        let Bounds { x0, y0, x1, y1 } = shape.outline.bounds;
        let (x, y) = (x0.midpoint(x1), y0.midpoint(y1));
        let room = f64::from(x1 - x0) * placement.scale - 2.0 * MARGIN_PX;
        let is_inside = shape.outline.contains(x.into(), y.into());
        (is_inside && width_of(&shape.name) <= room).then(|| Label { text: shape.name.clone(), x, y })
    };
    shapes.within(seen).filter_map(label).collect()
}
