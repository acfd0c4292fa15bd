//! Simplification that keeps topology (Visvalingam and Whyatt's order, weighted against spikes, with a guard).
//!
//! A corner may go only if the triangle that goes with it holds no other corner of any border. Since
//! borders do not cross, nothing can enter such a triangle without a corner in it: what was planar
//! stays planar, rings stay simple, neighbours keep their common border. Points where borders meet
//! never move.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::HashSet;

use crate::grid::Point;
use crate::outline::{Border, Outlines};
use crate::polygon;
use crate::vertices::Vertices;

/// How much lighter than its triangle a corner is that turns right back. Long thin spikes weigh much and show nothing.
const SPIKE: f64 = 0.7;

/// Leaves out corners that weigh less than this: twice the area of their triangle in square units, less where they are
/// acute.
pub(crate) fn simplify(outlines: &Outlines, doubled_area: i64) -> Outlines {
    let mut lines: Vec<Line> = outlines.borders.iter().map(Line::new).collect();
    let mut guard = Guard::new(&outlines.borders);
    let mut queue = BinaryHeap::new();
    for (border, line) in lines.iter().enumerate() {
        for corner in 1..line.points.len().saturating_sub(1) {
            queue.push(Reverse((line.weight(corner), border, corner)));
        }
    }
    while let Some(Reverse((weight, border, corner))) = queue.pop() {
        if weight > doubled_area {
            break;
        }
        let line = &mut lines[border];
        if !line.alive[corner] || line.weight(corner) != weight || !guard.allows(line, corner) {
            continue;
        }
        let (before, after) = line.remove(corner);
        guard.removed(line, corner);
        for neighbour in [before, after] {
            if neighbour > 0 && neighbour < line.points.len() - 1 {
                queue.push(Reverse((line.weight(neighbour), border, neighbour)));
            }
        }
    }
    let borders = outlines.borders.iter().zip(lines);
    let borders = borders.map(|(border, line)| Border { line: line.left(), ..*border }).collect();
    Outlines { borders, rings: outlines.rings.clone() }
}

/// A border's line while corners are taken out of it.
struct Line {
    points: Vec<Point>,
    alive: Vec<bool>,
    before: Vec<usize>,
    after: Vec<usize>,
    count: usize,
    closed: bool,
}

impl Line {
    fn new(border: &Border) -> Self {
        let count = border.line.len();
        Self {
            points: border.line.clone(),
            alive: vec![true; count],
            before: (0..count).map(|at| at.saturating_sub(1)).collect(),
            after: (0..count).map(|at| at + 1).collect(),
            count,
            closed: border.is_closed(),
        }
    }

    fn corners(&self, corner: usize) -> [Point; 3] {
        [self.before[corner], corner, self.after[corner]].map(|at| self.points[at])
    }

    fn weight(&self, corner: usize) -> i64 {
        let [a, b, c] = self.corners(corner);
        let doubled_area = polygon::cross(a, b, c).abs();
        let (to_a, to_c) = (from(b, a), from(b, c));
        let lengths = to_a.0.hypot(to_a.1) * to_c.0.hypot(to_c.1);
        let cosine = if lengths > 0.0 { (to_a.0 * to_c.0 + to_a.1 * to_c.1) / lengths } else { 0.0 };
        (doubled_area as f64 * (1.0 - SPIKE * cosine.max(0.0))) as i64
    }

    fn remove(&mut self, corner: usize) -> (usize, usize) {
        let (before, after) = (self.before[corner], self.after[corner]);
        self.after[before] = after;
        self.before[after] = before;
        self.alive[corner] = false;
        self.count -= 1;
        (before, after)
    }

    fn left(self) -> Vec<Point> {
        self.points.into_iter().zip(self.alive).filter_map(|(point, alive)| alive.then_some(point)).collect()
    }
}

/// Knows where all remaining corners are.
struct Guard {
    corners: Vertices,
    /// Borders that are one straight segment: no other border may become the same one.
    straight: HashSet<(Point, Point)>,
}

impl Guard {
    fn new(borders: &[Border]) -> Self {
        let corners = Vertices::new(borders.iter().flat_map(|border| border.line.iter().copied()));
        let straight = borders.iter().filter(|border| border.line.len() == 2);
        Self { corners, straight: straight.map(|border| segment(border.line[0], border.line[1])).collect() }
    }

    fn allows(&self, line: &Line, corner: usize) -> bool {
        // A closed line keeps three corners (and repeats one), an open one its two ends.
        let fewest = if line.closed { 4 } else { 2 };
        if line.count <= fewest {
            return false;
        }
        let [a, b, c] = line.corners(corner);
        if line.count == 3 && self.straight.contains(&segment(a, c)) {
            return false;
        }
        let mut others = self.corners.within(&[a, b, c]).filter(|p| ![a, b, c].contains(p));
        !others.any(|other| polygon::in_triangle(a, b, c, other))
    }

    fn removed(&mut self, line: &Line, corner: usize) {
        self.corners.remove(line.points[corner]);
        if line.count == 2 {
            self.straight.insert(segment(line.points[0], line.points[line.points.len() - 1]));
        }
    }
}

fn from(here: Point, there: Point) -> (f64, f64) {
    (f64::from(there.x - here.x), f64::from(there.y - here.y))
}

fn segment(a: Point, b: Point) -> (Point, Point) {
    (a.min(b), a.max(b))
}
