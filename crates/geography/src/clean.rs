//! From rings of degrees to rings on the grid that can be trusted: closed, turning the right way,
//! without repeated points, not crossing themselves. What can be repaired is repaired and told.

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use crate::error::Reason;
use crate::grid::{Grid, Point};
use crate::polygon::{self, Fine};
use crate::vertices::Vertices;

/// What was repaired in a feature.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Repair {
    /// A ring whose last point was not its first.
    UnclosedRing,
    /// A ring that turned the wrong way (RFC 7946: outer rings counterclockwise, holes clockwise).
    Winding,
    /// Points that were the same as the one before, this many.
    RepeatedPoints(usize),
    /// A hole that was written as a polygon of its own within another one.
    HoleAsPolygon,
    /// A ring without area.
    ZeroAreaRing,
    /// A ring that touched itself at a point, and became several.
    TouchingRing,
    /// An area without a name, called by its code.
    NamedByCode,
    /// A corner of a neighbour lay on an edge, and became a corner of both; this many.
    SharedCorners(usize),
}

impl std::fmt::Display for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnclosedRing => write!(f, "closed a ring"),
            Self::Winding => write!(f, "turned a ring around"),
            Self::RepeatedPoints(1) => write!(f, "dropped a repeated point"),
            Self::RepeatedPoints(count) => write!(f, "dropped {count} repeated points"),
            Self::HoleAsPolygon => write!(f, "took a polygon within another for the hole that it is"),
            Self::ZeroAreaRing => write!(f, "dropped a ring without area"),
            Self::TouchingRing => write!(f, "split a ring that touched itself"),
            Self::NamedByCode => write!(f, "has no name: called by its code"),
            Self::SharedCorners(1) => write!(f, "shared a neighbour's corner"),
            Self::SharedCorners(count) => write!(f, "shared {count} corners of neighbours"),
        }
    }
}

/// A ring on the grid, the first point not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapped {
    pub(crate) hole: bool,
    pub(crate) corners: Vec<Point>,
}

/// Puts a feature's polygons on the grid. Counting and closing is done on the given points, so that a
/// coarse grid is not blamed on the file.
pub(crate) fn snap(
    grid: &Grid,
    polygons: &[Vec<Vec<[f64; 2]>>],
    repairs: &mut Vec<Repair>,
) -> Result<Vec<Snapped>, Reason> {
    let mut rings = Vec::new();
    for polygon in polygons {
        for (place, given) in polygon.iter().enumerate() {
            let (hole, closed) = (place > 0, given.first() == given.last());
            let count = if closed { given.len() } else { given.len() + 1 };
            if count < 4 {
                return Err(Reason::TooFewPoints(given.len()));
            }
            if !closed {
                repairs.push(Repair::UnclosedRing);
            }
            let repeated = given.windows(2).filter(|pair| pair[0] == pair[1]).count();
            if repeated > 0 {
                repairs.push(Repair::RepeatedPoints(repeated));
            }
            if is_clockwise(given) != hole {
                repairs.push(Repair::Winding);
            }
            let mut corners: Vec<Point> = given.iter().map(|&[lon, lat]| grid.snap(lat, lon)).collect();
            corners.dedup();
            while corners.len() > 1 && corners.first() == corners.last() {
                corners.pop();
            }
            rings.push(Snapped { hole, corners });
        }
    }
    Ok(rings)
}

fn is_clockwise(ring: &[[f64; 2]]) -> bool {
    let Some(&[x0, y0]) = ring.first() else { return false };
    let doubled: f64 = ring
        .windows(2)
        .map(|edge| (edge[0][0] - x0) * (edge[1][1] - y0) - (edge[1][0] - x0) * (edge[0][1] - y0))
        .sum();
    doubled < 0.0
}

/// Gives an edge the corners of others that lie on it. Returns how many.
pub(crate) fn share_corners(rings: &mut [Snapped], vertices: &Vertices) -> usize {
    let mut shared = 0;
    for ring in rings {
        let mut corners = Vec::with_capacity(ring.corners.len());
        for (a, b) in polygon::edges(&ring.corners) {
            corners.push(a);
            let mut between: Vec<Point> = vertices.within(&[a, b]).filter(|&p| p != a && p != b).collect();
            between.retain(|&p| polygon::on_segment(a, b, p));
            between.sort_unstable_by_key(|p| p.x.abs_diff(a.x).max(p.y.abs_diff(a.y)));
            shared += between.len();
            corners.extend(between);
        }
        ring.corners = corners;
    }
    shared
}

/// Splits, checks and turns a feature's rings: outer ones and holes come back with the area always on
/// the same side.
pub(crate) fn clean(
    grid: &Grid,
    rings: &[Snapped],
    repairs: &mut Vec<Repair>,
) -> Result<Vec<Vec<Point>>, Reason> {
    let mut parts: Vec<(Option<bool>, Vec<Point>)> = Vec::new();
    for ring in rings {
        let mut simple = split(&ring.corners);
        let before = simple.len();
        simple.retain(|part| !is_flat(part));
        if simple.len() < before || before == 0 {
            repairs.push(Repair::ZeroAreaRing);
        }
        if simple.len() > 1 {
            repairs.push(Repair::TouchingRing);
        }
        // What a ring that touches itself falls into may be outer rings and holes.
        let hole = (simple.len() == 1).then_some(ring.hole);
        parts.extend(simple.into_iter().map(|part| (hole, part)));
    }
    if parts.is_empty() {
        return Err(Reason::NoArea);
    }
    if let Some((x, y)) = first_crossing(parts.iter().map(|(_, part)| part.as_slice())) {
        let (lat, lon) = grid.unproject(x, y);
        return Err(Reason::SelfIntersection { lat, lon });
    }
    orient(parts, repairs)
}

/// Whether all corners are on one line. (A ring that crosses itself may have no area either.)
fn is_flat(ring: &[Point]) -> bool {
    ring.len() < 3 || ring.iter().all(|&corner| polygon::cross(ring[0], ring[1], corner) == 0)
}

/// Splits a ring at points that it visits more than once.
fn split(ring: &[Point]) -> Vec<Vec<Point>> {
    let mut simple = Vec::new();
    let mut open: Vec<Point> = Vec::new();
    let mut place_of: HashMap<Point, usize> = HashMap::new();
    for &corner in ring {
        if let Some(&place) = place_of.get(&corner) {
            let part: Vec<Point> = open.drain(place..).collect();
            part.iter().for_each(|gone| {
                place_of.remove(gone);
            });
            if part.len() > 2 {
                simple.push(part);
            }
        }
        place_of.insert(corner, open.len());
        open.push(corner);
    }
    if open.len() > 2 {
        simple.push(open);
    }
    simple
}

/// Where two edges meet that must not. Edges are swept from west to east.
fn first_crossing<'a>(rings: impl Iterator<Item = &'a [Point]>) -> Option<(f64, f64)> {
    let mut edges: Vec<(Point, Point)> = Vec::new();
    for ring in rings {
        edges.extend(polygon::edges(ring));
    }
    edges.sort_unstable_by_key(|&(a, b)| a.x.min(b.x));
    for (place, &(a, b)) in edges.iter().enumerate() {
        let east = a.x.max(b.x);
        for &(c, d) in edges[place + 1..].iter().take_while(|&&(c, d)| c.x.min(d.x) <= east) {
            // The same edge again is a seam between two polygons of the area.
            let seam = (a, b) == (d, c) || (a, b) == (c, d);
            if !seam && polygon::segments_meet(a, b, c, d) {
                return Some(polygon::meeting(a, b, c, d));
            }
        }
    }
    None
}

/// Turns rings by how deep they lie in each other, and checks that this is what they said they were.
fn orient(
    parts: Vec<(Option<bool>, Vec<Point>)>,
    repairs: &mut Vec<Repair>,
) -> Result<Vec<Vec<Point>>, Reason> {
    let mut edge_count: HashMap<(Point, Point), usize> = HashMap::new();
    for (a, b) in parts.iter().flat_map(|(_, part)| polygon::edges(part)) {
        *edge_count.entry((a.min(b), a.max(b))).or_default() += 1;
    }
    let mut oriented = Vec::with_capacity(parts.len());
    let mut edges = HashSet::new();
    for (number, (said, part)) in parts.iter().enumerate() {
        // An edge that is no seam shows where the ring lies; a ring of seams alone fills a hole.
        let own_edge = polygon::edges(part).find(|&(a, b)| edge_count[&(a.min(b), a.max(b))] == 1);
        let others =
            parts.iter().enumerate().filter(|&(other, _)| other != number).map(|(_, (_, ring))| ring);
        let around: Vec<&Vec<Point>> = own_edge.map_or_else(Vec::new, |edge| {
            let middle = Fine::between(edge.0, edge.1);
            others.filter(|other| middle.is_in(other)).collect()
        });
        let hole = if own_edge.is_some() { around.len() % 2 == 1 } else { said.unwrap_or(false) };
        if said.is_some_and(|said| said != hole) {
            // A hole that was written as a polygon of its own turns against the polygon around it.
            let area = polygon::doubled_area(part);
            let against = |ring: &&Vec<Point>| polygon::doubled_area(ring).signum() != area.signum();
            if !hole || !around.iter().all(against) {
                return Err(Reason::Nesting);
            }
            repairs.push(Repair::HoleAsPolygon);
        }
        let mut part = part.clone();
        if (polygon::doubled_area(&part) < 0) != hole {
            part.reverse();
        }
        if !polygon::edges(&part).all(|edge| edges.insert(edge)) {
            return Err(Reason::Nesting);
        }
        oriented.push(part);
    }
    Ok(oriented)
}
