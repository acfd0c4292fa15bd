//! What should have been counted, computed another way: from the files' lines, window by window.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::program::run;

/// Of an area and the start of a half-hour: mWh, and how many meters were heard.
pub(crate) type Counted = BTreeMap<(String, i64), (i64, u64)>;

/// Readings of one meter by their start: a start that comes again counts once, with its last value.
pub(crate) type Readings = BTreeMap<i64, i64>;

/// What an area with one meter should have, for readings of half an hour or an hour.
pub(crate) fn expect(area: &str, duration_s: i64, readings: &Readings, counted: &mut Counted) {
    for (&start, &mwh) in readings {
        let parts = match duration_s {
            3600 => vec![(start, mwh - mwh / 2), (start + 1800, mwh / 2)],
            _ => vec![(start.div_euclid(1800) * 1800, mwh)],
        };
        for (window, mwh) in parts {
            let place = counted.entry((area.to_owned(), window)).or_default();
            *place = (place.0 + mwh, 1);
        }
    }
}

/// What was counted, as `wattmap export aggregates` says it.
pub(crate) fn exported(dir: &Path) -> Counted {
    let out = dir.join("out");
    let _ = std::fs::remove_dir_all(&out);
    run(dir, &["export", "aggregates", "--format", "csv", "--out", out.to_str().unwrap()]);
    let mut counted = Counted::new();
    for file in std::fs::read_dir(&out).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let start: jiff::Timestamp = fields[1].parse().unwrap();
            let value = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
            let before = counted.insert((fields[0].to_owned(), start.as_second()), value);
            assert_eq!(before, None, "{line}");
        }
    }
    counted
}

/// That two are the same; where not, the first differences.
pub(crate) fn assert_same(got: &Counted, expected: &Counted) {
    let differing: Vec<_> = expected
        .keys()
        .chain(got.keys())
        .filter(|place| got.get(*place) != expected.get(*place))
        .take(5)
        .map(|place| (place, got.get(place), expected.get(place)))
        .collect();
    assert!(differing.is_empty(), "(place, got, expected): {differing:?}");
}
