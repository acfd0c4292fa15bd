//! The stored form of a geography.
//!
//! ```text
//! "WATTMAPG"  version u8  crc32c of the rest, u32 little-endian
//! name, attribution, time zone                                     strings
//! grid: zoom u8, then x, y, w, h
//! levels: count, then name, singular, plural, detail zoom, areas
//! places called near: count, then strings, front coded
//! areas, level by level: code, name (front coded), near (0 none, else place + 1),
//!     parent's place in its level less that of the area before (not at the coarsest), label x, y (less the one before)
//! borders of the finest level: count, then left (0 none, else leaf + 1) less the one before, right
//!     likewise less left, points: the first one less the last one of the border before, each other
//!     less the one before. Rings are found by walking along them
//! gazetteer: places (name, lat, lon in 1e-5 degrees, population), sectors (name, lat, lon)
//! ```
//! Numbers are LEB128, signed ones zigzag; a string is its length and UTF-8; a front-coded string is
//! the bytes that it shares with the one before, then the rest as a string.

use metering::AreaCode;

use crate::area::{Area, AreaIndex, Level, LevelIndex, LevelNames};
use crate::error::StoredError;
use crate::gazetteer::{Gazetteer, NamedPlace, PostcodeSector};
use crate::geography::{Geography, Parts};
use crate::grid::{Grid, Point};
use crate::locate::bounds_of;
use crate::outline::{Border, Outlines};

const MAGIC: &[u8; 8] = b"WATTMAPG";
const VERSION: u8 = 1;
const HEADER: usize = MAGIC.len() + 1 + 4;
const DEGREE_PARTS: f64 = 1e5;

impl Geography {
    /// The stored form, to be read by [`Geography::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.text(&self.name);
        to.text(&self.attribution);
        to.text(&self.time_zone);
        to.unsigned(u64::from(self.grid.zoom));
        to.signed(i64::from(self.grid.x));
        to.signed(i64::from(self.grid.y));
        to.unsigned(u64::from(self.grid.w));
        to.unsigned(u64::from(self.grid.h));
        to.unsigned(self.levels.len() as u64);
        for level in &self.levels {
            let LevelNames { name, singular, plural } = &level.names;
            [name, singular, plural].into_iter().for_each(|text| to.text(text));
            to.unsigned(u64::from(level.detail_zoom));
            to.unsigned(u64::from(level.count));
        }
        self.write_areas(&mut to);
        self.write_outlines(&mut to);
        self.write_gazetteer(&mut to);
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(crc32c::crc32c(&to.bytes).to_le_bytes());
        bytes.extend(to.bytes);
        bytes
    }

    fn write_areas(&self, to: &mut Writer) {
        let mut near: Vec<&str> = self.areas.iter().filter_map(|area| area.near.as_deref()).collect();
        near.sort_unstable();
        near.dedup();
        to.unsigned(near.len() as u64);
        let mut before = "";
        for &name in &near {
            to.front_coded(before, name);
            before = name;
        }
        for level in self.level_indices() {
            let (mut code, mut name, mut parent, mut label) = ("", "", -1, Point::default());
            for area in self.areas_of(level) {
                to.front_coded(code, area.code.as_str());
                to.front_coded(name, &area.name);
                let place = area.near.as_deref().and_then(|name| near.binary_search(&name).ok());
                to.unsigned(place.map_or(0, |place| place as u64 + 1));
                if let Some(around) = area.parent {
                    let place = self.place_in_level(around) as i64;
                    to.signed(place - parent);
                    parent = place;
                }
                to.step(label, area.label);
                (code, name, label) = (area.code.as_str(), &area.name, area.label);
            }
        }
    }

    fn write_outlines(&self, to: &mut Writer) {
        to.unsigned(self.outlines.borders.len() as u64);
        let mut at = Point::default();
        let mut before = 0;
        for border in &self.outlines.borders {
            let [left, right] =
                [border.left, border.right].map(|side| side.map_or(0, |leaf| i64::from(leaf) + 1));
            to.signed(left - before);
            to.signed(right - left);
            before = left;
            to.unsigned(border.line.len() as u64);
            for &point in &border.line {
                to.step(at, point);
                at = point;
            }
        }
    }

    fn write_gazetteer(&self, to: &mut Writer) {
        let degrees = |to: &mut Writer, value: f64| to.signed((value * DEGREE_PARTS).round() as i64);
        let Gazetteer { places, sectors } = &self.gazetteer;
        to.unsigned(places.len() as u64);
        for place in places {
            to.text(&place.name);
            degrees(to, place.lat);
            degrees(to, place.lon);
            to.unsigned(u64::from(place.population));
        }
        to.unsigned(sectors.len() as u64);
        for sector in sectors {
            to.text(&sector.name);
            degrees(to, sector.lat);
            degrees(to, sector.lon);
        }
    }

    /// Whether bytes are a stored geography (of whatever version), not something else, as GeoJSON.
    pub fn is_stored(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Reads the stored form; checks that it is whole and makes sense.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredError> {
        if !Self::is_stored(bytes) {
            return Err(StoredError::NotOne);
        }
        let cut = StoredError::Damaged { at: bytes.len(), what: "it ends in its header" };
        let (head, body) = bytes.split_at_checked(HEADER).ok_or(cut)?;
        if head[MAGIC.len()] != VERSION {
            return Err(StoredError::Version { found: head[MAGIC.len()], known: VERSION });
        }
        let found = head[MAGIC.len() + 1..].iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte));
        let computed = crc32c::crc32c(body);
        if found != computed {
            return Err(StoredError::Checksum { found, computed });
        }
        let mut from = Reader { bytes: body, at: 0 };
        let (name, attribution, time_zone) = (from.text()?, from.text()?, from.text()?);
        let zoom = from.number::<u8>()?;
        from.check(zoom <= Grid::ZOOM_MAX, "a zoom that there is not")?;
        let (x, y) = (from.signed_number()?, from.signed_number()?);
        let grid = Grid { zoom, x, y, w: from.number()?, h: from.number()? };
        let mut levels = Vec::new();
        let mut first = 0_u32;
        for _ in 0..from.count()? {
            let names = LevelNames { name: from.text()?, singular: from.text()?, plural: from.text()? };
            let (detail_zoom, count) = (from.number()?, from.count()? as u32);
            from.check(count > 0, "a level without areas")?;
            levels.push(Level { names, detail_zoom, first, count });
            first += count;
        }
        from.check((1..=8).contains(&levels.len()), "a number of levels that is not allowed")?;
        let mut areas = from.areas(&levels)?;
        let leaves = levels.last().map_or(0, Level::len);
        let outlines = from.outlines(leaves)?;
        let gazetteer = from.gazetteer()?;
        from.check(from.at == from.bytes.len(), "more than there should be")?;
        bound(&mut areas, &outlines);
        let parts = Parts { name, attribution, time_zone, grid, levels, areas, gazetteer, outlines };
        Ok(Self::from_parts(parts))
    }
}

/// Boxes are not stored: the leaves' come from their outlines, the others' from their parts.
fn bound(areas: &mut [Area], outlines: &Outlines) {
    let first_leaf = areas.len() - outlines.rings.len();
    for at in (0..areas.len()).rev() {
        if at >= first_leaf {
            areas[at].bounds = bounds_of(&outlines.polygon(at - first_leaf));
        }
        let bounds = areas[at].bounds;
        if let Some(AreaIndex(parent)) = areas[at].parent {
            areas[parent as usize].bounds.join(&bounds);
        }
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)) as u64);
    }

    fn text(&mut self, text: &str) {
        self.unsigned(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn front_coded(&mut self, before: &str, text: &str) {
        let shared = before.char_indices().zip(text.chars()).find(|((_, a), b)| a != b);
        let shared = shared.map_or(before.len().min(text.len()), |((at, _), _)| at);
        self.unsigned(shared as u64);
        self.text(&text[shared..]);
    }

    fn step(&mut self, from: Point, to: Point) {
        self.signed(i64::from(to.x) - i64::from(from.x));
        self.signed(i64::from(to.y) - i64::from(from.y));
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn damaged(&self, what: &'static str) -> StoredError {
        StoredError::Damaged { at: HEADER + self.at, what }
    }

    fn check(&self, fits: bool, what: &'static str) -> Result<(), StoredError> {
        if fits { Ok(()) } else { Err(self.damaged(what)) }
    }

    fn unsigned(&mut self) -> Result<u64, StoredError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or_else(|| self.damaged("it ends too early"))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damaged("a number without an end"))
    }

    fn number<T: TryFrom<u64>>(&mut self) -> Result<T, StoredError> {
        let value = self.unsigned()?;
        T::try_from(value).map_err(|_| self.damaged("a number that is too large"))
    }

    fn signed(&mut self) -> Result<i64, StoredError> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn signed_number(&mut self) -> Result<i32, StoredError> {
        let value = self.signed()?;
        i32::try_from(value).map_err(|_| self.damaged("a number that is too large"))
    }

    /// How many of something follow: never more than there are bytes, so that nothing large is made
    /// room for in vain.
    fn count(&mut self) -> Result<usize, StoredError> {
        let count = self.number::<usize>()?;
        self.check(count <= self.bytes.len() - self.at, "a count that is larger than the file")?;
        Ok(count)
    }

    fn text(&mut self) -> Result<String, StoredError> {
        let length = self.count()?;
        let text = std::str::from_utf8(&self.bytes[self.at..self.at + length]);
        let text = text.map_err(|_| self.damaged("a text that is not UTF-8"))?.to_owned();
        self.at += length;
        Ok(text)
    }

    fn front_coded(&mut self, before: &str) -> Result<String, StoredError> {
        let shared = self.number::<usize>()?;
        let start = before.get(..shared).ok_or_else(|| self.damaged("a text that shares too much"))?;
        Ok(start.to_owned() + &self.text()?)
    }

    fn step(&mut self, from: Point) -> Result<Point, StoredError> {
        let (dx, dy) = (self.signed_number()?, self.signed_number()?);
        let to = from.x.checked_add(dx).zip(from.y.checked_add(dy));
        to.map(|(x, y)| Point::new(x, y)).ok_or_else(|| self.damaged("a point off the grid"))
    }

    fn areas(&mut self, levels: &[Level]) -> Result<Vec<Area>, StoredError> {
        let mut near: Vec<String> = Vec::new();
        for _ in 0..self.count()? {
            let name = self.front_coded(near.last().map_or("", String::as_str))?;
            near.push(name);
        }
        let mut areas: Vec<Area> = Vec::new();
        let mut codes = std::collections::HashSet::new();
        for (number, level) in levels.iter().enumerate() {
            let (mut code, mut name, mut parent, mut label) =
                (String::new(), String::new(), -1, Point::default());
            for _ in 0..level.count {
                code = self.front_coded(&code)?;
                name = self.front_coded(&name)?;
                let near = match self.number::<usize>()? {
                    0 => None,
                    place => Some(
                        near.get(place - 1).ok_or_else(|| self.damaged("a place that there is not"))?.clone(),
                    ),
                };
                let around = match number.checked_sub(1) {
                    None => None,
                    Some(coarser) => {
                        let step = self.signed()?;
                        self.check(step == 1 || step == 0 && parent >= 0, "areas out of order")?;
                        parent += step;
                        let inside =
                            u32::try_from(parent).ok().filter(|&place| place < levels[coarser].count);
                        let place = inside.ok_or_else(|| self.damaged("a parent that there is not"))?;
                        Some(AreaIndex(levels[coarser].first + place))
                    }
                };
                label = self.step(label)?;
                let parsed = AreaCode::parse(&code).map_err(|_| self.damaged("a code that is none"))?;
                self.check(codes.insert(parsed.clone()), "a code that is there twice")?;
                let level = LevelIndex(number as u8);
                let (name, bounds) = (name.clone(), crate::area::Bounds::EMPTY);
                areas.push(Area { code: parsed, name, near, level, parent: around, label, bounds });
            }
            let coarser = number.checked_sub(1).map(|coarser| i64::from(levels[coarser].count));
            self.check(coarser.is_none_or(|count| parent + 1 == count), "an area without parts")?;
        }
        Ok(areas)
    }

    fn outlines(&mut self, leaves: usize) -> Result<Outlines, StoredError> {
        let mut borders = Vec::new();
        let mut at = Point::default();
        let mut before = 0_i64;
        for _ in 0..self.count()? {
            let left = before.wrapping_add(self.signed()?);
            let right = left.wrapping_add(self.signed()?);
            before = left;
            let (left, right) = (self.side(left, leaves)?, self.side(right, leaves)?);
            self.check(left != right, "a border within an area")?;
            let count = self.count()?;
            self.check(count > 1, "a border of one point")?;
            let mut line = Vec::with_capacity(count);
            for _ in 0..count {
                at = self.step(at)?;
                line.push(at);
            }
            borders.push(Border { line, left, right });
        }
        let outlines = Outlines::of(borders, leaves);
        self.check(outlines.rings.iter().all(|rings| !rings.is_empty()), "an area without an outline")?;
        Ok(outlines)
    }

    /// A side of a border: an area, or the outside.
    fn side(&self, number: i64, leaves: usize) -> Result<Option<u32>, StoredError> {
        let number = u32::try_from(number).ok().filter(|&number| number as usize <= leaves);
        number.map(|number| number.checked_sub(1)).ok_or_else(|| self.damaged("an area that there is not"))
    }

    fn gazetteer(&mut self) -> Result<Gazetteer, StoredError> {
        let mut gazetteer = Gazetteer::default();
        for _ in 0..self.count()? {
            let (name, lat, lon) = (self.text()?, self.degrees()?, self.degrees()?);
            gazetteer.places.push(NamedPlace { name, lat, lon, population: self.number()? });
        }
        for _ in 0..self.count()? {
            let (name, lat, lon) = (self.text()?, self.degrees()?, self.degrees()?);
            gazetteer.sectors.push(PostcodeSector { name, lat, lon });
        }
        Ok(gazetteer)
    }

    fn degrees(&mut self) -> Result<f64, StoredError> {
        let parts = self.signed()? as f64;
        Ok(parts / DEGREE_PARTS)
    }
}
