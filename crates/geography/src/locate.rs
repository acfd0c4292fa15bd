//! Which of the finest areas a place lies in.

use std::fmt;

use metering::AreaCode;

use crate::area::Bounds;
use crate::outline::Outlines;
use crate::polygon::{self, Fine};

/// How far off its area's outline a home may be said to lie, metres. Published outlines are generalised, so
/// that homes on a bank of the Thames lie outside all of them; how far is measured in `tests/maps/london.rs`.
pub const OFF_OUTLINE_MAX_M: f64 = 250.0;

/// Within this distance a refusal names the nearest area and says how far it is, metres.
pub(crate) const NAMED_WITHIN_M: f64 = 50_000.0;

/// A place that is in no area, nor close to one.
#[derive(Debug, Clone, PartialEq)]
pub struct OffTheMap {
    /// North, degrees.
    pub lat: f64,
    /// East, degrees.
    pub lon: f64,
    /// The geography's name.
    pub map: String,
    /// The nearest area and its distance in metres, if that is within 50 km.
    pub nearest: Option<(AreaCode, f64)>,
}

impl fmt::Display for OffTheMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OffTheMap { lat, lon, map, nearest } = self;
        write!(f, "lat {lat}, lon {lon} lies in no area of {map}: ")?;
        match nearest {
            Some((area, metres)) => write!(f, "the nearest, {area}, is {metres:.0} m away")?,
            None => write!(f, "none is within {} km", NAMED_WITHIN_M / 1000.0)?,
        }
        write!(f, "; allowed are {OFF_OUTLINE_MAX_M} m")
    }
}

impl std::error::Error for OffTheMap {}

/// Cells to either side of the index; a lookup then tests a handful of outlines.
const CELLS_PER_SIDE_MAX: usize = 256;

/// The outlines of the finest areas, found by the cell that a place is in.
pub(crate) struct Locator {
    polygons: Vec<Vec<Vec<crate::grid::Point>>>,
    bounds: Vec<Bounds>,
    around: Bounds,
    side: usize,
    cells: Vec<Vec<u32>>,
}

impl std::fmt::Debug for Locator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Locator({} areas in {} cells)", self.polygons.len(), self.cells.len())
    }
}

impl Locator {
    pub(crate) fn new(outlines: &Outlines) -> Self {
        let polygons: Vec<_> = (0..outlines.rings.len()).map(|area| outlines.polygon(area)).collect();
        let bounds: Vec<Bounds> = polygons.iter().map(|rings| bounds_of(rings)).collect();
        let mut around = Bounds::EMPTY;
        bounds.iter().for_each(|of_area| around.join(of_area));
        let side = ((polygons.len() as f64).sqrt() * 2.0).ceil() as usize;
        let side = side.clamp(1, CELLS_PER_SIDE_MAX);
        let cells = vec![Vec::new(); side * side];
        let mut locator = Self { polygons, bounds, around, side, cells };
        for area in 0..locator.bounds.len() {
            let Bounds { low, high } = locator.bounds[area];
            let (left, top) = locator.cell(f64::from(low.x), f64::from(low.y));
            let (right, bottom) = locator.cell(f64::from(high.x), f64::from(high.y));
            for row in top..=bottom {
                for column in left..=right {
                    locator.cells[row * side + column].push(area as u32);
                }
            }
        }
        locator
    }

    fn cell(&self, x: f64, y: f64) -> (usize, usize) {
        let part = |at: f64, low: i32, high: i32| {
            let share = (at - f64::from(low)) / (f64::from(high) - f64::from(low)).max(1.0);
            ((share * self.side as f64).max(0.0) as usize).min(self.side - 1)
        };
        let Bounds { low, high } = self.around;
        (part(x, low.x, high.x), part(y, low.y, high.y))
    }

    /// The finest area (its number) that contains the place, given in units.
    pub(crate) fn leaf_at(&self, x: f64, y: f64) -> Option<u32> {
        if !x.is_finite() || !y.is_finite() {
            return None;
        }
        let (column, row) = self.cell(x, y);
        let place = Fine::new(x, y);
        let inside = |area: u32| {
            let rings = &self.polygons[area as usize];
            let crossings = rings.iter().flat_map(|ring| polygon::edges(ring));
            crossings.filter(|&(a, b)| place.ray_crosses(a, b)).count() % 2 == 1
        };
        self.cells[row * self.side + column].iter().copied().find(|&area| inside(area))
    }

    /// The finest area nearest to the place, with its distance in units, if that is at most `reach`.
    pub(crate) fn nearest(&self, x: f64, y: f64, reach: f64) -> Option<(u32, f64)> {
        if let Some(area) = self.leaf_at(x, y) {
            return Some((area, 0.0));
        }
        // No area is farther than the far corner of its box: so few outlines are looked at, wherever the place is.
        let far =
            |at: f64, low: i32, high: i32| (at - f64::from(low)).abs().max((f64::from(high) - at).abs());
        let reach = self
            .bounds
            .iter()
            .map(|Bounds { low, high }| far(x, low.x, high.x).hypot(far(y, low.y, high.y)))
            .fold(reach, f64::min);
        let apart = |at: f64, low: i32, high: i32| (f64::from(low) - at).max(at - f64::from(high)).max(0.0);
        let mut best: Option<(u32, f64)> = None;
        for (area, Bounds { low, high }) in self.bounds.iter().enumerate() {
            let limit = best.map_or(reach, |(_, distance)| distance);
            if apart(x, low.x, high.x).hypot(apart(y, low.y, high.y)) > limit {
                continue;
            }
            let edges = self.polygons[area].iter().flat_map(|ring| polygon::edges(ring));
            let distance =
                edges.map(|(a, b)| polygon::distance_to_segment((x, y), a, b)).fold(f64::MAX, f64::min);
            if distance <= reach && best.is_none_or(|(_, least)| distance < least) {
                best = Some((area as u32, distance));
            }
        }
        best
    }
}

/// The box around rings.
pub(crate) fn bounds_of(rings: &[Vec<crate::grid::Point>]) -> Bounds {
    let mut bounds = Bounds::EMPTY;
    rings.iter().flatten().for_each(|&corner| bounds.add(corner));
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Geography;

    #[test]
    fn the_nearest_area_is_the_one_that_looking_at_all_finds() {
        let london = Geography::london();
        let locator = london.locator();
        // In the Thames, off the outer border, far away: places by a fixed walk around the map and across it.
        let (mut off, mut far) = (0, 0);
        for step in 0..300_u32 {
            let share = |prime: u32| f64::from(step * prime % 1009) / 1009.0;
            let (lat, lon) = (51.2 + 0.6 * share(373), -0.7 + 1.3 * share(641));
            let (x, y) = london.grid().project(lat, lon);
            let distance = |rings: &Vec<Vec<crate::grid::Point>>| {
                let edges = rings.iter().flat_map(|ring| polygon::edges(ring));
                edges.map(|(a, b)| polygon::distance_to_segment((x, y), a, b)).fold(f64::MAX, f64::min)
            };
            let least = locator.polygons.iter().map(distance).fold(f64::MAX, f64::min);
            match locator.leaf_at(x, y) {
                Some(inside) => assert_eq!(locator.nearest(x, y, 0.0), Some((inside, 0.0))),
                None => {
                    off += 1;
                    let (area, found) = locator.nearest(x, y, f64::MAX).unwrap();
                    assert_eq!((found, distance(&locator.polygons[area as usize])), (least, least));
                    assert_eq!(locator.nearest(x, y, least * 1.000_001), Some((area, least)));
                    assert_eq!(locator.nearest(x, y, least * 0.999), None);
                    let metres = least * london.grid().metres_per_unit(y);
                    far += u32::from(metres > OFF_OUTLINE_MAX_M);
                    assert_eq!(london.leaf_of_home(lat, lon).is_ok(), metres <= OFF_OUTLINE_MAX_M);
                }
            }
        }
        assert!(off > 50 && far > 50, "{off} off the map, {far} of them far");
    }
}
