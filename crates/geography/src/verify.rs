//! What must hold of outlines, computed the slow way: for the checks of derived data, of imports, and
//! for tests.

use metering::AreaCode;

use crate::area::LevelIndex;
use crate::geography::Geography;
use crate::grid::Point;
use crate::outline::Outlines;
use crate::polygon;

impl Geography {
    /// Pairs of finest areas that overlap: their borders cross, or one's label is in the other.
    pub(crate) fn overlaps(&self) -> Vec<(AreaCode, AreaCode)> {
        let mut pairs = crossings(&self.outlines);
        for leaf in self.level(self.finest()).indices() {
            let (lat, lon) = self.label_position(leaf);
            let Some(found) = self.leaf_at(lat, lon).filter(|&found| found != leaf) else { continue };
            let (one, other) = (self.leaves(leaf).start, self.leaves(found).start);
            pairs.push((one.min(other), one.max(other)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs.retain(|(one, other)| one != other);
        let code = |number| self.area(self.leaf(number)).code.clone();
        pairs.into_iter().map(|(one, other)| (code(one), code(other))).collect()
    }

    /// Pairs of neighbouring areas of a level (their places in it) whose drawn borders cross or touch
    /// where they should not. None, if the geography was made from areas that do not overlap.
    pub fn crossings(&self, level: LevelIndex) -> Vec<(u32, u32)> {
        crossings(self.drawn(level))
    }

    /// Twice the ground of each area of a level as drawn, in square units.
    pub fn ground_units(&self, level: LevelIndex) -> Vec<i64> {
        let drawn = self.drawn(level);
        let ground = |area| drawn.polygon(area).iter().map(|ring| polygon::doubled_area(ring)).sum();
        (0..drawn.rings.len()).map(ground).collect()
    }

    /// Twice the ground inside the outer borders of a level as drawn, in square units: as much as all its
    /// areas', unless there is a gap or an overlap.
    pub fn outline_units(&self, level: LevelIndex) -> i64 {
        let outer = self.drawn(level).borders.iter().filter_map(|border| match (border.left, border.right) {
            (Some(_), None) => Some((1, border)),
            (None, Some(_)) => Some((-1, border)),
            _ => None,
        });
        let origin = Point::default();
        outer
            .map(|(sign, border)| {
                let steps = border.line.windows(2);
                sign * steps.map(|step| polygon::cross(origin, step[0], step[1])).sum::<i64>()
            })
            .sum()
    }
}

/// Pairs of areas whose borders have more in common than their ends. Edges are swept from west to east.
pub(crate) fn crossings(outlines: &Outlines) -> Vec<(u32, u32)> {
    let mut edges: Vec<(Point, Point, u32)> = Vec::new();
    for border in &outlines.borders {
        let area = border.left.or(border.right).unwrap_or_default();
        edges.extend(border.line.windows(2).map(|edge| (edge[0], edge[1], area)));
    }
    edges.sort_unstable_by_key(|(a, b, _)| a.x.min(b.x));
    let mut found = Vec::new();
    for (place, &(a, b, area)) in edges.iter().enumerate() {
        let east = a.x.max(b.x);
        for &(c, d, other) in edges[place + 1..].iter().take_while(|(c, d, _)| c.x.min(d.x) <= east) {
            let apart = a.y.max(b.y) < c.y.min(d.y) || c.y.max(d.y) < a.y.min(b.y);
            if !apart && polygon::segments_meet(a, b, c, d) {
                found.push((area.min(other), area.max(other)));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
