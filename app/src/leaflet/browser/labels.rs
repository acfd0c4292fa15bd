//! Names on the map.

use leptos::prelude::WithValue;

use super::stage::Stage;
use crate::geometry::mercator::Placement;
use crate::geometry::names::Room;

/// As the style sheet has it for the server's picture.
const FONT: &str = "600 12px Inter, system-ui, sans-serif";
/// Several areas are called after one place: its name is not written again nearer than this.
const AGAIN_PX: f64 = 420.0;
/// From here on the coarsest level's names give way to those of places.
const PLACES_ZOOM: f64 = 12.2;

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
    let mut written: Vec<(f64, f64, String)> = Vec::new();
    let mut name = |text: &str, x: f64, y: f64| {
        let (x, y) = placement.to_px(x, y);
        let again = |(ox, oy, other): &(f64, f64, String)| other == text && (x - ox).hypot(y - oy) < AGAIN_PX;
        if !(0.0..shot.w).contains(&x) || !(0.0..shot.h).contains(&y) || written.iter().any(again) {
            return;
        }
        // Text that cannot be measured cannot be drawn either.
        let width = context.measure_text(text).map_or(0.0, |text| text.width());
        if room.take(x, y, width) {
            written.push((x, y, text.to_owned()));
            // Text that cannot be drawn is text that is missing: the areas have their names elsewhere.
            let _ = context.stroke_text(text, x, y);
            let _ = context.fill_text(text, x, y);
        }
    };
    let middle = stage.levels.len().saturating_sub(2);
    match stage.levels.get(middle).and_then(|scene| scene.shapes.as_ref()) {
        Some(shapes) if shot.zoom >= PLACES_ZOOM => {
            for shape in &shapes.list {
                let bounds = shape.outline.bounds;
                let centre = |low: i32, high: i32| (f64::from(low) + f64::from(high)) / 2.0;
                name(shape.title(), centre(bounds.x0, bounds.x1), centre(bounds.y0, bounds.y1));
            }
        }
        _ => stage.page.start.with_value(|start| {
            for label in &start.labels {
                name(&label.text, label.x.into(), label.y.into());
            }
        }),
    }
}
