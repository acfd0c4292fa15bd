//! Random maps through everything that touches outlines: whatever is simplified, rounded, stored or
//! exported, nothing may cross, open or vanish.

use metering::AreaCode;
use proptest::prelude::*;

use crate::area::LevelNames;
use crate::build::{Source, SourceArea, SourceParent, build};
use crate::geography::Geography;
use crate::grid::Point;
use crate::outline::Outlines;
use crate::polygon;
use crate::round::round;
use crate::simplify::simplify;
use crate::verify::crossings;
use crate::{ImportOptions, ParentProperty};

const SIDE: usize = 5;
/// Lattice units between corners of the random map; what a unit is in degrees.
const SPACING: f64 = 100.0;
const DEGREES: f64 = 1e-4;

/// A lattice of crooked cells, each given to one of some areas at random: areas with several parts, with
/// holes, touching themselves and others at single points.
#[derive(Debug, Clone)]
struct Map {
    /// How far each corner is off its place, by row and column, -1 to 1.
    shifts: Vec<(f64, f64)>,
    /// How far two points on each edge are off it, -1 to 1; the edges to the east, then to the south.
    bends: Vec<(f64, f64)>,
    area_of_cell: Vec<usize>,
    group_of_area: Vec<usize>,
}

impl Map {
    fn corner(&self, column: usize, row: usize) -> (f64, f64) {
        let (dx, dy) = self.shifts[row * (SIDE + 1) + column];
        (column as f64 * SPACING + dx * 15.0, row as f64 * SPACING + dy * 15.0)
    }

    /// The line from a corner to the next one east, or south.
    fn line(&self, column: usize, row: usize, south: bool) -> Vec<(f64, f64)> {
        let (from, to) = (
            self.corner(column, row),
            if south { self.corner(column, row + 1) } else { self.corner(column + 1, row) },
        );
        let corners = (SIDE + 1) * (SIDE + 1);
        let (one, two) = self.bends[usize::from(south) * corners + row * (SIDE + 1) + column];
        let at = |share: f64, bend: f64| {
            let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            if south { (x + bend * 12.0, y) } else { (x, y + bend * 12.0) }
        };
        vec![from, at(0.35, one), at(0.65, two), to]
    }

    fn ring(&self, cell: usize) -> Vec<[f64; 2]> {
        let (column, row) = (cell % SIDE, cell / SIDE);
        let mut ring = self.line(column, row, false);
        ring.extend(self.line(column + 1, row, true).into_iter().skip(1));
        ring.extend(self.line(column, row + 1, false).into_iter().rev().skip(1));
        ring.extend(self.line(column, row, true).into_iter().rev().skip(1));
        ring.into_iter().map(|(x, y)| [x * DEGREES, 51.0 - y * DEGREES]).collect()
    }

    fn middle(cell: usize) -> (f64, f64) {
        let (x, y) = ((cell % SIDE) as f64 + 0.5, (cell / SIDE) as f64 + 0.5);
        (51.0 - y * SPACING * DEGREES, x * SPACING * DEGREES)
    }

    fn source(&self) -> Source {
        let code = |letter: char, number: usize| AreaCode::parse(&format!("{letter}{number:02}")).unwrap();
        let area = |number: usize| {
            let cells = (0..SIDE * SIDE).filter(|&cell| self.area_of_cell[cell] == number);
            let polygons: Vec<_> = cells.map(|cell| vec![self.ring(cell)]).collect();
            let group = code('G', self.group_of_area[number]);
            let parents = vec![SourceParent { name: format!("Group {group}"), code: group, near: None }];
            let (code, name) = (code('A', number), format!("Area {number}"));
            (!polygons.is_empty()).then_some(SourceArea {
                feature: number,
                code,
                name,
                near: None,
                parents,
                polygons,
            })
        };
        Source {
            name: "A map".to_owned(),
            time_zone: "UTC".to_owned(),
            levels: vec![LevelNames::parse("group"), LevelNames::parse("area")],
            areas: (0..self.group_of_area.len()).filter_map(area).collect(),
            ..Source::default()
        }
    }
}

fn maps() -> impl Strategy<Value = Map> {
    let off = || (-1.0..1.0_f64, -1.0..1.0_f64);
    let corners = (SIDE + 1) * (SIDE + 1);
    (2_usize..9).prop_flat_map(move |areas| {
        let shifts = prop::collection::vec(off(), corners);
        let bends = prop::collection::vec(off(), 2 * corners);
        let area_of_cell = prop::collection::vec(0..areas, SIDE * SIDE);
        let group_of_area = prop::collection::vec(0..3_usize, areas);
        (shifts, bends, area_of_cell, group_of_area).prop_map(
            |(shifts, bends, area_of_cell, group_of_area)| Map { shifts, bends, area_of_cell, group_of_area },
        )
    })
}

fn geography(map: &Map) -> Geography {
    let built = build(map.source(), false).unwrap();
    assert_eq!(built.left_out, []);
    built.geography
}

/// What must hold of outlines however they were made.
fn assert_sound(outlines: &Outlines, what: &str) {
    assert_eq!(crossings(outlines), [], "{what}: borders cross");
    let mut ground = 0;
    for area in 0..outlines.rings.len() {
        let rings = outlines.polygon(area);
        assert!(!rings.is_empty(), "{what}: area {area} is gone");
        for ring in &rings {
            assert_simple(ring, what);
        }
        let own: i64 = rings.iter().map(|ring| polygon::doubled_area(ring)).sum();
        assert!(own > 0, "{what}: area {area} has the ground {own}");
        ground += own;
    }
    let outside: i64 = outlines
        .borders
        .iter()
        .filter(|border| border.left.is_none() || border.right.is_none())
        .map(|border| {
            let steps = border.line.windows(2);
            let sum: i64 = steps.map(|step| polygon::cross(Point::default(), step[0], step[1])).sum();
            if border.right.is_none() { sum } else { -sum }
        })
        .sum();
    assert_eq!(ground, outside, "{what}: the areas' ground is not that of the whole");
}

fn assert_simple(ring: &[Point], what: &str) {
    assert!(ring.len() >= 3, "{what}: {ring:?}");
    let mut corners = ring.to_vec();
    corners.sort_unstable();
    corners.dedup();
    assert_eq!(corners.len(), ring.len(), "{what}: visits a corner twice: {ring:?}");
    let edges: Vec<(Point, Point)> = polygon::edges(ring).collect();
    for (place, &(a, b)) in edges.iter().enumerate() {
        for &(c, d) in &edges[place + 1..] {
            assert!(!polygon::segments_meet(a, b, c, d), "{what}: {a:?} {b:?} meets {c:?} {d:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn simplified_and_rounded_outlines_are_sound(map in maps(), tolerance in 0..40_000_i64, power in 0..6_u32) {
        let geography = geography(&map);
        let step = 1 << power;
        for level in geography.level_indices() {
            let full = geography.full_outlines(level);
            assert_sound(&full, "full");
            let simple = simplify(&full, tolerance);
            assert_sound(&simple, "simplified");
            let rounded = round(&simple, step);
            assert_sound(&rounded, "rounded");
            prop_assert_eq!(&rounded.rings, &full.rings);
            let count = |outlines: &Outlines| outlines.borders.iter().map(|border| border.line.len()).sum::<usize>();
            prop_assert!(count(&simple) <= count(&full));
            prop_assert_eq!(count(&rounded), count(&simple));
        }
    }

    #[test]
    fn places_are_in_the_area_they_were_given_to(map in maps()) {
        let geography = geography(&map);
        for cell in 0..SIDE * SIDE {
            let (lat, lon) = Map::middle(cell);
            let code = format!("A{:02}", map.area_of_cell[cell]);
            let leaf = geography.leaf_at(lat, lon).unwrap();
            prop_assert_eq!(geography.area(leaf).code.as_str(), &code);
            for around in geography.ancestors(leaf) {
                prop_assert!(geography.contains(around, lat, lon));
            }
        }
        for level in geography.level_indices() {
            for area in geography.level(level).indices() {
                let (lat, lon) = geography.label_position(area);
                prop_assert!(geography.contains(area, lat, lon), "{:?}", geography.area(area));
            }
        }
    }

    #[test]
    fn stored_and_read_again(map in maps()) {
        let geography = geography(&map);
        let stored = geography.to_bytes();
        let again = Geography::from_bytes(&stored).unwrap();
        prop_assert_eq!(&again.areas, &geography.areas);
        prop_assert_eq!(&again.outlines, &geography.outlines);
        prop_assert_eq!(again.to_bytes(), stored);
    }

    #[test]
    fn damaged_bytes_are_refused(map in maps(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut stored = geography(&map).to_bytes();
        let cut = at.index(stored.len());
        prop_assert!(Geography::from_bytes(&stored[..cut]).is_err());
        stored[cut] ^= 1 << bit;
        prop_assert!(Geography::from_bytes(&stored).is_err());
    }

    #[test]
    fn exported_and_imported_again(map in maps()) {
        let geography = geography(&map);
        let text = geography.geojson(geography.finest());
        let options = ImportOptions { parents: vec![ParentProperty::parse("parent")], ..ImportOptions::default() };
        let (again, report) = Geography::from_geojson(&text, &options).unwrap();
        prop_assert_eq!(report.overlaps, []);
        let codes = |geography: &Geography| -> Vec<(AreaCode, Option<u32>)> {
            geography.areas().iter().map(|area| (area.code.clone(), area.parent.map(|around| around.0))).collect()
        };
        prop_assert_eq!(codes(&again), codes(&geography));
        for level in again.level_indices() {
            assert_sound(&again.full_outlines(level), "imported again");
        }
    }
}
