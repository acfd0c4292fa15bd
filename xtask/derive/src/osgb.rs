//! From the British National Grid (OSGB36 easting and northing) to WGS84, by the formulas and constants
//! of Ordnance Survey's "A guide to coordinate systems in Great Britain": the inverse projection on
//! Airy's ellipsoid, then a Helmert shift. That is good to about 5 m, which is enough for the centre of
//! a postcode sector.

const AIRY: (f64, f64) = (6_377_563.396, 6_356_256.909);
const WGS84: (f64, f64) = (6_378_137.000, 6_356_752.314_245);
const SCALE: f64 = 0.999_601_271_7;
const ORIGIN_LAT: f64 = 49.0;
const ORIGIN_LON: f64 = -2.0;
const ORIGIN_E: f64 = 400_000.0;
const ORIGIN_N: f64 = -100_000.0;

/// Latitude and longitude, degrees, of a point of the national grid, metres.
pub(crate) fn to_wgs84(easting: f64, northing: f64) -> (f64, f64) {
    let (lat, lon) = unproject(easting, northing);
    shift(lat, lon)
}

/// The length of the meridian from the origin to a latitude, metres.
fn meridian(lat: f64) -> f64 {
    let (a, b) = AIRY;
    let n = (a - b) / (a + b);
    let (minus, plus) = (lat - ORIGIN_LAT.to_radians(), lat + ORIGIN_LAT.to_radians());
    let (n2, n3) = (n * n, n * n * n);
    b * SCALE
        * ((1.0 + n + 1.25 * (n2 + n3)) * minus
            - (3.0 * (n + n2) + 21.0 / 8.0 * n3) * minus.sin() * plus.cos()
            + 15.0 / 8.0 * (n2 + n3) * (2.0 * minus).sin() * (2.0 * plus).cos()
            - 35.0 / 24.0 * n3 * (3.0 * minus).sin() * (3.0 * plus).cos())
}

/// On Airy's ellipsoid, radians.
fn unproject(easting: f64, northing: f64) -> (f64, f64) {
    let (a, b) = AIRY;
    let e2 = 1.0 - (b * b) / (a * a);
    let mut lat = ORIGIN_LAT.to_radians() + (northing - ORIGIN_N) / (a * SCALE);
    for _ in 0..20 {
        let missing = northing - ORIGIN_N - meridian(lat);
        if missing.abs() < 1e-5 {
            break;
        }
        lat += missing / (a * SCALE);
    }
    let sin2 = lat.sin().powi(2);
    let nu = a * SCALE / (1.0 - e2 * sin2).sqrt();
    let rho = a * SCALE * (1.0 - e2) / (1.0 - e2 * sin2).powf(1.5);
    let eta2 = nu / rho - 1.0;
    let (tan, sec) = (lat.tan(), 1.0 / lat.cos());
    let (tan2, tan4, tan6) = (tan.powi(2), tan.powi(4), tan.powi(6));
    let east = easting - ORIGIN_E;
    let vii = tan / (2.0 * rho * nu);
    let viii = tan / (24.0 * rho * nu.powi(3)) * (5.0 + 3.0 * tan2 + eta2 - 9.0 * tan2 * eta2);
    let ix = tan / (720.0 * rho * nu.powi(5)) * (61.0 + 90.0 * tan2 + 45.0 * tan4);
    let x = sec / nu;
    let xi = sec / (6.0 * nu.powi(3)) * (nu / rho + 2.0 * tan2);
    let xii = sec / (120.0 * nu.powi(5)) * (5.0 + 28.0 * tan2 + 24.0 * tan4);
    let xiia = sec / (5040.0 * nu.powi(7)) * (61.0 + 662.0 * tan2 + 1320.0 * tan4 + 720.0 * tan6);
    (
        lat - vii * east.powi(2) + viii * east.powi(4) - ix * east.powi(6),
        ORIGIN_LON.to_radians() + x * east - xi * east.powi(3) + xii * east.powi(5) - xiia * east.powi(7),
    )
}

/// From OSGB36 to WGS84: radians to degrees.
fn shift(lat: f64, lon: f64) -> (f64, f64) {
    let (a, b) = AIRY;
    let e2 = 1.0 - (b * b) / (a * a);
    let nu = a / (1.0 - e2 * lat.sin().powi(2)).sqrt();
    let (x, y) = (nu * lat.cos() * lon.cos(), nu * lat.cos() * lon.sin());
    let z = nu * (1.0 - e2) * lat.sin();
    let (tx, ty, tz) = (446.448, -125.157, 542.060);
    let scale = 1.0 - 20.4894e-6;
    let [rx, ry, rz] = [0.1502_f64, 0.2470, 0.8421].map(|seconds| (seconds / 3600.0).to_radians());
    let (x, y, z) = (
        tx + scale * x - rz * y + ry * z,
        ty + rz * x + scale * y - rx * z,
        tz - ry * x + rx * y + scale * z,
    );
    let (a, b) = WGS84;
    let e2 = 1.0 - (b * b) / (a * a);
    let p = x.hypot(y);
    let mut lat = z.atan2(p * (1.0 - e2));
    for _ in 0..10 {
        let nu = a / (1.0 - e2 * lat.sin().powi(2)).sqrt();
        lat = (z + e2 * nu * lat.sin()).atan2(p);
    }
    (lat.to_degrees(), y.atan2(x).to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordnance_survey_worked_example() {
        let (lat, lon) = unproject(651_409.903, 313_177.270);
        assert!((lat.to_degrees() - 52.657_570_2).abs() < 1e-6, "{}", lat.to_degrees());
        assert!((lon.to_degrees() - 1.717_921_6).abs() < 1e-6, "{}", lon.to_degrees());
    }
}
