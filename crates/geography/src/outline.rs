//! Outlines with shared topology: a border between two areas is stored once, with the area on either
//! side, and rings are made of borders. So whatever is done to a border is done to both neighbours,
//! and no sliver can open between them. A coarser level's outlines are those borders of the finest
//! level whose two sides lie in different areas of the coarser one.

use foldhash::{HashMap, HashMapExt as _};

use crate::grid::Point;
use crate::polygon;

/// A line between two areas, or between an area and the outside. Closed lines repeat their first point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Border {
    pub(crate) line: Vec<Point>,
    /// The area (its number within the level) towards which a right angle turns from x to y.
    pub(crate) left: Option<u32>,
    pub(crate) right: Option<u32>,
}

impl Border {
    pub(crate) fn is_closed(&self) -> bool {
        self.line.len() > 2 && self.line.first() == self.line.last()
    }
}

/// A border as it is walked: along its line, or against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Walk {
    pub(crate) border: u32,
    pub(crate) against: bool,
}

impl Walk {
    const fn back(self) -> Self {
        Self { border: self.border, against: !self.against }
    }

    fn number(self) -> usize {
        self.border as usize * 2 + usize::from(self.against)
    }
}

/// A ring: walks that begin where the one before ended.
pub(crate) type Ring = Vec<Walk>;

/// The outlines of all areas of a level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outlines {
    pub(crate) borders: Vec<Border>,
    /// By area: its rings, the largest first. Rings around the area turn from x to y, holes the other way.
    pub(crate) rings: Vec<Vec<Ring>>,
}

impl Outlines {
    /// Puts pieces of borders together: what lies inside one area goes, what continues is joined.
    pub(crate) fn assemble(pieces: Vec<Border>, areas: usize) -> Self {
        let pieces = pieces.into_iter().filter(|piece| piece.left != piece.right).collect();
        let mut borders = Joiner::new(pieces).join();
        // By areas: what lies together is stored together.
        borders.sort_by(|a, b| (a.left, a.right, &a.line).cmp(&(b.left, b.right, &b.line)));
        Self::of(borders, areas)
    }

    /// Outlines of borders that are already whole.
    pub(crate) fn of(borders: Vec<Border>, areas: usize) -> Self {
        let rings = Tracer::new(&borders).trace(areas);
        let mut outlines = Self { borders, rings };
        outlines.largest_first();
        outlines
    }

    /// The outlines of a coarser level: `whole` says which of its areas each of ours lies in.
    pub(crate) fn dissolve(&self, areas: usize, whole: impl Fn(u32) -> u32) -> Self {
        let lift = |border: &Border| Border {
            line: border.line.clone(),
            left: border.left.map(&whole),
            right: border.right.map(&whole),
        };
        Self::assemble(self.borders.iter().map(lift).collect(), areas)
    }

    /// The corners of a ring, the first one not repeated.
    pub(crate) fn corners(&self, ring: &Ring) -> Vec<Point> {
        let mut corners = Vec::new();
        for walk in ring {
            let line = &self.borders[walk.border as usize].line;
            if walk.against {
                corners.extend(line[1..].iter().rev());
            } else {
                corners.extend(&line[..line.len() - 1]);
            }
        }
        corners
    }

    /// The rings of an area, as corners.
    pub(crate) fn polygon(&self, area: usize) -> Vec<Vec<Point>> {
        self.rings[area].iter().map(|ring| self.corners(ring)).collect()
    }

    fn largest_first(&mut self) {
        let mut rings = std::mem::take(&mut self.rings);
        for of_area in &mut rings {
            of_area.sort_by_cached_key(|ring| {
                let corners = self.corners(ring);
                (std::cmp::Reverse(polygon::doubled_area(&corners).abs()), corners.first().copied())
            });
        }
        self.rings = rings;
    }
}

fn left_of(borders: &[Border], walk: Walk) -> Option<u32> {
    let border = &borders[walk.border as usize];
    if walk.against { border.right } else { border.left }
}

fn start_of(borders: &[Border], walk: Walk) -> Point {
    let line = &borders[walk.border as usize].line;
    if walk.against { line[line.len() - 1] } else { line[0] }
}

/// The second point of a walk: with the first one it gives the direction in which the walk leaves.
fn second_of(borders: &[Border], walk: Walk) -> Point {
    let line = &borders[walk.border as usize].line;
    if walk.against { line[line.len() - 2] } else { line[1] }
}

/// All walks that leave a point.
fn departures(borders: &[Border]) -> HashMap<Point, Vec<Walk>> {
    let mut leaving: HashMap<Point, Vec<Walk>> = HashMap::new();
    for border in 0..borders.len() as u32 {
        for against in [false, true] {
            let walk = Walk { border, against };
            leaving.entry(start_of(borders, walk)).or_default().push(walk);
        }
    }
    leaving
}

/// Joins pieces at points where nothing else begins.
struct Joiner {
    pieces: Vec<Border>,
    leaving: HashMap<Point, Vec<Walk>>,
    used: Vec<bool>,
}

impl Joiner {
    fn new(pieces: Vec<Border>) -> Self {
        let leaving = departures(&pieces);
        let used = vec![false; pieces.len()];
        Self { pieces, leaving, used }
    }

    /// The walk that goes on where this one ends, if it is the only one and has the same sides.
    fn next(&self, walk: Walk) -> Option<Walk> {
        let leaving = &self.leaving[&start_of(&self.pieces, walk.back())];
        let &[one, other] = leaving.as_slice() else { return None };
        let next = if one == walk.back() { other } else { one };
        let same_sides = left_of(&self.pieces, next) == left_of(&self.pieces, walk)
            && left_of(&self.pieces, next.back()) == left_of(&self.pieces, walk.back());
        same_sides.then_some(next)
    }

    fn join(mut self) -> Vec<Border> {
        let mut joined = Vec::new();
        let walks = || {
            (0..self.pieces.len() as u32)
                .flat_map(|border| [false, true].map(|against| Walk { border, against }))
        };
        // First the lines that begin somewhere, then the closed ones, which begin anywhere.
        let beginnings: Vec<Walk> = walks().filter(|walk| self.next(walk.back()).is_none()).collect();
        let anywhere: Vec<Walk> = walks().filter(|walk| !walk.against).collect();
        for walk in beginnings.into_iter().chain(anywhere) {
            if !self.used[walk.border as usize] {
                joined.push(self.line_from(walk));
            }
        }
        joined
    }

    fn line_from(&mut self, first: Walk) -> Border {
        let (left, right) = (left_of(&self.pieces, first), left_of(&self.pieces, first.back()));
        let mut line = vec![start_of(&self.pieces, first)];
        let mut walk = Some(first);
        while let Some(at) = walk {
            if std::mem::replace(&mut self.used[at.border as usize], true) {
                break;
            }
            let piece = &self.pieces[at.border as usize].line;
            if at.against {
                line.extend(piece.iter().rev().skip(1));
            } else {
                line.extend(piece.iter().skip(1));
            }
            walk = self.next(at);
        }
        Border { line, left, right }
    }
}

/// Walks around areas.
struct Tracer<'a> {
    borders: &'a [Border],
    leaving: HashMap<Point, Vec<Walk>>,
    walked: Vec<bool>,
}

impl<'a> Tracer<'a> {
    fn new(borders: &'a [Border]) -> Self {
        let mut leaving = departures(borders);
        for (&from, walks) in &mut leaving {
            walks.sort_by(|&a, &b| {
                polygon::by_angle(from, second_of(borders, a), second_of(borders, b))
                    .then_with(|| a.number().cmp(&b.number()))
            });
        }
        Self { borders, leaving, walked: vec![false; borders.len() * 2] }
    }

    fn trace(mut self, areas: usize) -> Vec<Vec<Ring>> {
        let mut rings = vec![Vec::new(); areas];
        for border in 0..self.borders.len() as u32 {
            for against in [false, true] {
                let walk = Walk { border, against };
                let Some(area) = left_of(self.borders, walk) else { continue };
                if !self.walked[walk.number()] {
                    let around = self.around(walk, area);
                    rings[area as usize].extend(self.apart(around));
                }
            }
        }
        rings
    }

    fn around(&mut self, first: Walk, area: u32) -> Ring {
        let mut ring = Vec::new();
        let mut walk = Some(first);
        while let Some(at) = walk {
            self.walked[at.number()] = true;
            ring.push(at);
            walk = self.turn(at, area);
        }
        ring
    }

    /// Takes a round apart where it comes by the same point again: a hole that touches the ring around
    /// it, or another hole, is walked together with it.
    fn apart(&self, around: Ring) -> Vec<Ring> {
        let mut rings = Vec::new();
        let mut open: Ring = Vec::new();
        let mut place_of: HashMap<Point, usize> = HashMap::new();
        for walk in around {
            let start = start_of(self.borders, walk);
            if let Some(&place) = place_of.get(&start) {
                let ring: Ring = open.drain(place..).collect();
                for gone in &ring {
                    place_of.remove(&start_of(self.borders, *gone));
                }
                rings.push(ring);
            }
            place_of.insert(start, open.len());
            open.push(walk);
        }
        rings.push(open);
        rings
    }

    /// The next walk around the area: the first one back from where we came. The area fills the angle
    /// between the two, so parts of it that meet at a point are walked apart.
    fn turn(&self, walk: Walk, area: u32) -> Option<Walk> {
        let leaving = &self.leaving[&start_of(self.borders, walk.back())];
        let came = leaving.iter().position(|&other| other == walk.back())?;
        let count = leaving.len();
        let backwards = (1..=count).map(|step| leaving[(came + count - step) % count]);
        backwards
            .into_iter()
            .find(|&next| left_of(self.borders, next) == Some(area))
            .filter(|next| !self.walked[next.number()])
    }
}
