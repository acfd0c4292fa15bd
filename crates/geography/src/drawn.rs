//! Outlines as they are drawn: as simple and as round as a level's zoom allows.

use crate::area::LevelIndex;
use crate::geography::Geography;
use crate::grid::{Grid, ORIGIN_UNITS};
use crate::outline::Outlines;
use crate::round::round;
use crate::simplify::simplify;

impl Geography {
    fn units_per_detail_px(&self, level: LevelIndex) -> i32 {
        1 << (self.grid.zoom - self.level(level).detail_zoom.min(self.grid.zoom))
    }

    /// Units between the corners that a level's drawing may have: half a pixel of its detail zoom.
    pub(crate) fn drawing_step(&self, level: LevelIndex) -> i32 {
        (self.units_per_detail_px(level) / 2).clamp(1, ORIGIN_UNITS)
    }

    /// The grid of a level's paths: coarser than [`Geography::grid`] where the level's detail is.
    pub fn drawing_grid(&self, level: LevelIndex) -> Grid {
        let step = self.drawing_step(level);
        let Grid { zoom, x, y, w, h } = self.grid;
        let part = |units: u32| units.div_ceil(step as u32);
        Grid { zoom: zoom - step.trailing_zeros() as u8, x: x / step, y: y / step, w: part(w), h: part(h) }
    }

    /// The outlines of a level as they are drawn: simplified and rounded to its [`Level::detail_zoom`].
    pub(crate) fn drawn(&self, level: LevelIndex) -> &Outlines {
        self.drawn[usize::from(level.0)].get_or_init(|| {
            let units_per_px = self.units_per_detail_px(level);
            let simple = simplify(&self.full_outlines(level), tolerance(units_per_px));
            round(&simple, self.drawing_step(level))
        })
    }
}

/// Twice the area, in square units, of the largest triangle that a drawing may leave out.
fn tolerance(units_per_px: i32) -> i64 {
    let side = i64::from(units_per_px) * DETAIL_PX;
    side * side
}

/// Sides of the largest triangle left out, in pixels of the level's detail zoom.
const DETAIL_PX: i64 = 4;
