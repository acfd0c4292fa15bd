//! Exact arithmetic of points, segments and rings on the grid. A ring is a list of corners without
//! the first one repeated at its end.

use std::cmp::Ordering;

use crate::grid::Point;

/// Twice the signed area of the triangle: positive when `a`, `b`, `c` turn from x towards y.
pub(crate) fn cross(a: Point, b: Point, c: Point) -> i64 {
    let [ax, ay, bx, by, cx, cy] = [a.x, a.y, b.x, b.y, c.x, c.y].map(i64::from);
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

/// Twice the signed area of a ring.
pub(crate) fn doubled_area(ring: &[Point]) -> i64 {
    let Some(&origin) = ring.first() else { return 0 };
    ring.windows(2).map(|edge| cross(origin, edge[0], edge[1])).sum()
}

/// The ring's edges, the closing one last.
pub(crate) fn edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Whether a point lies on the closed segment.
pub(crate) fn on_segment(a: Point, b: Point, point: Point) -> bool {
    let within = |low: i32, high: i32, at: i32| low.min(high) <= at && at <= low.max(high);
    within(a.x, b.x, point.x) && within(a.y, b.y, point.y) && cross(a, b, point) == 0
}

/// Whether two segments have a point in common that is not an end of both.
pub(crate) fn segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let side = |p, q, r| cross(p, q, r).signum();
    let (c_side, d_side) = (side(a, b, c), side(a, b, d));
    let (a_side, b_side) = (side(c, d, a), side(c, d, b));
    if c_side * d_side < 0 && a_side * b_side < 0 {
        return true;
    }
    // A touch: an end of one inside the other, or the very same segment.
    let inside = |p: Point, q: Point, r: Point| r != p && r != q && on_segment(p, q, r);
    inside(a, b, c)
        || inside(a, b, d)
        || inside(c, d, a)
        || inside(c, d, b)
        || (a, b) == (d, c)
        || (a, b) == (c, d)
}

/// Where two segments meet that do ([`segments_meet`]): where they cross, or an end of one that touches the other.
pub(crate) fn meeting(a: Point, b: Point, c: Point, d: Point) -> (f64, f64) {
    let at = |p: Point| (f64::from(p.x), f64::from(p.y));
    let touching = [(a, b, c), (a, b, d), (c, d, a), (c, d, b)].into_iter();
    let mut touching = touching.filter(|&(p, q, end)| end != p && end != q && on_segment(p, q, end));
    if let Some((.., end)) = touching.next() {
        return at(end);
    }
    // The part of the way from a to b where c-d is reached: twice the areas of the triangles on either side.
    let (from, to) = (cross(c, d, a) as f64, cross(c, d, b) as f64);
    // The very same segment has no single place.
    let part = if from == to { 0.0 } else { from / (from - to) };
    let ((ax, ay), (bx, by)) = (at(a), at(b));
    (ax + (bx - ax) * part, ay + (by - ay) * part)
}

/// Whether the closed triangle contains the point.
pub(crate) fn in_triangle(a: Point, b: Point, c: Point, point: Point) -> bool {
    let turns = [cross(a, b, point), cross(b, c, point), cross(c, a, point)];
    turns.iter().all(|&turn| turn >= 0) || turns.iter().all(|&turn| turn <= 0)
}

/// Parts of a unit that places are told apart by when they are looked up.
const LOOKUP_PARTS: f64 = 256.0;

/// A place with the precision of a lookup: 256ths of a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fine {
    x: i64,
    y: i64,
}

impl Fine {
    pub(crate) fn new(x: f64, y: f64) -> Self {
        Self { x: (x * LOOKUP_PARTS).round() as i64, y: (y * LOOKUP_PARTS).round() as i64 }
    }

    /// The middle of two points.
    pub(crate) fn between(a: Point, b: Point) -> Self {
        let middle = |a: i32, b: i32| f64::midpoint(f64::from(a), f64::from(b));
        Self::new(middle(a.x, b.x), middle(a.y, b.y))
    }

    /// Whether a ray to the east crosses the edge. Edges are half open, and the side of the edge does
    /// not depend on its direction: a point on the border of two areas is in exactly one of them.
    pub(crate) fn ray_crosses(self, a: Point, b: Point) -> bool {
        let scale = LOOKUP_PARTS as i64;
        let (low, high) = if a.y <= b.y { (a, b) } else { (b, a) };
        let (low_y, high_y) = (i64::from(low.y) * scale, i64::from(high.y) * scale);
        if self.y < low_y || self.y >= high_y {
            return false;
        }
        let (low_x, high_x) = (i64::from(low.x) * scale, i64::from(high.x) * scale);
        let turn = i128::from(high_x - low_x) * i128::from(self.y - low_y)
            - i128::from(high_y - low_y) * i128::from(self.x - low_x);
        turn > 0
    }

    /// Whether the ring, alone, contains the place.
    pub(crate) fn is_in(self, ring: &[Point]) -> bool {
        edges(ring).filter(|&(a, b)| self.ray_crosses(a, b)).count() % 2 == 1
    }
}

/// Distance of a place from a segment, in units.
pub(crate) fn distance_to_segment((x, y): (f64, f64), a: Point, b: Point) -> f64 {
    let (ax, ay) = (f64::from(a.x), f64::from(a.y));
    let (dx, dy) = (f64::from(b.x) - ax, f64::from(b.y) - ay);
    let length2 = dx * dx + dy * dy;
    let along = if length2 > 0.0 { (((x - ax) * dx + (y - ay) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (x - ax - along * dx).hypot(y - ay - along * dy)
}

/// Orders directions by their angle, from the x axis towards the y axis, exactly.
pub(crate) fn by_angle(from: Point, a: Point, b: Point) -> Ordering {
    let half = |p: Point| p.y < from.y || (p.y == from.y && p.x < from.x);
    half(a).cmp(&half(b)).then_with(|| 0.cmp(&cross(from, a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn p(x: i32, y: i32) -> Point {
        Point::new(x, y)
    }

    #[test]
    fn segments() {
        let check = |[a, b, c, d]: [Point; 4], meet| {
            assert_eq!(segments_meet(a, b, c, d), meet, "{a:?} {b:?} {c:?} {d:?}");
            assert_eq!(segments_meet(d, c, b, a), meet, "{a:?} {b:?} {c:?} {d:?} the other way");
        };
        check([p(0, 0), p(2, 2), p(0, 2), p(2, 0)], true);
        check([p(0, 0), p(2, 2), p(2, 2), p(4, 0)], false);
        check([p(0, 0), p(4, 0), p(2, 0), p(2, 3)], true);
        check([p(0, 0), p(4, 0), p(2, 0), p(6, 0)], true);
        check([p(0, 0), p(4, 0), p(4, 0), p(6, 0)], false);
        check([p(0, 0), p(4, 0), p(0, 0), p(6, 0)], true);
        check([p(0, 0), p(4, 0), p(4, 0), p(0, 0)], true);
        check([p(0, 0), p(4, 0), p(0, 1), p(4, 1)], false);
    }

    #[test]
    fn segments_meet_where_they_cross_or_touch() {
        let check = |[a, b, c, d]: [Point; 4], expect: (f64, f64)| {
            assert_eq!(meeting(a, b, c, d), expect, "{a:?} {b:?} {c:?} {d:?}");
            assert_eq!(meeting(d, c, b, a), expect, "{a:?} {b:?} {c:?} {d:?} the other way");
        };
        check([p(0, 0), p(2, 2), p(0, 2), p(2, 0)], (1.0, 1.0));
        check([p(0, 0), p(8, 0), p(2, -1), p(2, 3)], (2.0, 0.0));
        check([p(0, 0), p(4, 0), p(3, 0), p(3, 3)], (3.0, 0.0));
        check([p(0, 0), p(3, 3), p(0, 1), p(3, 1)], (1.0, 1.0));
    }

    #[test]
    fn angles() {
        let mut around = vec![p(1, -1), p(-1, -1), p(0, 1), p(-1, 0), p(1, 0), p(1, 1), p(0, -1), p(-1, 1)];
        around.sort_by(|&a, &b| by_angle(p(0, 0), a, b));
        let expect = [p(1, 0), p(1, 1), p(0, 1), p(-1, 1), p(-1, 0), p(-1, -1), p(0, -1), p(1, -1)];
        assert_eq!(around, expect);
    }

    #[test]
    fn a_border_belongs_to_one_side() {
        let west = [p(0, 0), p(4, 0), p(4, 4), p(0, 4)];
        let east = [p(4, 0), p(8, 0), p(8, 4), p(4, 4)];
        for tenth in 0..40 {
            let place = Fine::new(4.0, f64::from(tenth) / 10.0);
            assert!(place.is_in(&west) != place.is_in(&east), "{place:?}");
        }
    }
}
