//! What the map page begins with.

use metering::UtcSecond;
use metering::api::Measure;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::geometry::mercator::Grid;
use crate::site::SiteStatus;

/// A level of the geography, the coarsest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelInfo {
    /// In URLs.
    pub name: String,
    /// In sentences, for several: `boroughs`.
    pub plural: String,
    /// How many areas it has.
    pub areas: usize,
}

/// A name on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// What is written.
    pub text: String,
    /// Where, in grid units.
    pub x: i32,
    /// Where, in grid units.
    pub y: i32,
}

/// The map's part that the legend needs: everything but the areas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapHead {
    /// What is shown.
    pub measure: Measure,
    /// The upper bounds of all classes but the last.
    pub classes: Vec<f64>,
    /// When the newest of the figures was released.
    pub as_of: UtcSecond,
    /// Whether any area has a figure.
    pub any: bool,
}

impl From<&metering::api::MapAnswer> for MapHead {
    fn from(map: &metering::api::MapAnswer) -> Self {
        MapHead {
            measure: map.measure,
            classes: map.classes.clone(),
            as_of: map.as_of,
            any: map.areas.iter().any(|area| area.value.is_some()),
        }
    }
}

/// What the map page begins with: rendered on the server; the browser gets all of it but the picture,
/// which is in the document already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstMap {
    /// The geography's name.
    pub name: String,
    /// Its levels.
    pub levels: Vec<LevelInfo>,
    /// The grid of all outlines.
    pub grid: Grid,
    /// The coarsest level's names.
    pub labels: Vec<Label>,
    /// The level that the picture shows.
    pub level: String,
    /// The legend's part of what it shows, or why there is nothing.
    pub head: Result<MapHead, AppError>,
    /// The state of the site.
    pub status: SiteStatus,
    /// The picture, as HTML. Only on the server.
    #[serde(skip)]
    pub picture: String,
}
