//! Web Mercator: from degrees to pixels of the world at a zoom, and back.

use std::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};

/// Side of the world at zoom 0, pixels.
const WORLD_PX: f64 = 256.0;

/// Going to an area goes no closer than this zoom.
pub const AREA_ZOOM_MAX: f64 = 14.5;

/// What is shown of an area's surroundings on each side, as a share of its longer side.
const AREA_MARGIN: f64 = 0.75;

/// An area's box with what is shown around it, so that it is seen where it lies. Both are west, north, east,
/// south.
pub fn surroundings([west, north, east, south]: [i32; 4]) -> [f64; 4] {
    let [west, north, east, south] = [west, north, east, south].map(f64::from);
    let margin = (east - west).max(south - north) * AREA_MARGIN;
    [west - margin, north - margin, east + margin, south + margin]
}

/// The integer grid that outlines are given on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// One unit is a pixel at this zoom.
    pub zoom: f64,
    /// World pixel of the origin at that zoom, eastward.
    pub x: f64,
    /// World pixel of the origin at that zoom, southward.
    pub y: f64,
    /// Width, units.
    pub w: f64,
    /// Height, units.
    pub h: f64,
}

/// From units of a grid to pixels of a picture: `px = unit * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Pixels a unit.
    pub scale: f64,
    /// Pixel of the grid's origin.
    pub x: f64,
    /// Pixel of the grid's origin.
    pub y: f64,
}

impl Placement {
    /// The picture's pixel of a point of the grid.
    pub fn to_px(self, x: f64, y: f64) -> (f64, f64) {
        (x * self.scale + self.x, y * self.scale + self.y)
    }

    /// The grid's point under a pixel.
    pub fn to_units(self, x: f64, y: f64) -> (f64, f64) {
        ((x - self.x) / self.scale, (y - self.y) / self.scale)
    }
}

/// World pixels at a zoom.
pub fn project(lat: f64, lng: f64, zoom: f64) -> (f64, f64) {
    let world = WORLD_PX * zoom.exp2();
    let lat = lat.to_radians();
    ((lng / 360.0 + 0.5) * world, (0.5 - sin(lat).atanh() / TAU) * world)
}

/// Of an angle. The browser has its own: what brings large angles down would be part of the page's program.
fn sin(angle: f64) -> f64 {
    #[cfg(feature = "hydrate")]
    return js_sys::Math::sin(angle);
    #[cfg(not(feature = "hydrate"))]
    angle.sin()
}

/// Latitude and longitude of a world pixel at a zoom.
pub fn unproject(x: f64, y: f64, zoom: f64) -> (f64, f64) {
    let world = WORLD_PX * zoom.exp2();
    let lat = (PI - TAU * y / world).sinh().atan();
    (lat.to_degrees(), (x / world - 0.5) * 360.0)
}

impl Grid {
    /// How the grid lies in a picture of `w` x `h` pixels that is centred on a place.
    pub fn placed(&self, lat: f64, lng: f64, zoom: f64, w: f64, h: f64) -> Placement {
        let (cx, cy) = project(lat, lng, zoom);
        let scale = (zoom - self.zoom).exp2();
        Placement { scale, x: self.x * scale - cx + w / 2.0, y: self.y * scale - cy + h / 2.0 }
    }

    /// The zoom at which the grid's whole extent just fits into `w` x `h` pixels.
    pub fn zoom_to_fit(&self, w: f64, h: f64) -> f64 {
        self.zoom + (w / self.w).min(h / self.h).log2()
    }

    /// Latitude and longitude of a point.
    pub fn degrees(&self, x: f64, y: f64) -> (f64, f64) {
        unproject(self.x + x, self.y + y, self.zoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONDON: Grid = Grid { zoom: 15.0, x: 4_180_000.0, y: 2_780_000.0, w: 24_000.0, h: 19_000.0 };

    #[test]
    fn there_and_back() {
        for (lat, lng, zoom) in [(51.5, -0.12, 10.75), (-33.9, 151.2, 0.0), (0.0, 0.0, 18.0)] {
            let (x, y) = project(lat, lng, zoom);
            let (lat_back, lng_back) = unproject(x, y, zoom);
            assert!((lat - lat_back).abs() < 1e-9 && (lng - lng_back).abs() < 1e-9);
        }
        assert_eq!(project(0.0, 0.0, 0.0), (128.0, 128.0));
    }

    #[test]
    fn a_place_is_drawn_at_the_middle_when_it_is_the_centre() {
        let (lat, lng) = LONDON.degrees(1000.0, 2000.0);
        let placement = LONDON.placed(lat, lng, 11.3, 800.0, 600.0);
        let (x, y) = placement.to_px(1000.0, 2000.0);
        assert!((x - 400.0).abs() < 1e-6 && (y - 300.0).abs() < 1e-6, "{x} {y}");
        let (ux, uy) = placement.to_units(x, y);
        assert!((ux - 1000.0).abs() < 1e-6 && (uy - 2000.0).abs() < 1e-6);
    }

    #[test]
    fn an_area_is_shown_with_its_surroundings() {
        assert_eq!(surroundings([100, 200, 300, 240]), [-50.0, 50.0, 450.0, 390.0]);
    }

    #[test]
    fn what_fits_fits() {
        let zoom = LONDON.zoom_to_fit(1200.0, 900.0);
        let scale = (zoom - LONDON.zoom).exp2();
        assert!((LONDON.h * scale - 900.0).abs() < 1e-6 && LONDON.w * scale <= 1200.0);
    }
}
