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

mod reader;
mod writer;

use crate::area::{Area, AreaIndex, Level, LevelNames};
use crate::error::StoredError;
use crate::geography::{Geography, Parts};
use crate::grid::Grid;
use crate::locate::bounds_of;
use crate::outline::Outlines;
use reader::Reader;
use writer::Writer;

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
        to.areas(self);
        to.outlines(&self.outlines);
        to.gazetteer(&self.gazetteer);
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(crc32c::crc32c(&to.bytes).to_le_bytes());
        bytes.extend(to.bytes);
        bytes
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
