//! Which of the finest areas a place lies in.

use crate::area::Bounds;
use crate::outline::Outlines;
use crate::polygon::{self, Fine};

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
        let mut best: Option<(u32, f64)> = None;
        for (area, Bounds { low, high }) in self.bounds.iter().enumerate() {
            let limit = best.map_or(reach, |(_, distance)| distance);
            let apart =
                |at: f64, low: i32, high: i32| (f64::from(low) - at).max(at - f64::from(high)).max(0.0);
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
