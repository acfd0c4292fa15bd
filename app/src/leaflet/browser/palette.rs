//! Colours for the canvas: the style sheet's, so that there is one place for them.

use wasm_bindgen::JsCast;
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement};

use crate::classes::{CLASSES_MAX, Fill};

/// Side of the hatch's tile, pixels.
const HATCH_PX: u32 = 6;

/// The colours of one theme.
pub(super) struct Palette {
    classes: Vec<String>,
    pale: Vec<String>,
    empty: String,
    hatch: Option<CanvasPattern>,
    pub(super) seam: String,
    pub(super) ink: String,
    pub(super) halo: String,
    pub(super) label: String,
    pub(super) label_halo: String,
}

impl Palette {
    /// As they are now: they change with the theme.
    pub(super) fn read() -> Option<Self> {
        let window = leptos::prelude::window();
        let root = leptos::prelude::document().document_element()?;
        let style = window.get_computed_style(&root).ok().flatten()?;
        let colour = |name: &str| style.get_property_value(name).unwrap_or_default().trim().to_owned();
        let list = |letter: char| (0..CLASSES_MAX).map(|n| colour(&format!("--{letter}{n}"))).collect();
        Some(Self {
            classes: list('c'),
            pale: list('p'),
            empty: colour("--empty"),
            hatch: hatch(&colour("--empty"), &colour("--hatch")),
            seam: colour("--seam"),
            ink: colour("--ink"),
            halo: colour("--halo"),
            label: colour("--ink"),
            label_halo: colour("--label-halo"),
        })
    }

    /// Sets the colour of what is filled next. The hatch keeps its size whatever the scale of the
    /// context, because that is the scale of the map.
    pub(super) fn fill(&self, context: &CanvasRenderingContext2d, fill: Fill, units_a_pixel: f64) {
        match fill {
            Fill::Class(class) => set(context, &self.classes, class),
            Fill::Pale(class) => set(context, &self.pale, class),
            Fill::Empty => context.set_fill_style_str(&self.empty),
            Fill::Hidden => match &self.hatch {
                Some(pattern) => {
                    if let Some(matrix) = super::interop::scaling(units_a_pixel) {
                        pattern.set_transform(&matrix);
                    }
                    context.set_fill_style_canvas_pattern(pattern);
                }
                None => context.set_fill_style_str(&self.empty),
            },
        }
    }
}

fn set(context: &CanvasRenderingContext2d, colours: &[String], class: u8) {
    if let Some(colour) = colours.get(usize::from(class)) {
        context.set_fill_style_str(colour);
    }
}

/// A tile of slanted lines.
fn hatch(ground: &str, line: &str) -> Option<CanvasPattern> {
    let document = leptos::prelude::document();
    let tile: HtmlCanvasElement = document.create_element("canvas").ok()?.unchecked_into();
    tile.set_width(HATCH_PX);
    tile.set_height(HATCH_PX);
    let context: CanvasRenderingContext2d = tile.get_context("2d").ok().flatten()?.unchecked_into();
    let side = f64::from(HATCH_PX);
    context.set_fill_style_str(ground);
    context.fill_rect(0.0, 0.0, side, side);
    context.set_stroke_style_str(line);
    context.set_line_width(1.6);
    context.begin_path();
    // One line across the tile, and its two corners that the neighbours continue.
    for shift in [-side, 0.0, side] {
        context.move_to(shift - 1.0, side + 1.0);
        context.line_to(shift + side + 1.0, -1.0);
    }
    context.stroke();
    context.create_pattern_with_html_canvas_element(&tile, "repeat").ok().flatten()
}
