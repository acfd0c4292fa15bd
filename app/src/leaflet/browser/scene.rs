//! What there is to draw: outlines, names and figures of the levels that have been loaded.

use std::collections::HashMap;

use metering::AreaCode;
use metering::api::{Measure, Status};
use web_sys::Path2d;

use crate::classes::Fill;
use crate::geometry::hit::HitGrid;
use crate::geometry::mercator::Grid;
use crate::geometry::outline::{Bounds, Outline};
use crate::site_map::{MapHead, SlimArea, SlimMap};
use crate::times::Days;

/// One area.
pub(super) struct Shape {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) near: Option<String>,
    pub(super) outline: Outline,
    pub(super) path: Path2d,
}

impl Shape {
    /// What people call it.
    pub(super) fn title(&self) -> &str {
        self.near.as_deref().unwrap_or(&self.name)
    }
}

/// The outlines of a level.
pub(super) struct Shapes {
    pub(super) list: Vec<Shape>,
    places: HashMap<String, usize>,
    hits: HitGrid,
}

impl Shapes {
    pub(super) fn new(grid: &Grid) -> Self {
        Self { list: Vec::new(), places: HashMap::new(), hits: HitGrid::new(grid.w, grid.h) }
    }

    /// Adds an area from its path text; one that cannot be read is left out.
    pub(super) fn add(&mut self, code: String, name: String, near: Option<String>, path: &str) {
        let Some(outline) = Outline::parse(path) else { return };
        let Ok(path) = Path2d::new_with_path_string(path) else { return };
        let Ok(number) = u16::try_from(self.list.len()) else { return };
        self.hits.add(number, &outline.bounds);
        self.places.insert(code.clone(), self.list.len());
        self.list.push(Shape { code, name, near, outline, path });
    }

    pub(super) fn find(&self, code: &str) -> Option<usize> {
        self.places.get(code).copied()
    }

    /// The area that contains a point.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<usize> {
        let outline = |number: u16| self.list.get(usize::from(number)).map(|shape| &shape.outline);
        self.hits.find(x, y, outline).map(usize::from)
    }

    /// The areas in a box.
    pub(super) fn within(&self, bounds: Bounds) -> impl Iterator<Item = usize> + '_ {
        self.list
            .iter()
            .enumerate()
            .filter(move |(_, shape)| shape.outline.bounds.meets(&bounds))
            .map(|(at, _)| at)
    }
}

/// The figures of a level, in the order of its outlines.
pub(super) struct Figures {
    pub(super) measure: Measure,
    pub(super) days: Option<Days>,
    classes: Vec<f64>,
    pub(super) list: Vec<(Status, Option<f64>)>,
    pub(super) fills: Vec<Fill>,
}

impl Figures {
    /// From an answer, whatever its order.
    pub(super) fn new(map: &SlimMap, shapes: &Shapes) -> Self {
        let mut figures = Self {
            measure: map.measure,
            days: map.days,
            classes: map.classes.clone(),
            list: vec![(Status::NoData, None); shapes.list.len()],
            fills: vec![Fill::Empty; shapes.list.len()],
        };
        for area in &map.areas {
            figures.set(shapes, &area.code, area.status, area.value);
        }
        figures
    }

    /// As the server drew them: colours, not yet figures.
    pub(super) fn drawn(measure: Measure, days: Option<Days>, fills: Vec<Fill>) -> Self {
        Self { measure, days, classes: Vec::new(), list: Vec::new(), fills }
    }

    /// What the legend says of them. None while there are only colours.
    pub(super) fn head(&self) -> Option<MapHead> {
        let values = self.list.iter().filter_map(|(_, value)| *value);
        (!self.list.is_empty()).then(|| MapHead::new(self.measure, self.days, self.classes.clone(), values))
    }

    fn set(&mut self, shapes: &Shapes, code: &AreaCode, status: Status, value: Option<f64>) -> bool {
        let Some(at) = shapes.find(code.as_str()) else { return false };
        let (Some(figure), Some(fill)) = (self.list.get_mut(at), self.fills.get_mut(at)) else {
            return false;
        };
        *figure = (status, value);
        let new = Fill::of(status, value, &self.classes);
        std::mem::replace(fill, new) != new
    }

    /// Takes in what the feed says; tells whether any colour has changed.
    pub(super) fn update(&mut self, shapes: &Shapes, areas: &[SlimArea]) -> bool {
        if self.measure != Measure::Now || self.list.is_empty() {
            return false;
        }
        areas.iter().filter(|area| self.set(shapes, &area.code, area.status, area.value)).count() > 0
    }
}

/// A level as far as it is known.
#[derive(Default)]
pub(super) struct LevelScene {
    pub(super) shapes: Option<Shapes>,
    pub(super) figures: Option<Figures>,
    /// The outlines are on their way.
    pub(super) loading: bool,
}
