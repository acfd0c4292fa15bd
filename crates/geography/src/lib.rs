//! Nested areas with shared outlines: London embedded, any operator's GeoJSON imported; lookups, shapes
//! for the page, search, and the tables that come with London. Pure: no I/O, no clock, no async.
//!
//! | module | what |
//! | --- | --- |
//! | `geography`, `area`, `locate` | [`Geography`]: levels, areas, who lies in whom, what is at a place |
//! | `grid`, `polygon`, `vertices` | the integer grid, and exact arithmetic on it |
//! | `outline`, `simplify`, `round`, `drawn` | borders stored once for both neighbours; fewer and rounder corners, same topology |
//! | `build`, `clean` | from polygons in degrees: repaired or refused by name |
//! | `import` | any operator's GeoJSON |
//! | `bytes`, `export` | the stored form; paths and GeoJSON |
//! | `titles` | what areas are called |
//! | `gazetteer`, `search` | places and postcode sectors; finding things by name |
//! | `london` | London, embedded |
//! | [`mod@reference`] | the H25 shape and the boroughs' means |

mod area;
pub mod build;
mod bytes;
mod clean;
mod drawn;
mod error;
mod export;
mod gazetteer;
mod geography;
mod grid;
mod import;
mod label;
mod locate;
mod london;
mod outline;
mod polygon;
pub mod reference;
mod round;
mod search;
mod simplify;
mod titles;
#[cfg(test)]
mod topology_tests;
mod verify;
mod vertices;

pub use area::{Area, AreaIndex, Bounds, Level, LevelIndex, LevelNames};
pub use clean::Repair;
pub use error::{GeographyError, Problem, Reason, StoredError};
pub use gazetteer::{Gazetteer, NamedPlace, PostcodeSector};
pub use geography::Geography;
pub use grid::{Grid, Point};
pub use import::{Guess, ImportOptions, ImportReport, ParentProperty};
pub use locate::{OFF_OUTLINE_MAX_M, OffTheMap};
pub use search::{HitKind, SearchHit};
