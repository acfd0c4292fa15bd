//! Corners, found by where they are.

use foldhash::{HashMap, HashMapExt as _};

use crate::grid::Point;

/// Distinct corners in square cells, about one to a cell.
#[derive(Debug)]
pub(crate) struct Vertices {
    cells: HashMap<(i32, i32), Vec<Point>>,
    cell_units: i32,
}

impl Vertices {
    pub(crate) fn new(points: impl Iterator<Item = Point>) -> Self {
        let mut points: Vec<Point> = points.collect();
        points.sort_unstable();
        points.dedup();
        let extent = |part: fn(&Point) -> i32| {
            let (low, high) = (points.iter().map(part).min(), points.iter().map(part).max());
            low.zip(high).map_or(0, |(low, high)| low.abs_diff(high))
        };
        let side = f64::from(extent(|p| p.x).max(extent(|p| p.y)));
        let cell_units = (side / (points.len() as f64).sqrt().max(1.0)).ceil().max(1.0) as i32;
        let mut vertices = Self { cells: HashMap::new(), cell_units };
        for point in points {
            let cell = vertices.cell(point);
            vertices.cells.entry(cell).or_default().push(point);
        }
        vertices
    }

    fn cell(&self, point: Point) -> (i32, i32) {
        (point.x.div_euclid(self.cell_units), point.y.div_euclid(self.cell_units))
    }

    /// All corners in the cells that the box around the given points touches: those in the box, and more.
    pub(crate) fn within(&self, around: &[Point]) -> impl Iterator<Item = Point> + '_ {
        let (mut low, mut high) = (Point::new(i32::MAX, i32::MAX), Point::new(i32::MIN, i32::MIN));
        for point in around {
            low = Point::new(low.x.min(point.x), low.y.min(point.y));
            high = Point::new(high.x.max(point.x), high.y.max(point.y));
        }
        let (low, high) = (self.cell(low), self.cell(high));
        (low.0..=high.0)
            .flat_map(move |x| (low.1..=high.1).map(move |y| (x, y)))
            .flat_map(|cell| self.cells.get(&cell).map_or(&[][..], Vec::as_slice))
            .copied()
    }

    /// Forgets a corner.
    pub(crate) fn remove(&mut self, gone: Point) {
        let cell = self.cell(gone);
        if let Some(here) = self.cells.get_mut(&cell) {
            here.retain(|&point| point != gone);
        }
    }
}
