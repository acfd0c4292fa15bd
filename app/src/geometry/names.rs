//! Which names have room on a map.

use super::mercator::Placement;
use super::outline::Outline;

/// From this zoom on the coarsest level's names give way to those of places.
pub const PLACES_ZOOM: f64 = 12.2;

/// Height of a line, with the room to the next one, pixels.
const LINE_PX: f64 = 16.0;
/// Between two names side by side, pixels.
const GAP_PX: f64 = 4.0;

/// A box: west, north, east, south.
pub(super) type Rect = [f64; 4];

/// The room that names have on a map: none of them lies on another one, nor on the outline of an open area.
#[derive(Debug, Default)]
pub struct Room<'a> {
    /// Pixels.
    taken: Vec<Rect>,
    open: Option<(&'a Outline, Placement)>,
}

impl<'a> Room<'a> {
    /// All of it, but for an open area's outline, which lies in the picture so.
    pub fn beside(open: Option<&'a Outline>, placement: Placement) -> Self {
        Room { taken: Vec::new(), open: open.map(|open| (open, placement)) }
    }

    /// Takes the room for a name of this width around a point, if it is free. All are pixels.
    pub fn take(&mut self, x: f64, y: f64, width: f64) -> bool {
        let (dx, dy) = ((width + GAP_PX) / 2.0, LINE_PX / 2.0);
        let name = [x - dx, y - dy, x + dx, y + dy];
        let free = !self.taken.iter().any(|other| meet(&name, other)) && !self.meets_outline(name);
        if free {
            self.taken.push(name);
        }
        free
    }

    fn meets_outline(&self, [west, north, east, south]: Rect) -> bool {
        self.open.is_some_and(|(outline, placement)| {
            let (west, north) = placement.to_units(west, north);
            let (east, south) = placement.to_units(east, south);
            outline.crosses([west, north, east, south])
        })
    }
}

fn meet(a: &Rect, b: &Rect) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten units are a pixel.
    const PLACED: Placement = Placement { scale: 0.1, x: 0.0, y: 0.0 };

    #[test]
    fn no_name_lies_on_another() {
        let mut room = Room::beside(None, PLACED);
        assert!(room.take(100.0, 100.0, 40.0));
        assert!(!room.take(130.0, 110.0, 40.0));
        assert!(room.take(130.0, 117.0, 40.0));
        assert!(room.take(145.0, 100.0, 40.0));
    }

    #[test]
    fn names_are_within_and_beside_an_open_area_not_on_its_outline() {
        let open = Outline::parse("M500 500h1000v1000h-1000z").unwrap();
        let check =
            |x, y, expect| assert_eq!(Room::beside(Some(&open), PLACED).take(x, y, 40.0), expect, "{x} {y}");
        check(100.0, 100.0, true);
        check(60.0, 100.0, false);
        check(100.0, 55.0, false);
        check(170.0, 100.0, false);
        check(180.0, 100.0, true);
        // One that is smaller than its name is not hidden by it.
        let tiny = Outline::parse("M990 990h20v20h-20z").unwrap();
        assert!(!Room::beside(Some(&tiny), PLACED).take(100.0, 100.0, 40.0));
    }
}
