//! Outlines as they are drawn: as simple and as round as a level's zoom allows.

use crate::area::LevelIndex;
use crate::geography::Geography;
use crate::grid::EXTENT_UNITS;
use crate::outline::Outlines;
use crate::round::round;
use crate::simplify::simplify;

impl Geography {
    /// The outlines of a level along those of the finest one as they are drawn.
    pub(crate) fn drawn_finely(&self, level: LevelIndex) -> &Outlines {
        self.drawn_finely[usize::from(level.0)]
            .get_or_init(|| self.dissolved(self.drawn(self.finest()), level))
    }

    fn units_per_detail_px(&self, level: LevelIndex) -> i32 {
        1 << (self.grid.zoom - self.level(level).detail_zoom.min(self.grid.zoom))
    }

    /// Units between the corners that a level's drawing may have: a pixel of its detail zoom, so that
    /// nothing is off by more than three quarters of one. Round numbers compress better.
    pub fn drawing_step(&self, level: LevelIndex) -> i32 {
        self.units_per_detail_px(level).min(STEP_MAX)
    }

    /// The outlines of a level as they are drawn: simplified and rounded to its [`crate::Level::detail_zoom`].
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

/// The grid's extent is a multiple of this, so that rounded corners stay within.
const STEP_MAX: i32 = EXTENT_UNITS as i32;

/// Sides of the largest triangle left out, in pixels of the level's detail zoom.
const DETAIL_PX: i64 = 6;
