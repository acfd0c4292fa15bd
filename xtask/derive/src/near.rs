//! The nearest place that people know, for areas whose names say little to a person ("Hackney 012").

use std::collections::HashMap;

use geography::build::Source;
use geography::{AreaIndex, Geography, NamedPlace};
use metering::AreaCode;

/// Names that are too wide to say where one is.
const TOO_WIDE: [&str; 3] = ["London", "City of Westminster", "West End of London"];

/// The City is small, and is not near for anybody outside.
const ONLY_WITHIN: &str = "City of London";

/// How much farther a place seems that lies in another borough, or outside London.
const OTHER_BOROUGH: f64 = 1.6;

/// How much farther a place seems that is called as a borough: a neighbourhood's own name says more.
const CALLED_AS_A_BOROUGH: f64 = 1.3;

/// Farther than this (seemingly), nothing is near, metres.
const FARTHEST_M: f64 = 8_000.0;

struct Candidate<'a> {
    place: &'a NamedPlace,
    borough: Option<AreaIndex>,
    called_as_a_borough: bool,
}

/// Names the place near each LSOA and each MSOA: by distance from their label points.
pub(crate) fn name(mut source: Source, geography: &Geography, places: &[NamedPlace]) -> Source {
    let borough_names: Vec<&str> =
        geography.areas_of(geography.coarsest()).iter().map(|borough| borough.name.as_str()).collect();
    let wide = |place: &&NamedPlace| !TOO_WIDE.contains(&place.name.as_str());
    let candidates: Vec<Candidate<'_>> = places
        .iter()
        .filter(wide)
        .map(|place| Candidate {
            place,
            borough: geography.leaf_at(place.lat, place.lon).and_then(|leaf| borough_of(geography, leaf)),
            called_as_a_borough: borough_names.contains(&place.name.as_str()),
        })
        .collect();
    let mut near: HashMap<AreaCode, String> = HashMap::new();
    for level in geography.level_indices().skip(1) {
        for area in geography.level(level).indices() {
            if let Some(place) = nearest(geography, area, &candidates) {
                near.insert(geography.area(area).code.clone(), place);
            }
        }
    }
    for area in &mut source.areas {
        area.near = near.get(&area.code).cloned();
        for parent in &mut area.parents {
            parent.near = near.get(&parent.code).cloned();
        }
    }
    source
}

fn borough_of(geography: &Geography, area: AreaIndex) -> Option<AreaIndex> {
    geography.at_level(area, geography.coarsest())
}

fn nearest(geography: &Geography, area: AreaIndex, candidates: &[Candidate<'_>]) -> Option<String> {
    let (lat, lon) = geography.label_position(area);
    let borough = borough_of(geography, area);
    let seeming = |candidate: &Candidate<'_>| {
        let elsewhere = candidate.borough != borough;
        if candidate.place.name == ONLY_WITHIN && elsewhere {
            return f64::MAX;
        }
        let mut metres = distance_m((lat, lon), (candidate.place.lat, candidate.place.lon));
        metres *= if elsewhere { OTHER_BOROUGH } else { 1.0 };
        metres * if candidate.called_as_a_borough { CALLED_AS_A_BOROUGH } else { 1.0 }
    };
    let best =
        candidates.iter().map(|candidate| (seeming(candidate), candidate)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(metres, _)| *metres <= FARTHEST_M).map(|(_, candidate)| candidate.place.name.clone())
}

/// On a flat Earth, which London is small enough for.
pub(crate) fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    const METRES_PER_DEGREE: f64 = 111_320.0;
    let (north, east) = (b.0 - a.0, (b.1 - a.1) * a.0.to_radians().cos());
    north.hypot(east) * METRES_PER_DEGREE
}
