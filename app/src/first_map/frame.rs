//! Where the first picture is in the window: said to the style sheet, so that no script is needed for it.

use crate::geometry::mercator::{AREA_ZOOM_MAX, Grid, surroundings};
use crate::site_map::OpenArea;
use crate::view_state::Camera;

/// How large the picture of everything is, and where.
pub(super) enum Frame {
    /// A part of it as large as fits into the window, and no larger than so many pixels in all.
    Fitted {
        /// Of everything, in widths of the place that the style sheet has for it.
        widths: f64,
        /// Of everything, in heights of that place.
        heights: f64,
        /// Pixels.
        width_max: Option<f64>,
        /// What is in the middle, grid units.
        middle: (f64, f64),
    },
    /// At a scale of its own, around the middle of the window.
    Placed {
        /// Pixels.
        width: f64,
        /// Pixels from the middle of the window.
        left: f64,
        /// Pixels from the middle of the window.
        top: f64,
    },
}

impl Frame {
    /// A place that the address names; an open area and what is around it, no larger than the map would show it; or
    /// everything.
    pub(super) fn new(camera: Option<Camera>, open: Option<&OpenArea>, grid: &Grid) -> Self {
        match (camera, open) {
            (Some(Camera { lat, lng, zoom }), _) => {
                let placed = grid.placed(lat, lng, zoom, 0.0, 0.0);
                Frame::Placed { width: grid.w * placed.scale, left: placed.x, top: placed.y }
            }
            (None, Some(open)) => {
                let [west, north, east, south] = surroundings(open.bounds);
                Frame::Fitted {
                    widths: grid.w / (east - west),
                    heights: grid.w / (south - north),
                    width_max: Some(grid.w * (AREA_ZOOM_MAX - grid.zoom).exp2()),
                    middle: ((west + east) / 2.0, (north + south) / 2.0),
                }
            }
            (None, None) => Frame::Fitted {
                widths: 1.0,
                heights: grid.w / grid.h,
                width_max: None,
                middle: (grid.w / 2.0, grid.h / 2.0),
            },
        }
    }

    /// The rules that put it there.
    pub(super) fn css(&self, grid: &Grid) -> String {
        let Grid { w, h, .. } = grid;
        match self {
            Frame::Fitted { widths, heights, width_max, middle: (x, y) } => {
                let (cqw, cqh) = (widths * 100.0, heights * 100.0);
                let max = width_max.map(|max| format!(",{max:.1}px")).unwrap_or_default();
                let (left, top) = (x / w * -100.0, y / h * -100.0);
                format!(
                    ".box{{width:min({cqw:.4}cqw,{cqh:.4}cqh{max});aspect-ratio:{w}/{h};\
                     transform:translate({left:.4}%,{top:.4}%)}}"
                )
            }
            Frame::Placed { width, left, top } => format!(
                ".map:not(.taken) .fit{{inset:0!important}}.box{{width:{width:.2}px;height:{:.2}px;left:50%;top:50%;\
                 transform:translate({left:.2}px,{top:.2}px)}}",
                width / w * h
            ),
        }
    }

    /// A rule that holds while the picture of everything is at least so many pixels wide; nothing if it never is.
    pub(super) fn while_wider(&self, px: f64, rule: &str) -> String {
        match self {
            Frame::Placed { width, .. } if *width < px => String::new(),
            Frame::Placed { .. } => rule.to_owned(),
            Frame::Fitted { width_max: Some(max), .. } if *max < px => String::new(),
            Frame::Fitted { widths, heights, .. } => {
                let (width, height) = (px / widths, px / heights);
                format!("@container (width>={width:.1}px) and (height>={height:.1}px){{{rule}}}")
            }
        }
    }

    /// A rule that holds while the picture of everything is narrower than so many pixels; nothing if it never is.
    pub(super) fn while_narrower(&self, px: f64, rule: &str) -> String {
        match self {
            Frame::Placed { width, .. } if *width >= px => String::new(),
            Frame::Placed { .. } => rule.to_owned(),
            Frame::Fitted { width_max: Some(max), .. } if *max < px => rule.to_owned(),
            Frame::Fitted { widths, heights, .. } => {
                let (width, height) = (px / widths, px / heights);
                format!("@container (width<{width:.1}px) or (height<{height:.1}px){{{rule}}}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { zoom: 15.0, x: 4_180_000.0, y: 2_780_000.0, w: 24_000.0, h: 19_000.0 };

    #[test]
    fn everything_is_as_large_as_fits() {
        let css = Frame::new(None, None, &GRID).css(&GRID);
        let expected = ".box{width:min(100.0000cqw,126.3158cqh);aspect-ratio:24000/19000;\
                        transform:translate(-50.0000%,-50.0000%)}";
        assert_eq!(css, expected);
    }

    #[test]
    fn a_rule_for_narrow_pictures_holds_in_narrow_and_in_low_windows() {
        let whole = Frame::new(None, None, &GRID);
        assert_eq!(whole.while_narrower(480.0, "b{}"), "@container (width<480.0px) or (height<380.0px){b{}}");
        let placed = |zoom| {
            let (lat, lng) = GRID.degrees(GRID.w / 2.0, GRID.h / 2.0);
            Frame::new(Some(Camera { lat, lng, zoom }), None, &GRID)
        };
        // At zoom 10 it is 750 pixels wide.
        assert_eq!(placed(10.0).while_narrower(800.0, "b{}"), "b{}");
        assert_eq!(placed(10.0).while_narrower(700.0, "b{}"), "");
    }
}
