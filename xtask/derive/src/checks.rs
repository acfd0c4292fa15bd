//! Checks of what was derived: each is loud when it fails.

use std::collections::HashMap;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use geography::build::Source;
use geography::{Geography, PostcodeSector};

use super::near::distance_m;

const COUNTS: [(&str, usize); 3] = [("borough", 33), ("msoa", 983), ("lsoa", 4_835)];

/// Bytes of paths that a page may have to load, compressed by brotli.
const BUDGET: [(&str, usize); 3] = [("borough", 10_000), ("msoa", 40_000), ("lsoa", 130_000)];

/// South, west, north, east of Greater London, degrees.
const BOUNDS: [f64; 4] = [51.2868, -0.5097, 51.6919, 0.3339];

/// What simplification may do to the area of a level as a whole.
const AREA_CHANGE_MAX: f64 = 0.005;

/// Checks the geography against what it was made from, and prints what it weighs.
pub(crate) fn check(source: &Source, london: &Geography, sectors: &[PostcodeSector]) -> Result<()> {
    for (name, count) in COUNTS {
        let level = london.level_named(name).with_context(|| format!("no level {name}"))?;
        let found = london.areas_of(level).len();
        ensure!(found == count, "{found} areas of level {name}; expected {count}");
    }
    check_parents(source, london)?;
    for (side, (found, expected)) in london.bounds().iter().zip(BOUNDS).enumerate() {
        ensure!((found - expected).abs() < 2e-4, "side {side} of the box is {found}; expected {expected}");
    }
    for area in london.level_indices().flat_map(|level| london.level(level).indices()) {
        let (lat, lon) = london.label_position(area);
        ensure!(london.contains(area, lat, lon), "{}: its label is not in it", london.area(area).code);
    }
    check_shapes(source, london)?;
    let inside = sectors.iter().filter(|sector| london.leaf_at(sector.lat, sector.lon).is_some()).count();
    println!("{} postcode sectors, {inside} with their centre on London's ground", sectors.len());
    weigh(london)
}

fn check_parents(source: &Source, london: &Geography) -> Result<()> {
    let mut leaves = 0;
    for area in &source.areas {
        let leaf = london.index_of(&area.code).with_context(|| format!("{} is lost", area.code))?;
        let around: Vec<_> = london.ancestors(leaf).map(|around| &london.area(around).code).collect();
        let given: Vec<_> = area.parents.iter().map(|parent| &parent.code).collect();
        ensure!(around == given, "{} lies in {around:?}; expected {given:?}", area.code);
        let near = london.area(leaf).near.as_deref();
        ensure!(near.is_some(), "nothing is near {}", area.code);
        ensure!(
            near != Some("City of London") || area.name.starts_with("City of London"),
            "{} is said to be near the City",
            area.name
        );
        leaves += 1;
    }
    ensure!(leaves == london.leaf_count(), "{leaves} leaves; the geography has {}", london.leaf_count());
    Ok(())
}

/// The drawn outlines: valid, and without slivers or overlaps between neighbours.
fn check_shapes(source: &Source, london: &Geography) -> Result<()> {
    let mut ground: HashMap<&str, f64> = HashMap::new();
    for area in &source.areas {
        let own: f64 = area.polygons.iter().flatten().map(|ring| area_m2(ring)).sum();
        for code in area.parents.iter().map(|parent| &parent.code).chain([&area.code]) {
            *ground.entry(code.as_str()).or_default() += own.abs();
        }
    }
    for level in london.level_indices() {
        let name = london.level(level).name();
        let crossings = london.crossings(level);
        ensure!(crossings.is_empty(), "{name}: borders cross: {crossings:?}");
        let of_areas = london.ground_units(level);
        let outline = london.outline_units(level);
        ensure!(
            of_areas.iter().sum::<i64>() == outline,
            "{name}: the areas' ground is not the whole's: a sliver or an overlap"
        );
        let (lat, _) = london.grid().unproject(0.0, f64::from(london.grid().h) / 2.0);
        let before: f64 =
            london.areas_of(level).iter().filter_map(|area| ground.get(area.code.as_str())).sum();
        // Both in the mercator plane of the middle latitude: only the change matters.
        let unit = london.grid().metres_per_unit(f64::from(london.grid().h) / 2.0);
        let after = outline as f64 / 2.0 * unit * unit;
        let change = after / before - 1.0;
        println!(
            "{name}: {:.1} km² at latitude {lat:.2}, {:+.3} % against the source",
            after / 1e6,
            change * 100.0
        );
        ensure!(
            change.abs() < AREA_CHANGE_MAX,
            "{name}: simplification changed the ground by {:.2} %",
            change * 100.0
        );
    }
    Ok(())
}

/// The signed area of a ring of degrees, m², on a flat Earth around its first point.
fn area_m2(ring: &[[f64; 2]]) -> f64 {
    let [lon0, lat0] = ring[0];
    let metres = |[lon, lat]: [f64; 2]| {
        let east = distance_m((lat0, lon0), (lat0, lon)) * (lon - lon0).signum();
        let north = distance_m((lat0, lon0), (lat, lon0)) * (lat - lat0).signum();
        (east, north)
    };
    let corners: Vec<(f64, f64)> = ring.iter().map(|&corner| metres(corner)).collect();
    corners.windows(2).map(|edge| edge[0].0 * edge[1].1 - edge[1].0 * edge[0].1).sum::<f64>() / 2.0
}

fn weigh(london: &Geography) -> Result<()> {
    for (name, budget) in BUDGET {
        let level = london.level_named(name).with_context(|| format!("no level {name}"))?;
        let start = Instant::now();
        let shapes = london.shapes_json(level);
        let took = start.elapsed();
        let paths: String = london.level(level).indices().map(|area| london.path(area)).collect();
        let (all, paths) = (brotli(shapes.as_bytes())?, brotli(paths.as_bytes())?);
        println!(
            "{name}: {} bytes of shapes, {all} with brotli, paths alone {paths} of {budget}; made in {took:?}",
            shapes.len()
        );
        ensure!(paths <= budget, "{name}: paths of {paths} bytes are over the budget of {budget}");
    }
    Ok(())
}

fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 11, 22);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(compressed.len())
}
