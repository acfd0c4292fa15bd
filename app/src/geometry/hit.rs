//! Which area is under a point, among thousands, while a pointer moves: a grid of buckets over the
//! areas' boxes, then the exact outline.

use super::outline::{Bounds, Outline};

/// Buckets along each side.
const SIDE: usize = 48;

/// An index over areas.
#[derive(Debug, Default)]
pub struct HitGrid {
    w: f64,
    h: f64,
    buckets: Vec<Vec<u16>>,
}

impl HitGrid {
    /// For a grid of this extent.
    pub fn new(w: f64, h: f64) -> Self {
        Self { w: w.max(1.0), h: h.max(1.0), buckets: vec![Vec::new(); SIDE * SIDE] }
    }

    /// Adds an area by its number.
    pub fn add(&mut self, number: u16, bounds: &Bounds) {
        let (x0, y0) = (self.column(bounds.x0.into()), self.row(bounds.y0.into()));
        let (x1, y1) = (self.column(bounds.x1.into()), self.row(bounds.y1.into()));
        for row in y0..=y1 {
            for column in x0..=x1 {
                self.buckets[row * SIDE + column].push(number);
            }
        }
    }

    /// The area that contains a point.
    pub fn find<'a>(&self, x: f64, y: f64, outline: impl Fn(u16) -> Option<&'a Outline>) -> Option<u16> {
        if !(0.0..=self.w).contains(&x) || !(0.0..=self.h).contains(&y) {
            return None;
        }
        let bucket = self.buckets.get(self.row(y) * SIDE + self.column(x))?;
        bucket.iter().copied().find(|&number| outline(number).is_some_and(|outline| outline.contains(x, y)))
    }

    fn column(&self, x: f64) -> usize {
        ((x / self.w * SIDE as f64) as usize).min(SIDE - 1)
    }

    fn row(&self, y: f64) -> usize {
        ((y / self.h * SIDE as f64) as usize).min(SIDE - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_finds_its_square() {
        // A chessboard of 20 x 20 squares of 7 units.
        let outlines: Vec<Outline> = (0..400)
            .map(|n| Outline::parse(&format!("M{} {}h7v7h-7z", n % 20 * 7, n / 20 * 7)).unwrap())
            .collect();
        let mut grid = HitGrid::new(140.0, 140.0);
        for (number, outline) in outlines.iter().enumerate() {
            grid.add(number as u16, &outline.bounds);
        }
        let find = |x, y| grid.find(x, y, |number| outlines.get(usize::from(number)));
        for n in 0..400_u16 {
            let (x, y) = (f64::from(n % 20) * 7.0 + 3.5, f64::from(n / 20) * 7.0 + 0.1);
            assert_eq!(find(x, y), Some(n));
        }
        assert_eq!(find(-1.0, 5.0), None);
        assert_eq!(find(5.0, 140.1), None);
    }
}
