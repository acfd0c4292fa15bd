//! Draws the first picture.
//!
//! Every byte here is part of the first load, so there is little: an area is a link around a path
//! whose class gives its colour. Sizes are left to the style sheet: the picture fits its box whatever
//! the box is, and names are placed by per cents beside the SVG, so that they keep their size.

use std::fmt::Write as _;

use geography::{Geography, LevelIndex};

use super::frame::Frame;
use super::names::Names;
use crate::geometry::mercator::Grid;
use crate::site_map::OpenArea;
use crate::view_state::View;
use crate::words;

/// The picture around a level's areas, as HTML.
pub(super) fn picture(
    geography: &Geography,
    level: LevelIndex,
    areas: &str,
    view: &View,
    open: Option<&OpenArea>,
    names: &Names<'_>,
    grid: &Grid,
) -> String {
    let mut html = String::with_capacity(areas.len() + 50_000);
    let frame = Frame::new(view.camera, open, grid);
    // Writing to a String cannot fail.
    let _ = write_style(&mut html, &frame, names, grid);
    let step = f64::from(geography.drawing_step(level));
    let _ = write!(
        html,
        "<div class=box><svg id=m viewBox=\"0 0 {} {}\" data-step={step} data-level=\"{}\" role=group aria-label=\"{}\">",
        grid.w / step,
        grid.h / step,
        escape(geography.level(level).name()),
        escape(words::legend(view.shown())),
    );
    let hatch = grid.w / step / 150.0;
    let _ = write!(
        html,
        "<pattern id=hatch width={hatch:.0} height={hatch:.0} patternUnits=userSpaceOnUse \
         patternTransform=rotate(45)><path class=hatch d=\"M0 0V{hatch:.0}\" stroke-width={:.0} /></pattern>",
        hatch * 0.55,
    );
    html.push_str(areas);
    html.push_str("</svg>");
    if let Some(open) = open {
        let _ = write_outlines(&mut html, open, grid);
    }
    html.push_str(&names.html());
    html.push_str("</div>");
    html
}

/// The open area's outline and, dotted, that of the area around it; the names, which can be read across a line, follow.
fn write_outlines(html: &mut String, open: &OpenArea, grid: &Grid) -> std::fmt::Result {
    write!(html, "<svg class=outlines viewBox=\"0 0 {} {}\" aria-hidden=true>", grid.w, grid.h)?;
    if let Some(path) = &open.around {
        write!(html, "<path class=around-halo d=\"{path}\" /><path class=around d=\"{path}\" />")?;
    }
    let path = &open.outline;
    write!(html, "<path class=halo d=\"{path}\" /><path class=sel d=\"{path}\" /></svg>")
}

/// Where the picture's box and its names are. A style element rather than attributes, so that it can
/// carry the nonce of the content security policy.
fn write_style(html: &mut String, frame: &Frame, names: &Names<'_>, grid: &Grid) -> std::fmt::Result {
    let nonce = leptos::nonce::use_nonce().map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
    write!(html, "<style{nonce}>{}{}</style>", frame.css(grid), names.css(frame, grid))
}

/// Text for HTML, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
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
