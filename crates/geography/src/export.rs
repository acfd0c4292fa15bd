//! Outlines for others: compact paths for the page, GeoJSON for everybody.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use crate::area::{AreaIndex, LevelIndex};
use crate::geography::Geography;
use crate::grid::{Grid, Point};
use crate::outline::Outlines;
use crate::polygon::{self, Fine};

/// Decimals of a degree in GeoJSON: six are a tenth of a metre.
const DEGREE_PARTS: f64 = 1e6;

#[derive(Serialize)]
struct Shapes<'a> {
    level: &'a str,
    detail_zoom: u8,
    grid: Grid,
    areas: Vec<Shape<'a>>,
}

/// Code, name, near, the parent's place in its level, label x, label y, path.
#[derive(Serialize)]
struct Shape<'a>(&'a str, &'a str, Option<&'a str>, Option<usize>, i32, i32, String);

impl Geography {
    /// A level for the page, as JSON:
    /// `{"level","detail_zoom","grid":{"zoom","x","y","w","h"},"areas":[[code,name,near|null,parent|null,x,y,path],...]}`.
    ///
    /// `parent` is the place in the next coarser level's list, `x` and `y` are the label's; the path is
    /// as in SVG. One unit is a pixel of Web Mercator at `grid.zoom`, counted from the world pixel
    /// (`grid.x`, `grid.y`) there: the same for all levels, and as [`Geography::grid`] has it.
    pub fn shapes_json(&self, level: LevelIndex) -> String {
        let areas = self.areas_of(level).iter().enumerate().map(|(place, area)| {
            let parent = area.parent.map(|around| self.place_in_level(around));
            let (near, path) = (area.near.as_deref(), path_of(self.drawn(level), place, 1));
            Shape(area.code.as_str(), &area.name, near, parent, area.label.x, area.label.y, path)
        });
        let of_level = self.level(level);
        let (name, detail_zoom) = (of_level.name(), of_level.detail_zoom);
        let shapes = Shapes { level: name, detail_zoom, grid: self.grid, areas: areas.collect() };
        serde_json::to_string(&shapes).unwrap_or_default()
    }

    /// The path of one area, as in [`Geography::shapes_json`].
    pub fn path(&self, area: AreaIndex) -> String {
        path_of(self.drawn(self.area(area).level), self.place_in_level(area), 1)
    }

    /// The same in units of its level's [`Geography::drawing_step`]: shorter, and not quite exact where a corner could
    /// not be rounded.
    pub fn path_in_steps(&self, area: AreaIndex) -> &str {
        let level = self.area(area).level;
        let paths = self.paths_in_steps[usize::from(level.0)].get_or_init(|| {
            let (drawn, step) = (self.drawn(level), self.drawing_step(level));
            (0..self.areas_of(level).len()).map(|place| path_of(drawn, place, step)).collect()
        });
        &paths[self.place_in_level(area)]
    }

    /// The path of one area along the finest level's outlines: what encloses finer areas, however close one looks.
    pub fn fine_path(&self, area: AreaIndex) -> String {
        path_of(self.drawn_finely(self.area(area).level), self.place_in_level(area), 1)
    }

    /// A level as a GeoJSON FeatureCollection: WGS84, right-hand rule, properties `code`, `name`,
    /// `near` and `parent` (null where there is none).
    pub fn geojson(&self, level: LevelIndex) -> String {
        let feature = |(place, area): (usize, &crate::Area)| {
            let polygons = nest(self.drawn(level).polygon(place));
            let mut polygons: Vec<_> = polygons.iter().map(|rings| self.degrees(rings)).collect();
            let geometry = match polygons.len() {
                1 => json!({"type": "Polygon", "coordinates": polygons.swap_remove(0)}),
                _ => json!({"type": "MultiPolygon", "coordinates": polygons}),
            };
            let parent = area.parent.map(|around| self.area(around).code.as_str());
            json!({
                "type": "Feature",
                "id": area.code,
                "properties": {"code": area.code, "name": area.name, "near": area.near, "parent": parent},
                "geometry": geometry,
            })
        };
        let features: Vec<_> = self.areas_of(level).iter().enumerate().map(feature).collect();
        json!({"type": "FeatureCollection", "attribution": self.attribution, "features": features})
            .to_string()
    }

    /// Rings in degrees, the first point repeated. The grid's y grows southward: what turns from x to
    /// y there is clockwise on Earth, so rings are turned around.
    fn degrees(&self, rings: &[Vec<Point>]) -> Vec<Vec<[f64; 2]>> {
        let degrees = |corner: &Point| {
            let (lat, lon) = self.grid.unproject(f64::from(corner.x), f64::from(corner.y));
            [lon, lat].map(|angle| (angle * DEGREE_PARTS).round() / DEGREE_PARTS)
        };
        let turned = |ring: &Vec<Point>| {
            let mut turned: Vec<[f64; 2]> = ring.iter().rev().map(degrees).collect();
            turned.extend(turned.first().copied());
            turned
        };
        rings.iter().map(turned).collect()
    }
}

fn path_of(outlines: &Outlines, place: usize, unit: i32) -> String {
    let mut path = String::new();
    let in_units = |corner: Point| Point::new(rounded(corner.x, unit), rounded(corner.y, unit));
    for ring in outlines.polygon(place) {
        let ring: Vec<Point> = ring.into_iter().map(in_units).collect();
        write_ring(&mut path, &ring);
    }
    path
}

fn rounded(value: i32, unit: i32) -> i32 {
    (value + unit / 2).div_euclid(unit)
}

/// `M12 34l5 6-7 8z`: the first corner, then steps. The last step back is left to `z`.
fn write_ring(path: &mut String, ring: &[Point]) {
    let Some(&first) = ring.first() else { return };
    path.push('M');
    write_number(path, first.x, false);
    write_number(path, first.y, true);
    path.push('l');
    let mut at = first;
    for (place, &corner) in ring.iter().enumerate().skip(1) {
        write_number(path, corner.x - at.x, place > 1);
        write_number(path, corner.y - at.y, true);
        at = corner;
    }
    path.push('z');
}

/// A number, with a space before it where there is need of one.
fn write_number(path: &mut String, value: i32, apart: bool) {
    if apart && value >= 0 {
        path.push(' ');
    }
    // Writing to a string does not fail.
    let _ = write!(path, "{value}");
}

/// Puts holes to the rings around them: polygons whose first ring is the outer one.
fn nest(rings: Vec<Vec<Point>>) -> Vec<Vec<Vec<Point>>> {
    let (outer, holes): (Vec<_>, Vec<_>) =
        rings.into_iter().partition(|ring| polygon::doubled_area(ring) > 0);
    let mut polygons: Vec<Vec<Vec<Point>>> = outer.into_iter().map(|ring| vec![ring]).collect();
    for hole in holes {
        let middle = Fine::between(hole[0], hole[1]);
        // The smallest ring around it; rings come largest first.
        let around = polygons.iter().rposition(|rings| middle.is_in(&rings[0]));
        polygons[around.unwrap_or(0)].push(hole);
    }
    polygons
}
