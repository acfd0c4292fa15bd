//! Names on the map.

use leptos::prelude::WithValue;

use super::stage::{Places, Stage};
use crate::geometry::mercator::Placement;
use crate::geometry::names::{PLACES_ZOOM, Room};
use crate::site_map::Label;

/// As the style sheet has it for the server's picture.
const FONT: &str = "600 12px Inter, system-ui, sans-serif";
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
            places.iter().for_each(name);
        }
        _ => stage.page.start.with_value(|start| start.labels.iter().for_each(&mut name)),
    }
}
