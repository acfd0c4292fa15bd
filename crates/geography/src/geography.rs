//! A geography: nested levels of areas, and the ways to look them up.

use std::ops::Range;
use std::sync::OnceLock;

use foldhash::HashMap;
use metering::AreaCode;

use crate::area::{Area, AreaIndex, Bounds, Level, LevelIndex};
use crate::gazetteer::{Gazetteer, NamedPlace};
use crate::grid::{Grid, Point};
use crate::locate::{Locator, NAMED_WITHIN_M, OFF_OUTLINE_MAX_M, OffTheMap};
use crate::outline::Outlines;
use crate::search::SearchIndex;

/// A set of nested levels of areas: London's boroughs, MSOAs and LSOAs, or an operator's own.
///
/// Areas are numbered level by level, the coarsest first; within a level by parent, then by code. So
/// an area's children follow each other, and so do the finest areas (the leaves) in it.
#[derive(Debug)]
pub struct Geography {
    pub(crate) name: String,
    pub(crate) attribution: String,
    pub(crate) time_zone: String,
    pub(crate) grid: Grid,
    pub(crate) levels: Vec<Level>,
    pub(crate) areas: Vec<Area>,
    pub(crate) gazetteer: Gazetteer,
    /// By area: its children's numbers.
    children: Vec<Range<u32>>,
    /// By area: the leaf numbers in it.
    leaves: Vec<Range<u32>>,
    by_code: HashMap<AreaCode, AreaIndex>,
    /// The finest level's, in full detail.
    pub(crate) outlines: Outlines,
    /// By level: simplified, when first asked for.
    pub(crate) drawn: Vec<OnceLock<Outlines>>,
    /// By level: as the finest level is drawn, when first asked for.
    pub(crate) drawn_finely: Vec<OnceLock<Outlines>>,
    /// By level: its areas' paths in steps, when first asked for.
    pub(crate) paths_in_steps: Vec<OnceLock<Vec<String>>>,
    /// By area, when first asked for.
    pub(crate) titles: OnceLock<Vec<String>>,
    /// The number in the gazetteer of each place on the map, and where it is.
    places: OnceLock<Vec<(usize, Point)>>,
    locator: OnceLock<Locator>,
    search: OnceLock<SearchIndex>,
}

/// What a geography is made of; see [`Geography::from_parts`].
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) attribution: String,
    pub(crate) time_zone: String,
    pub(crate) grid: Grid,
    pub(crate) levels: Vec<Level>,
    pub(crate) areas: Vec<Area>,
    pub(crate) gazetteer: Gazetteer,
    pub(crate) outlines: Outlines,
}

impl Geography {
    /// Puts it together. The areas must be ordered as told at [`Geography`], each code only once.
    pub(crate) fn from_parts(parts: Parts) -> Self {
        let Parts { name, attribution, time_zone, grid, levels, areas, gazetteer, outlines } = parts;
        let mut children = vec![0..0; areas.len()];
        let mut leaves = vec![0..0; areas.len()];
        let first_leaf = levels.last().map_or(0, |finest| finest.first);
        for at in (0..areas.len()).rev() {
            let number = at as u32;
            if number >= first_leaf {
                leaves[at] = number - first_leaf..number - first_leaf + 1;
            }
            if let Some(AreaIndex(parent)) = areas[at].parent {
                let own = leaves[at].clone();
                widen(&mut children[parent as usize], number..number + 1);
                widen(&mut leaves[parent as usize], own);
            }
        }
        let numbered = areas.iter().zip(0..).map(|(area, number)| (area.code.clone(), AreaIndex(number)));
        let by_code = numbered.collect();
        fn by_level<T>(levels: &[Level]) -> Vec<OnceLock<T>> {
            levels.iter().map(|_| OnceLock::new()).collect()
        }
        let (drawn, drawn_finely, paths_in_steps) = (by_level(&levels), by_level(&levels), by_level(&levels));
        let (places, locator, search) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self {
            name,
            attribution,
            time_zone,
            grid,
            levels,
            areas,
            gazetteer,
            children,
            leaves,
            by_code,
            outlines,
            drawn,
            drawn_finely,
            paths_in_steps,
            titles: OnceLock::new(),
            places,
            locator,
            search,
        }
    }

    /// What it is called: "London".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom its outlines and names come from; to be shown wherever they are.
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// The IANA name of the time zone in which its people live: `Europe/London`.
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// The grid that outlines, labels and bounds are on.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The levels, the coarsest first.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The levels' numbers, the coarsest first.
    pub fn level_indices(&self) -> impl ExactSizeIterator<Item = LevelIndex> + DoubleEndedIterator + use<> {
        (0..self.levels.len() as u8).map(LevelIndex)
    }

    /// A level.
    ///
    /// # Panics
    /// When the number is not of this geography.
    pub fn level(&self, level: LevelIndex) -> &Level {
        &self.levels[usize::from(level.0)]
    }

    /// The level of this name.
    pub fn level_named(&self, name: &str) -> Option<LevelIndex> {
        self.level_indices().find(|&level| self.level(level).name() == name)
    }

    /// The coarsest level.
    pub fn coarsest(&self) -> LevelIndex {
        LevelIndex(0)
    }

    /// The finest level: meters are registered in its areas.
    pub fn finest(&self) -> LevelIndex {
        LevelIndex(self.levels.len() as u8 - 1)
    }

    /// All areas, in order of their numbers.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The areas of a level, in order of their numbers.
    pub fn areas_of(&self, level: LevelIndex) -> &[Area] {
        &self.areas[self.level(level).range()]
    }

    /// An area.
    ///
    /// # Panics
    /// When the number is not of this geography.
    pub fn area(&self, area: AreaIndex) -> &Area {
        &self.areas[area.0 as usize]
    }

    /// The area of this code.
    pub fn index_of(&self, code: &AreaCode) -> Option<AreaIndex> {
        self.by_code.get(code).copied()
    }

    /// The area's place within its level, from 0: as in [`Geography::areas_of`] and in the shapes.
    pub fn place_in_level(&self, area: AreaIndex) -> usize {
        (area.0 - self.level(self.area(area).level).first) as usize
    }

    /// The next coarser area around.
    pub fn parent(&self, area: AreaIndex) -> Option<AreaIndex> {
        self.area(area).parent
    }

    /// The areas around, the nearest first.
    pub fn ancestors(&self, area: AreaIndex) -> impl Iterator<Item = AreaIndex> + '_ {
        std::iter::successors(self.parent(area), |&around| self.parent(around))
    }

    /// The area of that level that this one lies in, or is.
    pub fn at_level(&self, area: AreaIndex, level: LevelIndex) -> Option<AreaIndex> {
        std::iter::once(area).chain(self.ancestors(area)).find(|&around| self.area(around).level == level)
    }

    /// The next finer areas inside.
    pub fn children(&self, area: AreaIndex) -> impl ExactSizeIterator<Item = AreaIndex> + Clone + use<> {
        self.children[area.0 as usize].clone().map(AreaIndex)
    }

    /// The numbers of the finest areas inside; a leaf's own for a leaf.
    pub fn leaves(&self, area: AreaIndex) -> Range<u32> {
        self.leaves[area.0 as usize].clone()
    }

    /// How many finest areas there are.
    pub fn leaf_count(&self) -> u32 {
        self.level(self.finest()).count
    }

    /// The number of a finest area among the finest areas, from 0; none for coarser ones.
    pub fn leaf_number(&self, area: AreaIndex) -> Option<u32> {
        (self.area(area).level == self.finest()).then(|| self.leaves(area).start)
    }

    /// The finest area of this number.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn leaf(&self, number: u32) -> AreaIndex {
        assert!(number < self.leaf_count(), "leaf {number}: there are {}", self.leaf_count());
        AreaIndex(self.level(self.finest()).first + number)
    }

    /// The finest area at a place (degrees). A place on a border is in exactly one of the two.
    pub fn leaf_at(&self, lat: f64, lon: f64) -> Option<AreaIndex> {
        let (x, y) = self.grid.project(lat, lon);
        self.locator().leaf_at(x, y).map(|number| self.leaf(number))
    }

    /// The finest area at a place, or the nearest one that is at most so many metres away, and how far.
    pub fn nearest_leaf(&self, lat: f64, lon: f64, metres_max: f64) -> Option<(AreaIndex, f64)> {
        let (x, y) = self.grid.project(lat, lon);
        let metres = self.grid.metres_per_unit(y);
        let found = self.locator().nearest(x, y, metres_max / metres);
        found.map(|(number, units)| (self.leaf(number), units * metres))
    }

    /// The finest area that a home at a place is in: the one that contains the place, or else the nearest one,
    /// if that is at most [`OFF_OUTLINE_MAX_M`] away, for outlines are generalised. Every point that somebody
    /// says is looked up here, so that the door, the importers and all else agree.
    pub fn leaf_of_home(&self, lat: f64, lon: f64) -> Result<AreaIndex, OffTheMap> {
        match self.nearest_leaf(lat, lon, NAMED_WITHIN_M) {
            Some((area, metres)) if metres <= OFF_OUTLINE_MAX_M => Ok(area),
            nearest => Err(OffTheMap {
                lat,
                lon,
                map: self.name.clone(),
                nearest: nearest.map(|(area, metres)| (self.area(area).code.clone(), metres)),
            }),
        }
    }

    /// Whether the area contains the place.
    pub fn contains(&self, area: AreaIndex, lat: f64, lon: f64) -> bool {
        let leaf = self.leaf_at(lat, lon).and_then(|leaf| self.leaf_number(leaf));
        leaf.is_some_and(|number| self.leaves(area).contains(&number))
    }

    /// Where an area's label goes: latitude and longitude, degrees.
    pub fn label_position(&self, area: AreaIndex) -> (f64, f64) {
        let label = self.area(area).label;
        self.grid.unproject(f64::from(label.x), f64::from(label.y))
    }

    /// The corners of the box around the whole: south, west, north, east, degrees.
    pub fn bounds(&self) -> [f64; 4] {
        let mut around = Bounds::EMPTY;
        self.areas_of(self.coarsest()).iter().for_each(|area| around.join(&area.bounds));
        let (north, west) = self.grid.unproject(f64::from(around.low.x), f64::from(around.low.y));
        let (south, east) = self.grid.unproject(f64::from(around.high.x), f64::from(around.high.y));
        [south, west, north, east]
    }

    /// Places and postcode sectors that can be searched for.
    pub fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// The places on the map, in grid units: the largest first, those of unknown size last.
    pub fn places(&self) -> impl Iterator<Item = (&NamedPlace, Point)> {
        let all = &self.gazetteer.places;
        let sorted = self.places.get_or_init(|| {
            let on_map = |at: Point| {
                (0..=self.grid.w as i32).contains(&at.x) && (0..=self.grid.h as i32).contains(&at.y)
            };
            let placed = all.iter().map(|place| self.grid.snap(place.lat, place.lon)).enumerate();
            let mut places: Vec<(usize, Point)> = placed.filter(|&(_, at)| on_map(at)).collect();
            places.sort_by_key(|&(place, _)| std::cmp::Reverse(all[place].population));
            places
        });
        sorted.iter().map(|&(place, at)| (&all[place], at))
    }

    /// The same for the page's own map, as JSON: `[name, x, y]` each.
    pub fn places_json(&self) -> String {
        let one = |(place, at): (&NamedPlace, Point)| serde_json::json!([place.name, at.x, at.y]).to_string();
        format!("[{}]", self.places().map(one).collect::<Vec<_>>().join(","))
    }

    pub(crate) fn search_index(&self) -> &SearchIndex {
        self.search.get_or_init(|| SearchIndex::new(self))
    }

    pub(crate) fn locator(&self) -> &Locator {
        self.locator.get_or_init(|| Locator::new(&self.outlines))
    }

    /// The outlines of a level in the detail of the finest one.
    pub(crate) fn full_outlines(&self, level: LevelIndex) -> Outlines {
        self.dissolved(&self.outlines, level)
    }

    /// The outlines of a level from such of the finest one.
    pub(crate) fn dissolved(&self, finest: &Outlines, level: LevelIndex) -> Outlines {
        let first = self.level(level).first;
        let whole: Vec<u32> = self
            .level(self.finest())
            .indices()
            .map(|leaf| self.at_level(leaf, level).map_or(0, |AreaIndex(area)| area - first))
            .collect();
        finest.dissolve(self.level(level).len(), |leaf| whole[leaf as usize])
    }
}

fn widen(range: &mut Range<u32>, by: Range<u32>) {
    *range = if range.start == range.end { by } else { range.start.min(by.start)..range.end.max(by.end) };
}
