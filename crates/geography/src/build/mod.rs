//! From areas with polygons in degrees to a [`Geography`].

mod checks;

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _, HashSet};
use metering::AreaCode;

use crate::area::{Area, AreaIndex, Level, LevelIndex, LevelNames};
use crate::clean::{self, Repair, Snapped};
use crate::error::{GeographyError, Problem, Reason};
use crate::gazetteer::Gazetteer;
use crate::geography::{Geography, Parts};
use crate::grid::{Grid, Point};
use crate::label::label_point;
use crate::locate::bounds_of;
use crate::outline::{Border, Outlines};
use crate::polygon;
use crate::vertices::Vertices;

/// How wide the median area should be on the grid, in units: detail beyond this is not seen.
const MEDIAN_AREA_UNITS: f64 = 210.0;

/// How long the median edge should be: corners that are closer would fall together.
const MEDIAN_EDGE_UNITS: f64 = 8.0;

/// Zooms that are tried beyond that when the grid is too coarse for narrow shapes.
const FINER_ZOOMS: u8 = 4;

/// How wide a coarser level's median area is when it is looked at, in pixels.
const MEDIAN_AREA_PX: f64 = 190.0;

/// What a geography is made from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// Whom the data comes from.
    pub attribution: String,
    /// The IANA name of its time zone.
    pub time_zone: String,
    /// How the levels are called, the coarsest first.
    pub levels: Vec<LevelNames>,
    /// The finest areas.
    pub areas: Vec<SourceArea>,
    /// Names to search for.
    pub gazetteer: Gazetteer,
}

/// One of the finest areas.
#[derive(Debug, Clone)]
pub struct SourceArea {
    /// Its place in the file it came from, for messages.
    pub feature: usize,
    /// Its code.
    pub code: AreaCode,
    /// Its name.
    pub name: String,
    /// The nearest place that people know.
    pub near: Option<String>,
    /// The areas it lies in, the nearest first: one for every coarser level.
    pub parents: Vec<SourceParent>,
    /// Polygons of rings of `[longitude, latitude]`, as in GeoJSON.
    pub polygons: Vec<Vec<Vec<[f64; 2]>>>,
}

/// A coarser area, as its parts name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceParent {
    /// Its code.
    pub code: AreaCode,
    /// Its name.
    pub name: String,
    /// The nearest place that people know.
    pub near: Option<String>,
}

/// What was done to a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The feature, counted from 0.
    pub feature: usize,
    /// Its code.
    pub code: AreaCode,
    /// What.
    pub repair: Repair,
}

/// A geography, and what it took.
#[derive(Debug)]
pub struct Built {
    /// The geography.
    pub geography: Geography,
    /// What was repaired.
    pub repaired: Vec<Repaired>,
    /// What was left out, if that was allowed.
    pub left_out: Vec<Problem>,
}

/// Builds a geography. Areas that cannot be used are an error that names all of them, or are left out
/// if `leave_out` says so.
pub fn build(mut source: Source, leave_out: bool) -> Result<Built, GeographyError> {
    checks::levels(&source.levels)?;
    let mut left_out = checks::codes(&source);
    drop_refused(&mut source, &left_out);
    let coarse = zoom_for(&source.areas);
    let mut zoom = coarse;
    let (grid, shapes, repaired) = loop {
        let (grid, shapes, repaired, problems) = snap_all(zoom, &source.areas);
        if problems.is_empty() || zoom >= (coarse + FINER_ZOOMS).min(Grid::ZOOM_MAX) {
            left_out.extend(problems);
            break (grid, shapes, repaired);
        }
        zoom += 1;
    };
    if !left_out.is_empty() && !leave_out || shapes.is_empty() {
        left_out.sort_by_key(|problem| problem.feature);
        return Err(GeographyError::Refused(left_out));
    }
    drop_refused(&mut source, &left_out);
    let geography = put_together(source, grid, shapes);
    Ok(Built { geography, repaired, left_out })
}

fn drop_refused(source: &mut Source, refused: &[Problem]) {
    let refused: HashSet<usize> = refused.iter().map(|problem| problem.feature).collect();
    source.areas.retain(|area| !refused.contains(&area.feature));
}

fn corners_of(area: &SourceArea) -> impl Iterator<Item = (f64, f64)> + '_ {
    area.polygons.iter().flatten().flatten().map(|&[lon, lat]| (lat, lon))
}

/// The zoom at which the median area, and the median edge of an outline, are as long as they need to be.
fn zoom_for(areas: &[SourceArea]) -> u8 {
    let deep = Grid { zoom: Grid::ZOOM_MAX, x: 0, y: 0, w: 0, h: 0 };
    let diagonal = |area: &SourceArea| {
        let around = Grid::around(deep.zoom, corners_of(area));
        f64::from(around.w).hypot(f64::from(around.h))
    };
    let length = |edge: &[[f64; 2]]| {
        let [from, to] = [edge[0], edge[1]].map(|[lon, lat]| deep.project(lat, lon));
        (to.0 - from.0).hypot(to.1 - from.1)
    };
    let rings = areas.iter().flat_map(|area| area.polygons.iter().flatten());
    let of_areas = median(areas.iter().map(diagonal));
    let of_edges = median(rings.flat_map(|ring| ring.windows(2).map(length)));
    let finer = (MEDIAN_AREA_UNITS / of_areas).max(MEDIAN_EDGE_UNITS / of_edges);
    (f64::from(deep.zoom) + finer.log2()).ceil().clamp(4.0, 20.0) as u8
}

fn median(lengths: impl Iterator<Item = f64>) -> f64 {
    let mut lengths: Vec<f64> = lengths.filter(|&length| length > 0.0).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.get(lengths.len() / 2).copied().unwrap_or(1.0).max(1.0)
}

type Snap = (Grid, Vec<Vec<Vec<Point>>>, Vec<Repaired>, Vec<Problem>);

/// Puts all areas on the grid of a zoom.
fn snap_all(zoom: u8, areas: &[SourceArea]) -> Snap {
    let grid = Grid::around(zoom, areas.iter().flat_map(corners_of));
    let mut notes: Vec<Vec<Repair>> = vec![Vec::new(); areas.len()];
    let snapped = areas.iter().zip(&mut notes).map(|(area, notes)| clean::snap(&grid, &area.polygons, notes));
    let mut snapped: Vec<Result<Vec<Snapped>, Reason>> = snapped.collect();
    let corners = snapped.iter().flatten().flatten().flat_map(|ring| ring.corners.iter().copied());
    let vertices = Vertices::new(corners);
    let mut shapes = Vec::with_capacity(areas.len());
    let mut problems = Vec::new();
    let mut owner: HashMap<(Point, Point), usize> = HashMap::new();
    for (number, area) in areas.iter().enumerate() {
        let cleaned = std::mem::replace(&mut snapped[number], Ok(Vec::new())).and_then(|mut rings| {
            let shared = clean::share_corners(&mut rings, &vertices);
            if shared > 0 {
                notes[number].push(Repair::SharedCorners(shared));
            }
            let rings = clean::clean(&grid, &rings, &mut notes[number])?;
            let edges = || rings.iter().flat_map(|ring| polygon::edges(ring));
            if let Some(other) = edges().find_map(|edge| owner.get(&edge)) {
                return Err(Reason::SameGround(areas[*other].code.to_string()));
            }
            owner.extend(edges().map(|edge| (edge, number)));
            Ok(rings)
        });
        match cleaned {
            Ok(rings) => shapes.push(rings),
            Err(reason) => {
                problems.push(Problem { feature: area.feature, code: Some(area.code.to_string()), reason });
            }
        }
    }
    let named = areas.iter().zip(notes).flat_map(|(area, notes)| {
        notes.into_iter().map(|repair| Repaired { feature: area.feature, code: area.code.clone(), repair })
    });
    (grid, shapes, named.collect(), problems)
}

/// Orders the areas, makes the coarser ones, and lays the outlines.
fn put_together(source: Source, grid: Grid, shapes: Vec<Vec<Vec<Point>>>) -> Geography {
    let mut leaves: Vec<(SourceArea, Vec<Vec<Point>>)> = source.areas.into_iter().zip(shapes).collect();
    leaves.sort_by_cached_key(|(area, _)| {
        let path = area.parents.iter().rev().map(|parent| parent.code.clone());
        path.chain(std::iter::once(area.code.clone())).collect::<Vec<AreaCode>>()
    });
    let outlines = leaf_outlines(leaves.iter().map(|(_, rings)| rings.as_slice()));
    let depth = source.levels.len();
    let mut areas: Vec<Area> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    for (number, names) in source.levels.into_iter().enumerate() {
        let first = areas.len() as u32;
        let parents: HashMap<AreaCode, AreaIndex> = match levels.last() {
            Some(coarser) => coarser.indices().map(|at| (areas[at.0 as usize].code.clone(), at)).collect(),
            None => HashMap::new(),
        };
        let height = depth - 1 - number;
        for (leaf, rings) in &leaves {
            let (code, name, near) = match height.checked_sub(1).map(|above| &leaf.parents[above]) {
                Some(parent) => (&parent.code, &parent.name, &parent.near),
                None => (&leaf.code, &leaf.name, &leaf.near),
            };
            if areas.len() as u32 > first && areas.last().is_some_and(|last| last.code == *code) {
                continue;
            }
            let parent = leaf.parents.get(height).and_then(|around| parents.get(&around.code).copied());
            let bounds = bounds_of(rings);
            let (code, name, near) = (code.clone(), name.clone(), near.clone());
            let (level, label) = (LevelIndex(number as u8), bounds.low);
            areas.push(Area { code, name, near, level, parent, label, bounds });
        }
        let count = areas.len() as u32 - first;
        levels.push(Level { names, detail_zoom: grid.zoom, first, count });
    }
    let Source { name, attribution, time_zone, gazetteer, .. } = source;
    let parts = Parts { name, attribution, time_zone, grid, levels, areas, gazetteer, outlines };
    let mut geography = Geography::from_parts(parts);
    measure(&mut geography);
    geography
}

/// The finest level's outlines: every edge is a piece of border between the area that has it and the
/// one that has it the other way round.
fn leaf_outlines<'a>(shapes: impl ExactSizeIterator<Item = &'a [Vec<Point>]>) -> Outlines {
    let count = shapes.len();
    let mut pieces: BTreeMap<(Point, Point), Border> = BTreeMap::new();
    for (rings, area) in shapes.zip(0_u32..) {
        for (a, b) in rings.iter().flat_map(|ring| polygon::edges(ring)) {
            let (low, high) = (a.min(b), a.max(b));
            let piece = pieces.entry((low, high)).or_insert(Border {
                line: vec![low, high],
                left: None,
                right: None,
            });
            if a == low {
                piece.left = Some(area);
            } else {
                piece.right = Some(area);
            }
        }
    }
    Outlines::assemble(pieces.into_values().collect(), count)
}

/// Labels, boxes and the zoom of every level's detail, from the outlines.
fn measure(geography: &mut Geography) {
    let finest = geography.finest();
    for level in geography.level_indices() {
        let outlines = geography.full_outlines(level);
        let first = geography.level(level).first as usize;
        let mut diagonals = Vec::with_capacity(outlines.rings.len());
        for number in 0..outlines.rings.len() {
            let rings = outlines.polygon(number);
            let area = &mut geography.areas[first + number];
            area.bounds = bounds_of(&rings);
            area.label = label_point(&rings);
            diagonals.push(area.bounds.diagonal());
        }
        let zoom = f64::from(geography.grid.zoom);
        let looked_at =
            (zoom + (MEDIAN_AREA_PX / median(diagonals.into_iter())).log2()).round().clamp(0.0, zoom);
        geography.levels[usize::from(level.0)].detail_zoom =
            if level == finest { geography.grid.zoom } else { looked_at as u8 };
    }
}
