//! The integer grid that outlines live on: Web Mercator pixels at one zoom, counted from the
//! geography's own corner. Integers make topology exact: two areas share a corner or they do not.

use serde::Serialize;

/// Pixels of a Web Mercator tile at zoom 0.
const TILE_PX: f64 = 256.0;

/// The northernmost and southernmost latitude that Web Mercator shows, degrees.
pub(crate) const LATITUDE_MAX: f64 = 85.051_128;

/// Metres along the equator.
const EQUATOR_M: f64 = 40_075_016.686;

/// A corner of an outline, in grid units; x grows to the east, y to the south.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Point {
    /// Units east of the grid's origin.
    pub x: i32,
    /// Units south of the grid's origin.
    pub y: i32,
}

impl Point {
    /// A point from its coordinates.
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }
}

/// One unit is one pixel of Web Mercator (256-pixel tiles) at [`Grid::zoom`]; the origin is the world
/// pixel ([`Grid::x`], [`Grid::y`]) at that zoom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Grid {
    /// The zoom at which a unit is a pixel.
    pub zoom: u8,
    /// World pixel of the origin, from the antimeridian eastward.
    pub x: i32,
    /// World pixel of the origin, from the north edge southward.
    pub y: i32,
    /// Units to the eastern edge, rounded up.
    pub w: u32,
    /// Units to the southern edge, rounded up.
    pub h: u32,
}

impl Grid {
    /// The deepest zoom: the world is then 2^30 pixels wide, and a pixel at the equator 4 cm.
    pub const ZOOM_MAX: u8 = 22;

    /// The smallest grid of a zoom around these corners (latitude and longitude, degrees).
    pub(crate) fn around(zoom: u8, corners: impl Iterator<Item = (f64, f64)>) -> Self {
        let whole = Self { zoom, x: 0, y: 0, w: 0, h: 0 };
        let (mut low, mut high) = (Point::new(i32::MAX, i32::MAX), Point::new(i32::MIN, i32::MIN));
        for (lat, lon) in corners {
            let at = whole.snap(lat, lon);
            low = Point::new(low.x.min(at.x), low.y.min(at.y));
            high = Point::new(high.x.max(at.x), high.y.max(at.y));
        }
        if low.x > high.x {
            return whole;
        }
        let part = |low: i32, high: i32| low.abs_diff(high).next_multiple_of(EXTENT_UNITS);
        Self { zoom, x: low.x, y: low.y, w: part(low.x, high.x), h: part(low.y, high.y) }
    }

    fn world_px(&self) -> f64 {
        TILE_PX * f64::from(1_u32 << self.zoom)
    }

    /// From degrees to units, with fractions.
    pub fn project(&self, lat: f64, lon: f64) -> (f64, f64) {
        let lat = lat.clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians();
        let x = (lon + 180.0) / 360.0 * self.world_px();
        let y = (0.5 - lat.sin().atanh() / std::f64::consts::TAU) * self.world_px();
        (x - f64::from(self.x), y - f64::from(self.y))
    }

    /// From degrees to the nearest corner of the grid.
    pub fn snap(&self, lat: f64, lon: f64) -> Point {
        let (x, y) = self.project(lat, lon);
        Point::new(x.round() as i32, y.round() as i32)
    }

    /// From units to degrees: latitude and longitude.
    pub fn unproject(&self, x: f64, y: f64) -> (f64, f64) {
        let lon = (x + f64::from(self.x)) / self.world_px() * 360.0 - 180.0;
        let turn = 0.5 - (y + f64::from(self.y)) / self.world_px();
        ((turn * std::f64::consts::TAU).tanh().asin().to_degrees(), lon)
    }

    /// Metres that a unit is long at this distance from the origin.
    pub fn metres_per_unit(&self, y: f64) -> f64 {
        let (lat, _) = self.unproject(0.0, y);
        EQUATOR_M / self.world_px() * lat.to_radians().cos()
    }
}

/// Extents are multiples of this, so that rounded corners are within.
pub(crate) const EXTENT_UNITS: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let grid = Grid { zoom: 16, x: 8_360_000, y: 5_570_000, w: 1, h: 1 };
        for (lat, lon) in [(51.5, -0.12), (51.2868, 0.3339), (-33.9, 151.2)] {
            let (x, y) = grid.project(lat, lon);
            let (lat_back, lon_back) = grid.unproject(x, y);
            assert!((lat - lat_back).abs() < 1e-9 && (lon - lon_back).abs() < 1e-9);
        }
    }

    #[test]
    fn known_pixels() {
        let world = Grid { zoom: 0, x: 0, y: 0, w: 256, h: 256 };
        assert_eq!(world.snap(0.0, 0.0), Point::new(128, 128));
        assert_eq!(world.snap(85.06, -180.0), Point::new(0, 0));
        let unit = Grid { zoom: 16, ..world }.metres_per_unit(5_577_000.0);
        assert!((1.4..1.6).contains(&unit), "{unit}");
    }
}
