//! Any operator's GeoJSON as a geography: which property is the code, the name, the parent is said or
//! guessed (and told); nothing is reprojected; what cannot be used is refused by name.

mod geojson;
mod guess;

use std::collections::BTreeMap;
use std::fmt;

use metering::AreaCode;
use serde_json::Value;

use crate::area::LevelNames;
use crate::build::{Built, Repaired, Source, SourceArea, SourceParent, build};
use crate::error::{GeographyError, Problem, Reason};
use crate::geography::Geography;
use geojson::{Collection, Feature};

/// What to read, and how to call it. Everything left out is guessed from names in common use.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// What the geography is called; the collection's own `name` if left out.
    pub name: Option<String>,
    /// Whom the data comes from; the collection's own `attribution` if left out.
    pub attribution: Option<String>,
    /// The IANA name of its people's time zone; UTC if left out.
    pub time_zone: Option<String>,
    /// The property with the area's code.
    pub code: Option<String>,
    /// The property with the area's name.
    pub area_name: Option<String>,
    /// The property with the nearest place that people know.
    pub near: Option<String>,
    /// The properties with the codes of the areas around, the nearest first.
    pub parents: Vec<ParentProperty>,
    /// How the levels are called, the coarsest first.
    pub levels: Vec<LevelNames>,
    /// Leave out areas that cannot be used, rather than refuse all.
    pub leave_out: bool,
}

/// Where an area around is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentProperty {
    /// The property with its code.
    pub code: String,
    /// The property with its name; it is called by its code if left out.
    pub name: Option<String>,
}

impl ParentProperty {
    /// From `CODE` or `CODE:NAME`, as on the command line.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((code, name)) => Self { code: code.to_owned(), name: Some(name.to_owned()) },
            None => Self { code: text.to_owned(), name: None },
        }
    }
}

/// A property that was chosen because of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// What it gives: "code", "name", "near", "parent".
    pub role: &'static str,
    /// The property.
    pub property: String,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportReport {
    /// The levels, the coarsest first, with the number of their areas.
    pub levels: Vec<(String, usize)>,
    /// What was guessed.
    pub guessed: Vec<Guess>,
    /// What was repaired.
    pub repaired: Vec<Repaired>,
    /// What was left out.
    pub left_out: Vec<Problem>,
    /// Areas that overlap: a place in both is counted in the first one.
    pub overlaps: Vec<(AreaCode, AreaCode)>,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels: Vec<String> =
            self.levels.iter().map(|(name, count)| format!("{count} of level {name}")).collect();
        writeln!(f, "areas: {}", levels.join(", "))?;
        for Guess { role, property } in &self.guessed {
            writeln!(f, "guessed: the {role} is in the property {property:?}")?;
        }
        for (repair, of) in by_repair(&self.repaired) {
            let named = of.iter().take(NAMED_MAX).map(|of| format!("feature {} ({})", of.feature, of.code));
            let more = of.len().checked_sub(NAMED_MAX).filter(|&more| more > 0);
            let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
            writeln!(f, "repaired: {repair}: {}{more}", named.collect::<Vec<_>>().join(", "))?;
        }
        for problem in &self.left_out {
            writeln!(f, "left out: {problem}")?;
        }
        for (one, other) in &self.overlaps {
            writeln!(f, "overlap: {one} and {other}")?;
        }
        Ok(())
    }
}

/// Features named for one kind of repair; files often need the same one throughout.
const NAMED_MAX: usize = 5;

/// The features of each repair, by what was done.
fn by_repair(repaired: &[Repaired]) -> BTreeMap<String, Vec<&Repaired>> {
    let mut by_repair: BTreeMap<String, Vec<&Repaired>> = BTreeMap::new();
    for one in repaired {
        by_repair.entry(one.repair.to_string()).or_default().push(one);
    }
    by_repair
}

impl Geography {
    /// Reads a GeoJSON FeatureCollection of the finest areas.
    pub fn from_geojson(text: &str, options: &ImportOptions) -> Result<(Self, ImportReport), GeographyError> {
        let collection = Collection::parse(text)?;
        let (roles, guessed) = guess::roles(&collection.features, options)?;
        let mut problems = Vec::new();
        let mut areas = Vec::with_capacity(collection.features.len());
        let mut unnamed = Vec::new();
        for (number, feature) in collection.features.into_iter().enumerate() {
            let code = roles.text(&feature, &roles.code);
            match area(number, feature, &roles, &mut unnamed) {
                Ok(area) => areas.push(area),
                Err(Unusable::Area(reason)) => problems.push(Problem { feature: number, code, reason }),
                Err(Unusable::File(error)) => return Err(error),
            }
        }
        if !problems.is_empty() && !options.leave_out {
            return Err(GeographyError::Refused(problems));
        }
        let said = |option: &Option<String>, own: Option<String>, else_: &str| {
            option.clone().or(own).unwrap_or_else(|| else_.to_owned())
        };
        let source = Source {
            name: said(&options.name, collection.name, "this area"),
            attribution: said(&options.attribution, collection.attribution, ""),
            time_zone: said(&options.time_zone, None, "UTC"),
            levels: roles.levels,
            areas,
            ..Source::default()
        };
        let Built { geography, mut repaired, left_out } = build(source, options.leave_out)?;
        problems.extend(left_out);
        problems.sort_by_key(|problem| problem.feature);
        repaired.extend(unnamed);
        repaired.sort_by_key(|repaired| repaired.feature);
        let levels = geography.levels().iter().map(|level| (level.name().to_owned(), level.len()));
        let report = ImportReport {
            levels: levels.collect(),
            guessed,
            repaired,
            left_out: problems,
            overlaps: geography.overlaps(),
        };
        Ok((geography, report))
    }

    /// Reads a file that is either the stored form or GeoJSON; the report is of an import.
    pub fn from_file(
        content: &[u8],
        options: &ImportOptions,
    ) -> Result<(Self, Option<ImportReport>), GeographyError> {
        if Self::is_stored(content) {
            return Ok((Self::from_bytes(content)?, None));
        }
        let text = std::str::from_utf8(content)
            .map_err(|_| GeographyError::NotFeatures("neither a stored geography nor UTF-8 text"))?;
        let (geography, report) = Self::from_geojson(text, options)?;
        Ok((geography, Some(report)))
    }
}

/// Why a feature is not used.
enum Unusable {
    Area(Reason),
    File(GeographyError),
}

impl From<Reason> for Unusable {
    fn from(reason: Reason) -> Self {
        Self::Area(reason)
    }
}

fn area(
    number: usize,
    feature: Feature<'_>,
    roles: &guess::Roles,
    unnamed: &mut Vec<Repaired>,
) -> Result<SourceArea, Unusable> {
    let no_code = || Reason::NoCode { property: roles.code.clone() };
    let code = roles.text(&feature, &roles.code).ok_or_else(no_code)?;
    let code = AreaCode::parse(&code).map_err(Reason::BadCode)?;
    let name = roles.name.as_ref().and_then(|property| roles.text(&feature, property));
    let name = name.unwrap_or_else(|| {
        unnamed.push(Repaired { feature: number, code: code.clone(), repair: crate::Repair::NamedByCode });
        code.to_string()
    });
    let near = roles.near.as_ref().and_then(|property| roles.text(&feature, property));
    let mut parents = Vec::with_capacity(roles.parents.len());
    for property in &roles.parents {
        let missing = || Reason::MissingParent { property: property.code.clone() };
        let code = AreaCode::parse(&roles.text(&feature, &property.code).ok_or_else(missing)?);
        let code = code.map_err(Reason::BadCode)?;
        let name = property.name.as_ref().and_then(|property| roles.text(&feature, property));
        let name = name.unwrap_or_else(|| code.to_string());
        parents.push(SourceParent { code, name, near: None });
    }
    let polygons = feature.polygons().map_err(|error| match error {
        geojson::NotPolygons::Coordinates(error) => {
            // Its position is that within the coordinates.
            let why = error.to_string();
            let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
            Unusable::Area(Reason::Coordinates(why.to_owned()))
        }
        geojson::NotPolygons::Kind(kind) => Unusable::Area(Reason::NoPolygon(kind)),
    })?;
    let off_earth = polygons.iter().flatten().flatten().find(|[lon, lat]| {
        !(-180.0..=180.0).contains(lon) || lat.abs() > crate::grid::LATITUDE_MAX || !lat.is_finite()
    });
    match off_earth {
        Some(&[x, y]) => Err(Unusable::File(GeographyError::Coordinate { feature: number, x, y })),
        None => Ok(SourceArea { feature: number, code, name, near, parents, polygons }),
    }
}

/// A property as text: numbers may be codes, too.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
