//! Areas, and the levels that they form.

use std::ops::Range;

use metering::AreaCode;

use crate::grid::Point;

/// An area's number within its geography: stable for as long as the geography is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaIndex(pub u32);

/// A level's number: 0 is the coarsest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelIndex(pub u8);

/// How a level is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelNames {
    /// In URLs and files: `borough`. Lower-case letters, digits and `-`.
    pub name: String,
    /// In sentences, for one: "borough".
    pub singular: String,
    /// In sentences, for several: "boroughs".
    pub plural: String,
}

impl LevelNames {
    /// From its three names.
    pub fn new(name: &str, singular: &str, plural: &str) -> Self {
        Self { name: name.to_owned(), singular: singular.to_owned(), plural: plural.to_owned() }
    }

    /// From `NAME`, `NAME:SINGULAR` or `NAME:SINGULAR:PLURAL`, as on the command line.
    pub fn parse(text: &str) -> Self {
        let mut parts = text.splitn(3, ':');
        let name = parts.next().unwrap_or_default();
        let singular = parts.next().unwrap_or(name);
        let plural = parts.next().map_or_else(|| format!("{singular}s"), str::to_owned);
        Self { name: name.to_owned(), singular: singular.to_owned(), plural }
    }
}

/// One of the nested levels of a geography.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// How it is called.
    pub names: LevelNames,
    /// The zoom up to which its outlines are drawn well: they are simplified so that what was left
    /// out stays below a pixel or two there.
    pub detail_zoom: u8,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Level {
    /// In URLs and files.
    pub fn name(&self) -> &str {
        &self.names.name
    }

    /// How many areas it has.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Never: a level without areas is not built.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its areas' numbers: they follow each other.
    pub fn indices(&self) -> impl ExactSizeIterator<Item = AreaIndex> + DoubleEndedIterator + Clone + use<> {
        (self.first..self.first + self.count).map(AreaIndex)
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.first as usize..(self.first + self.count) as usize
    }
}

/// The smallest upright box around an area, in grid units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The north-western corner.
    pub low: Point,
    /// The south-eastern corner.
    pub high: Point,
}

impl Bounds {
    pub(crate) const EMPTY: Self =
        Self { low: Point::new(i32::MAX, i32::MAX), high: Point::new(i32::MIN, i32::MIN) };

    pub(crate) fn add(&mut self, point: Point) {
        self.low = Point::new(self.low.x.min(point.x), self.low.y.min(point.y));
        self.high = Point::new(self.high.x.max(point.x), self.high.y.max(point.y));
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.add(other.low);
        self.add(other.high);
    }

    pub(crate) fn diagonal(&self) -> f64 {
        let wide = f64::from(self.high.x) - f64::from(self.low.x);
        let tall = f64::from(self.high.y) - f64::from(self.low.y);
        wide.hypot(tall)
    }
}

/// A neighbourhood of one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Its code, unique in the geography.
    pub code: AreaCode,
    /// Its official name.
    pub name: String,
    /// The nearest place that people know, where there is one.
    pub near: Option<String>,
    /// Its level.
    pub level: LevelIndex,
    /// The next coarser area that it lies in; none at the coarsest level.
    pub parent: Option<AreaIndex>,
    /// A point well inside, for a name: in grid units.
    pub label: Point,
    /// The box around it, in grid units.
    pub bounds: Bounds,
}
