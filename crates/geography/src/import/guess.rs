//! Which property is what: as told, or by names in common use.

use std::collections::{BTreeSet, HashSet};

use super::geojson::Feature;
use super::{Guess, ImportOptions, ParentProperty, as_text};
use crate::area::LevelNames;
use crate::error::GeographyError;

/// British statistical areas that nest, the finest first: their codes are in properties as `LSOA11CD`,
/// their names in `LSOA11NM`.
const BRITISH: [(&str, &str, &str); 6] = [
    ("oa", "output area", "output areas"),
    ("lsoa", "street area", "street areas"),
    ("msoa", "neighbourhood", "neighbourhoods"),
    ("lad", "district", "districts"),
    ("cty", "county", "counties"),
    ("rgn", "region", "regions"),
];

const SURE_CODES: [&str; 4] = ["code", "area_code", "areacode", "gss_code"];
const CODES: [&str; 8] = ["geo_code", "geocode", "geoid", "zone_id", "zone", "ref", "id", "objectid"];
const NAMES: [&str; 7] = ["name", "area_name", "areaname", "label", "title", "nom", "bezeichnung"];
const PARENTS: [&str; 5] = ["parent", "parent_code", "parentcode", "parent_id", "parentid"];
const PARENT_NAMES: [&str; 3] = ["parent_name", "parentname", "parent_label"];
const NEARS: [&str; 2] = ["near", "nearest_place"];

/// The feature's own `id`, where no property of that name is.
const FEATURE_ID: &str = "id";

/// Which property is what.
#[derive(Debug)]
pub(super) struct Roles {
    pub(super) code: String,
    pub(super) name: Option<String>,
    pub(super) near: Option<String>,
    pub(super) parents: Vec<ParentProperty>,
    pub(super) levels: Vec<LevelNames>,
}

impl Roles {
    /// A feature's property as text.
    pub(super) fn text(&self, feature: &Feature<'_>, property: &str) -> Option<String> {
        text(feature, property)
    }
}

fn text(feature: &Feature<'_>, property: &str) -> Option<String> {
    let own = feature.properties.as_ref().and_then(|properties| properties.get(property)).and_then(as_text);
    own.or_else(|| if property == FEATURE_ID { feature.id.as_ref().and_then(as_text) } else { None })
}

/// Properties that hold a text or number in some feature.
struct Known<'a> {
    features: &'a [Feature<'a>],
    properties: Vec<String>,
}

impl Known<'_> {
    fn list(&self) -> String {
        match self.properties.len() {
            0 => "none".to_owned(),
            _ => self.properties.join(", "),
        }
    }

    /// The property of this name, exactly or but for case.
    fn named(&self, name: &str) -> Option<&String> {
        let alike = || self.properties.iter().find(|property| property.eq_ignore_ascii_case(name));
        self.properties.iter().find(|property| *property == name).or_else(alike)
    }

    fn first_of(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.named(name)).cloned()
    }

    fn told(&self, role: &'static str, property: &str) -> Result<String, GeographyError> {
        let found = self.properties.iter().find(|known| *known == property);
        found.cloned().ok_or_else(|| GeographyError::Property {
            role,
            property: property.to_owned(),
            found: self.list(),
        })
    }

    /// Whether every feature has it, and no two the same.
    fn tells_apart(&self, property: &str) -> bool {
        let mut seen = HashSet::new();
        self.features.iter().all(|feature| text(feature, property).is_some_and(|value| seen.insert(value)))
    }

    /// The British property for a level: `lsoa` is in `LSOA11CD`, or `LSOA21CD`, or `lsoa_cd`.
    fn british(&self, level: &str, ending: &str) -> Option<String> {
        let is_it = |property: &&String| {
            let lower = property.to_ascii_lowercase();
            let middle = lower.strip_prefix(level).and_then(|rest| rest.strip_suffix(ending));
            middle.is_some_and(|middle| middle.chars().all(|c| c.is_ascii_digit() || c == '_'))
        };
        self.properties.iter().find(is_it).cloned()
    }
}

/// Decides, and tells what was guessed.
pub(super) fn roles(
    features: &[Feature<'_>],
    options: &ImportOptions,
) -> Result<(Roles, Vec<Guess>), GeographyError> {
    let mut properties: BTreeSet<String> = features
        .iter()
        .filter_map(|feature| feature.properties.as_ref())
        .flatten()
        .filter(|(_, value)| as_text(value).is_some())
        .map(|(property, _)| property.clone())
        .collect();
    if features.iter().any(|feature| feature.id.as_ref().and_then(as_text).is_some()) {
        properties.insert(FEATURE_ID.to_owned());
    }
    let known = Known { features, properties: properties.into_iter().collect() };
    let mut guessed = Vec::new();
    let mut guess = |role, property: String| {
        guessed.push(Guess { role, property: property.clone() });
        property
    };

    let code = match &options.code {
        Some(property) => known.told("code", property)?,
        None => {
            let british = BRITISH.iter().filter_map(|(level, ..)| known.british(level, "cd"));
            let surely = SURE_CODES.iter().filter_map(|name| known.named(name).cloned());
            let perhaps = CODES.iter().filter_map(|name| known.named(name).cloned());
            let like_a_code =
                known.properties.iter().filter(|name| name.to_ascii_lowercase().ends_with("code"));
            let mut candidates = surely.chain(british).chain(perhaps).chain(like_a_code.cloned()).peekable();
            let first = candidates.peek().cloned();
            let found = candidates.find(|property| known.tells_apart(property)).or(first);
            let found = found.ok_or_else(|| GeographyError::Unguessed {
                role: "code",
                option: "--code PROPERTY (wattmap import geography)",
                found: known.list(),
            })?;
            guess("code", found)
        }
    };
    let level = BRITISH.iter().position(|(level, ..)| known.british(level, "cd").as_ref() == Some(&code));
    let name = match &options.area_name {
        Some(property) => Some(known.told("name", property)?),
        None => {
            let british = level.and_then(|level| known.british(BRITISH[level].0, "nm"));
            british.or_else(|| known.first_of(&NAMES)).map(|property| guess("name", property))
        }
    };
    let near = match &options.near {
        Some(property) => Some(known.told("near", property)?),
        None => known.first_of(&NEARS).map(|property| guess("near", property)),
    };
    let mut british_levels: Vec<usize> = level.into_iter().collect();
    let parents = if options.parents.is_empty() {
        let (parents, levels) = guess_parents(&known, level);
        british_levels.extend(levels);
        for parent in &parents {
            guess("parent", parent.code.clone());
        }
        parents
    } else {
        british_levels.clear();
        let told = options.parents.iter().map(|parent| {
            let name = parent.name.as_ref().map(|name| known.told("parent's name", name)).transpose()?;
            Ok(ParentProperty { code: known.told("parent", &parent.code)?, name })
        });
        told.collect::<Result<_, GeographyError>>()?
    };
    let levels = levels(options, parents.len() + 1, &british_levels)?;
    Ok((Roles { code, name, near, parents, levels }, guessed))
}

fn guess_parents(known: &Known<'_>, level: Option<usize>) -> (Vec<ParentProperty>, Vec<usize>) {
    if let Some(level) = level {
        let coarser = (level + 1..BRITISH.len()).filter_map(|coarser| {
            let code = known.british(BRITISH[coarser].0, "cd")?;
            Some((ParentProperty { code, name: known.british(BRITISH[coarser].0, "nm") }, coarser))
        });
        let found: (Vec<_>, Vec<_>) = coarser.unzip();
        if !found.0.is_empty() {
            return found;
        }
    }
    let parent =
        known.first_of(&PARENTS).map(|code| ParentProperty { code, name: known.first_of(&PARENT_NAMES) });
    (parent.into_iter().collect(), Vec::new())
}

/// The levels' names, the coarsest first.
fn levels(
    options: &ImportOptions,
    count: usize,
    british: &[usize],
) -> Result<Vec<LevelNames>, GeographyError> {
    if !options.levels.is_empty() {
        if options.levels.len() != count {
            let text = format!(
                "{} are given, but there are {count}: one for the areas and one for every parent",
                options.levels.len()
            );
            return Err(GeographyError::Levels(text));
        }
        return Ok(options.levels.clone());
    }
    if british.len() == count {
        let names = british.iter().rev().map(|&level| BRITISH[level]);
        return Ok(names.map(|(name, singular, plural)| LevelNames::new(name, singular, plural)).collect());
    }
    let common =
        [("area", "area", "areas"), ("district", "district", "districts"), ("region", "region", "regions")];
    let names = (0..count).rev().map(|height| match common.get(height) {
        Some((name, singular, plural)) => LevelNames::new(name, singular, plural),
        None => LevelNames::parse(&format!("level-{}", height + 1)),
    });
    Ok(names.collect())
}
