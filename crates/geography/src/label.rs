//! A point well inside an area: the centre of the largest circle that fits, nearly (the method that
//! Mapbox published as polylabel: squares, the most promising first, until none can do better).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::grid::Point;
use crate::locate::bounds_of;
use crate::polygon::{self, Fine};

/// The answer is this close to the best one, as a share of the area's longer side.
const PRECISION: f64 = 0.01;

/// A bound on the work for one area; real outlines need a few hundred squares.
const SQUARES_MAX: usize = 20_000;

struct Square {
    x: f64,
    y: f64,
    half: f64,
    distance: f64,
}

impl Square {
    fn new(x: f64, y: f64, half: f64, rings: &[Vec<Point>]) -> Self {
        let place = Fine::new(x, y);
        let mut inside = false;
        let mut nearest = f64::MAX;
        for (a, b) in rings.iter().flat_map(|ring| polygon::edges(ring)) {
            inside ^= place.ray_crosses(a, b);
            nearest = nearest.min(polygon::distance_to_segment((x, y), a, b));
        }
        Self { x, y, half, distance: if inside { nearest } else { -nearest } }
    }

    fn promise(&self) -> f64 {
        self.distance + self.half * std::f64::consts::SQRT_2
    }
}

impl Ord for Square {
    fn cmp(&self, other: &Self) -> Ordering {
        self.promise().total_cmp(&other.promise()).then_with(|| other.x.total_cmp(&self.x))
    }
}
impl PartialOrd for Square {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Square {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Square {}

/// A point inside the rings (the first one is the outermost and largest).
pub(crate) fn label_point(rings: &[Vec<Point>]) -> Point {
    let bounds = bounds_of(&rings[..1]);
    let (wide, tall) = (
        f64::from(bounds.high.x) - f64::from(bounds.low.x),
        f64::from(bounds.high.y) - f64::from(bounds.low.y),
    );
    let half = wide.min(tall).max(1.0) / 2.0;
    let precision = (wide.max(tall) * PRECISION).max(0.25);
    let mut queue = BinaryHeap::new();
    for column in 0..(wide / half / 2.0).ceil().max(1.0) as u32 {
        for row in 0..(tall / half / 2.0).ceil().max(1.0) as u32 {
            let x = f64::from(bounds.low.x) + half * (2.0 * f64::from(column) + 1.0);
            let y = f64::from(bounds.low.y) + half * (2.0 * f64::from(row) + 1.0);
            queue.push(Square::new(x, y, half, rings));
        }
    }
    let mut best = Square::new(
        f64::midpoint(f64::from(bounds.low.x), f64::from(bounds.high.x)),
        f64::midpoint(f64::from(bounds.low.y), f64::from(bounds.high.y)),
        0.0,
        rings,
    );
    for _ in 0..SQUARES_MAX {
        let Some(square) = queue.pop() else { break };
        if square.promise() - best.distance <= precision {
            break;
        }
        let half = square.half / 2.0;
        for (dx, dy) in [(-half, -half), (half, -half), (-half, half), (half, half)] {
            queue.push(Square::new(square.x + dx, square.y + dy, half, rings));
        }
        if square.distance > best.distance {
            best = square;
        }
    }
    Point::new(best.x.round() as i32, best.y.round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_a_horseshoe() {
        let corners = [(0, 0), (100, 0), (100, 20), (20, 20), (20, 80), (100, 80), (100, 100), (0, 100)];
        let ring: Vec<Point> = corners.map(|(x, y)| Point::new(x, y)).to_vec();
        let label = label_point(std::slice::from_ref(&ring));
        assert!(Fine::new(f64::from(label.x), f64::from(label.y)).is_in(&ring), "{label:?}");
    }

    #[test]
    fn outside_a_hole() {
        let outer = [(0, 0), (100, 0), (100, 100), (0, 100)].map(|(x, y)| Point::new(x, y)).to_vec();
        let hole = [(10, 10), (10, 90), (80, 90), (80, 10)].map(|(x, y)| Point::new(x, y)).to_vec();
        let label = label_point(&[outer, hole]);
        assert!((85..=95).contains(&label.x), "{label:?}");
    }
}
