//! What can be wrong with a geography, told so that its owner can mend it.

use std::fmt;

use metering::AreaCode;
use metering::id::IdError;

/// Why a geography could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeographyError {
    /// Not JSON, or not of GeoJSON's shape.
    #[error("not GeoJSON: {0}")]
    Json(serde_json::Error),
    /// JSON, but not a collection of features.
    #[error("{0}; a geography is a GeoJSON FeatureCollection of Polygon and MultiPolygon features")]
    NotFeatures(&'static str),
    /// Other coordinates than longitude and latitude.
    #[error(
        "the member `crs` names {found:?}; allowed is WGS84 longitude and latitude only (CRS84, EPSG:4326), \
         nothing is reprojected here"
    )]
    Crs {
        /// What it names.
        found: String,
    },
    /// A coordinate that is none on Earth's map: mostly metres of a national grid.
    #[error(
        "feature {feature} has the coordinate [{x}, {y}]; allowed are longitudes from -180 to 180, then latitudes \
         from -85.05 to 85.05 (WGS84), nothing is reprojected here"
    )]
    Coordinate {
        /// The feature, counted from 0.
        feature: usize,
        /// The first number.
        x: f64,
        /// The second number.
        y: f64,
    },
    /// A property that is to be read is not there.
    #[error("no property {property:?} ({role}) in any feature; there are {found}")]
    Property {
        /// What it was to give.
        role: &'static str,
        /// Its name.
        property: String,
        /// The properties that there are.
        found: String,
    },
    /// A property was not named, and none has a name that could be guessed.
    #[error("which property is the {role} of an area? Say it with {option}; there are {found}")]
    Unguessed {
        /// What it was to give.
        role: &'static str,
        /// How to say it.
        option: &'static str,
        /// The properties that there are.
        found: String,
    },
    /// Level names that do not fit.
    #[error("level names: {0}")]
    Levels(String),
    /// Areas that cannot be used.
    #[error("{}", list(.0))]
    Refused(Vec<Problem>),
    /// A stored geography that cannot be read.
    #[error("stored geography: {0}")]
    Stored(StoredError),
}

// Their causes are said in their own sentences.
impl From<serde_json::Error> for GeographyError {
    fn from(error: serde_json::Error) -> Self {
        GeographyError::Json(error)
    }
}

impl From<StoredError> for GeographyError {
    fn from(error: StoredError) -> Self {
        GeographyError::Stored(error)
    }
}

fn list(problems: &[Problem]) -> String {
    const SHOWN: usize = 20;
    let mut text = match problems.len() {
        1 => "1 area cannot be used:".to_owned(),
        count => format!("{count} areas cannot be used:"),
    };
    for problem in problems.iter().take(SHOWN) {
        text.push_str("\n  ");
        text.push_str(&problem.to_string());
    }
    if problems.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", problems.len() - SHOWN));
    }
    text
}

/// Why stored bytes are not a geography.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// Another kind of file.
    #[error("does not begin as one does")]
    NotOne,
    /// Of another version of wattmap.
    #[error("is of version {found}; version {known} can be read: import the geography again")]
    Version {
        /// The file's.
        found: u8,
        /// Ours.
        known: u8,
    },
    /// Changed since it was written.
    #[error("is damaged: the checksum is {found:08x}, of its content {computed:08x}")]
    Checksum {
        /// As written.
        found: u32,
        /// As computed.
        computed: u32,
    },
    /// Cut off, or with numbers that fit nothing.
    #[error("is damaged at byte {at}: {what}")]
    Damaged {
        /// Where reading stopped.
        at: usize,
        /// What was wrong.
        what: &'static str,
    },
}

/// An area that cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The feature, counted from 0.
    pub feature: usize,
    /// Its code, if it has one.
    pub code: Option<String>,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "feature {} ({code}): {}", self.feature, self.reason),
            None => write!(f, "feature {}: {}", self.feature, self.reason),
        }
    }
}

/// Why an area cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No code.
    #[error("has no {property:?}, which is to be its code")]
    NoCode {
        /// The property.
        property: String,
    },
    /// A code that is none.
    #[error("its code {0}")]
    BadCode(#[from] IdError),
    /// A code that another area has.
    #[error("has the same code as {0}")]
    DuplicateCode(String),
    /// No parent.
    #[error("has no {property:?}, which is to be its parent's code")]
    MissingParent {
        /// The property.
        property: String,
    },
    /// A parent that lies in two grandparents.
    #[error("its parent {parent} lies in {here} here and in {elsewhere} elsewhere")]
    ParentInTwo {
        /// The parent.
        parent: AreaCode,
        /// What lies around it here.
        here: AreaCode,
        /// What lies around it in an earlier feature.
        elsewhere: AreaCode,
    },
    /// No ground.
    #[error("has no polygon but {0}")]
    NoPolygon(String),
    /// Coordinates of another shape.
    #[error("its coordinates are no polygons: {0}")]
    Coordinates(String),
    /// A ring of fewer than four points (the last repeats the first).
    #[error("has a ring of {0} points; allowed are 4 and more, the last as the first")]
    TooFewPoints(usize),
    /// Nothing is left of it.
    #[error("has no area")]
    NoArea,
    /// A border that crosses itself.
    #[error("intersects itself near latitude {lat:.5}, longitude {lon:.5}")]
    SelfIntersection {
        /// Where.
        lat: f64,
        /// Where.
        lon: f64,
    },
    /// A hole that is not in the polygon, or a polygon within another one of the same area.
    #[error("has rings that do not nest: a hole outside its polygon, or polygons that overlap")]
    Nesting,
    /// Ground that belongs to another area, too.
    #[error("lies on the same side of the same border as {0}: the two overlap")]
    SameGround(String),
}
