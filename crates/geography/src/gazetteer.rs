//! Names that people search for besides areas: places and postcode sectors.

/// A named place.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPlace {
    /// Its name.
    pub name: String,
    /// Its latitude, degrees.
    pub lat: f64,
    /// Its longitude, degrees.
    pub lon: f64,
    /// People who live there; 0 if unknown.
    pub population: u32,
}

/// The first part of postcodes that lie close together: `E8 3` of `E8 3AB`.
#[derive(Debug, Clone, PartialEq)]
pub struct PostcodeSector {
    /// Its name, with the space: `E8 3`.
    pub name: String,
    /// The latitude of its postcodes' centre, degrees.
    pub lat: f64,
    /// The longitude of its postcodes' centre, degrees.
    pub lon: f64,
}

/// Places and postcode sectors around a geography.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gazetteer {
    /// Places, by name.
    pub places: Vec<NamedPlace>,
    /// Postcode sectors, by name.
    pub sectors: Vec<PostcodeSector>,
}

impl Gazetteer {
    /// Reads the two tables of London: `name,lat,lon,population` and `sector,lat,lon`, with headers.
    /// None if a row does not fit.
    pub(crate) fn parse(places: &str, sectors: &str) -> Option<Self> {
        let place = |line: &str| {
            // Names may hold commas, numbers do not.
            let mut fields = line.rsplitn(4, ',');
            let population = fields.next()?.parse().ok()?;
            let lon = fields.next()?.parse().ok()?;
            let lat = fields.next()?.parse().ok()?;
            Some(NamedPlace { name: fields.next()?.to_owned(), lat, lon, population })
        };
        let sector = |line: &str| {
            let mut fields = line.split(',');
            let name = fields.next()?.to_owned();
            Some(PostcodeSector {
                name,
                lat: fields.next()?.parse().ok()?,
                lon: fields.next()?.parse().ok()?,
            })
        };
        Some(Self {
            places: places.lines().skip(1).map(place).collect::<Option<_>>()?,
            sectors: sectors.lines().skip(1).map(sector).collect::<Option<_>>()?,
        })
    }
}
