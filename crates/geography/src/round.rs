//! Rounding that keeps topology: corners go to a coarser lattice, so that paths compress better.
//!
//! A corner moves only if its borders, on their way, sweep over no other corner and meet no other
//! border. One that cannot move to any lattice point around it stays where it is; that is rare.

use foldhash::{HashMap, HashMapExt as _};

use crate::grid::Point;
use crate::outline::{Border, Outlines};
use crate::polygon;

/// Corners that were kept from moving by a neighbour get another chance when that one has moved.
const PASSES: usize = 2;

/// Moves corners to multiples of `step`.
pub(crate) fn round(outlines: &Outlines, step: i32) -> Outlines {
    if step <= 1 {
        return outlines.clone();
    }
    let mut net = Net::new(&outlines.borders, step);
    for _ in 0..PASSES {
        for corner in 0..net.at.len() {
            net.settle(corner);
        }
    }
    let moved = |border: &Border| {
        let line = border.line.iter().map(|point| net.at[net.corner[point]]).collect();
        Border { line, ..*border }
    };
    Outlines { borders: outlines.borders.iter().map(moved).collect(), rings: outlines.rings.clone() }
}

/// All corners and the edges between them.
struct Net {
    step: i32,
    /// By where it was at first.
    corner: HashMap<Point, usize>,
    /// Where it is now.
    at: Vec<Point>,
    taken: HashMap<Point, usize>,
    neighbours: Vec<Vec<usize>>,
    edges: Vec<(usize, usize)>,
    /// Edges by the cells that they can ever be in: nothing moves farther than a step.
    cells: HashMap<(i32, i32), Vec<usize>>,
    cell_units: i32,
}

impl Net {
    fn new(borders: &[Border], step: i32) -> Self {
        let mut net = Self {
            step,
            corner: HashMap::new(),
            at: Vec::new(),
            taken: HashMap::new(),
            neighbours: Vec::new(),
            edges: Vec::new(),
            cells: HashMap::new(),
            cell_units: step.saturating_mul(32),
        };
        for border in borders {
            for edge in border.line.windows(2) {
                let (a, b) = (net.corner_at(edge[0]), net.corner_at(edge[1]));
                net.neighbours[a].push(b);
                net.neighbours[b].push(a);
                net.edges.push((a, b));
            }
        }
        for edge in 0..net.edges.len() {
            let (a, b) = net.edges[edge];
            for cell in net.cells_around(&[net.at[a], net.at[b]]) {
                net.cells.entry(cell).or_default().push(edge);
            }
        }
        net
    }

    fn corner_at(&mut self, point: Point) -> usize {
        let next = self.at.len();
        let corner = *self.corner.entry(point).or_insert(next);
        if corner == next {
            self.at.push(point);
            self.taken.insert(point, next);
            self.neighbours.push(Vec::new());
        }
        corner
    }

    /// The cells of the box around these points and a step beyond.
    fn cells_around(&self, points: &[Point]) -> Vec<(i32, i32)> {
        let part = |pick: fn(&Point) -> i32| {
            let low = points.iter().map(pick).min().unwrap_or(0) - self.step;
            let high = points.iter().map(pick).max().unwrap_or(0) + self.step;
            low.div_euclid(self.cell_units)..=high.div_euclid(self.cell_units)
        };
        let rows = part(|point| point.y);
        part(|point| point.x).flat_map(|x| rows.clone().map(move |y| (x, y))).collect()
    }

    /// Moves a corner to the nearest lattice point that it may go to.
    fn settle(&mut self, corner: usize) {
        let from = self.at[corner];
        let (x, y) = (from.x.div_euclid(self.step) * self.step, from.y.div_euclid(self.step) * self.step);
        let distance = |to: &Point| {
            let (dx, dy) = (i64::from(to.x - from.x), i64::from(to.y - from.y));
            dx * dx + dy * dy
        };
        let mut around = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .map(|(east, south)| Point::new(x + east * self.step, y + south * self.step));
        around.sort_by_key(distance);
        if around[0] == from {
            return;
        }
        if let Some(&to) = around.iter().find(|&&to| self.may_move(corner, to)) {
            self.taken.remove(&from);
            self.taken.insert(to, corner);
            self.at[corner] = to;
        }
    }

    fn may_move(&self, corner: usize, to: Point) -> bool {
        if self.taken.contains_key(&to) {
            return false;
        }
        let from = self.at[corner];
        let around = &self.neighbours[corner];
        let overlap = |&one: &usize, &other: &usize| {
            one != other && polygon::segments_meet(to, self.at[one], to, self.at[other])
        };
        if around.iter().any(|one| around.iter().any(|other| overlap(one, other))) {
            return false;
        }
        around.iter().all(|&neighbour| {
            let end = self.at[neighbour];
            let mut near = self.cells_around(&[from, to, end]).into_iter();
            near.all(|cell| {
                let edges = self.cells.get(&cell).map_or(&[][..], Vec::as_slice);
                edges.iter().all(|&edge| self.stays_clear(self.edges[edge], corner, from, to, neighbour, end))
            })
        })
    }

    /// Whether an edge is left alone when the one from `corner` to `neighbour` swings.
    fn stays_clear(
        &self,
        (a, b): (usize, usize),
        corner: usize,
        from: Point,
        to: Point,
        neighbour: usize,
        end: Point,
    ) -> bool {
        let (a_at, b_at) = (self.at[a], self.at[b]);
        let swept = |other: usize, at: Point| {
            other != corner && other != neighbour && polygon::in_triangle(from, to, end, at)
        };
        if swept(a, a_at) || swept(b, b_at) {
            return false;
        }
        if a == corner || b == corner {
            return true;
        }
        let crossed = polygon::segments_meet(from, to, a_at, b_at)
            || [a_at, b_at].iter().any(|&at| polygon::on_segment(from, to, at));
        !crossed && !polygon::segments_meet(to, end, a_at, b_at)
    }
}
