//! GeoJSON (RFC 7946) as far as areas need it.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::GeographyError;

/// A FeatureCollection.
#[derive(Debug)]
pub(super) struct Collection<'a> {
    pub(super) name: Option<String>,
    pub(super) attribution: Option<String>,
    pub(super) features: Vec<Feature<'a>>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    attribution: Option<String>,
    crs: Option<Value>,
    #[serde(borrow)]
    features: Option<Vec<Feature<'a>>>,
}

/// A feature; its coordinates are read when they are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Feature<'a> {
    pub(super) id: Option<Value>,
    pub(super) properties: Option<Map<String, Value>>,
    #[serde(borrow)]
    geometry: Option<Geometry<'a>>,
}

#[derive(Debug, Deserialize)]
struct Geometry<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
}

/// Why a feature has no polygons.
pub(super) enum NotPolygons {
    Coordinates(serde_json::Error),
    Kind(String),
}

impl<'a> Collection<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, GeographyError> {
        let raw: Raw<'a> = serde_json::from_str(text)?;
        if raw.kind.as_deref() != Some("FeatureCollection") {
            return Err(GeographyError::NotFeatures("the member `type` is not \"FeatureCollection\""));
        }
        if let Some(crs) = raw.crs.as_ref().filter(|crs| !crs.is_null() && !is_wgs84(crs)) {
            let named = crs.pointer("/properties/name").and_then(Value::as_str);
            return Err(GeographyError::Crs { found: named.map_or_else(|| crs.to_string(), str::to_owned) });
        }
        let features = raw.features.filter(|features| !features.is_empty());
        let features = features.ok_or(GeographyError::NotFeatures("the member `features` has none"))?;
        Ok(Self { name: raw.name, attribution: raw.attribution, features })
    }
}

fn is_wgs84(crs: &Value) -> bool {
    let name = crs.pointer("/properties/name").and_then(Value::as_str).unwrap_or_default();
    let name = name.to_ascii_uppercase();
    // `CRS84h` has heights besides; EPSG codes end the name.
    name.ends_with("CRS84") || name.ends_with("CRS84H") || name.ends_with(":4326") || name == "WGS84"
}

impl Feature<'_> {
    /// Its polygons, as rings of `[longitude, latitude]`.
    pub(super) fn polygons(&self) -> Result<Vec<Vec<Vec<[f64; 2]>>>, NotPolygons> {
        let Some(Geometry { kind, coordinates }) = &self.geometry else {
            return Err(NotPolygons::Kind("no geometry".to_owned()));
        };
        let coordinates = coordinates.map_or("[]", RawValue::get);
        let polygons: Vec<Vec<Vec<Position>>> = match kind.as_str() {
            "Polygon" => vec![serde_json::from_str(coordinates).map_err(NotPolygons::Coordinates)?],
            "MultiPolygon" => serde_json::from_str(coordinates).map_err(NotPolygons::Coordinates)?,
            other => return Err(NotPolygons::Kind(format!("a {other}"))),
        };
        let polygons: Vec<Vec<Vec<[f64; 2]>>> = polygons
            .into_iter()
            .filter(|rings| !rings.is_empty())
            .map(|rings| rings.into_iter().map(|ring| ring.into_iter().map(|at| at.0).collect()).collect())
            .collect();
        if polygons.is_empty() { Err(NotPolygons::Kind(format!("an empty {kind}"))) } else { Ok(polygons) }
    }
}

/// Two numbers; a height and more may follow, and are not read.
struct Position([f64; 2]);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Position;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a position: longitude and latitude")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Position, A::Error> {
                let missing = |count| serde::de::Error::invalid_length(count, &self);
                let lon = numbers.next_element()?.ok_or_else(|| missing(0))?;
                let lat = numbers.next_element()?.ok_or_else(|| missing(1))?;
                while numbers.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(Position([lon, lat]))
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}
