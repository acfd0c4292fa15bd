//! Files for the tests: the real ones that are carried with the parsers' tests, and written ones.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::counted::Readings;

/// A carried file.
pub(crate) fn carried(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/import/tests/data").join(name)
}

/// Its content.
pub(crate) fn text_of(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// The readings of a file `start,value` in kWh and UTC.
pub(crate) fn start_value(text: &str) -> Readings {
    let reading = |line: &str| {
        let (start, kwh) = line.split_once(',').unwrap();
        let start: jiff::civil::DateTime = start.split('+').next().unwrap().parse().unwrap();
        let start = start.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second();
        (start, (kwh.parse::<f64>().unwrap() * 1e6).round() as i64)
    };
    text.lines().skip(1).map(reading).collect()
}

/// The readings of a Green Button file in Wh, out of its lines.
pub(crate) fn green_button(text: &str) -> Readings {
    let number = |line: &str| -> i64 { line.split(['>', '<']).nth(2).unwrap().parse().unwrap() };
    let mut readings = Readings::new();
    let (mut within, mut start) = (false, 0);
    for line in text.lines().map(str::trim) {
        within |= line == "<IntervalReading>";
        within &= line != "</IntervalReading>";
        if within && line.starts_with("<start>") {
            start = number(line);
        }
        if within && line.starts_with("<value>") {
            readings.insert(start, number(line) * 1000);
        }
    }
    readings
}

/// A file of many meters and its readings by meter. Values differ in every line.
pub(crate) fn written(path: &Path, meters: usize, readings: usize) -> Vec<(String, Readings)> {
    let first = 1_700_006_400; // A half-hour of 2023.
    let mut all: Vec<(String, Readings)> =
        (0..meters).map(|meter| (format!("M{meter}"), Readings::new())).collect();
    let mut text = "meter_id,start,kwh\n".to_owned();
    for number in 0..readings as i64 {
        for (at, (meter, known)) in all.iter_mut().enumerate() {
            let start = first + number * 1800;
            let mwh = (number * 7919 + at as i64 * 104_729) % 1_999_993;
            known.insert(start, mwh);
            let time = jiff::Timestamp::from_second(start).unwrap();
            writeln!(text, "{meter},{time},{}.{:06}", mwh / 1_000_000, mwh % 1_000_000).unwrap();
        }
    }
    std::fs::write(path, text).unwrap();
    all
}

/// A square of GeoJSON, a hundredth of a degree wide.
pub(crate) fn square(code: &str, lon: f64) -> String {
    let (west, east) = (lon, lon + 0.01);
    format!(
        "{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{code}\",\"name\":\"Area {code}\"}},\"geometry\":\
         {{\"type\":\"Polygon\",\"coordinates\":[[[{west},52],[{east},52],[{east},52.01],[{west},52.01],[{west},52]]]}}}}"
    )
}

/// GeoJSON of these.
pub(crate) fn collection(features: &[String]) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","))
}
