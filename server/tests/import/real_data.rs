//! The main job on files that are not carried: `cargo xtask test real-data`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::tempdir;

use crate::counted::{Counted, assert_same, exported};
use crate::files::text_of;
use crate::wattmap::run;

fn given(name: &str) -> PathBuf {
    let directory = std::env::var_os("WATTMAP_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let path = directory.join(name);
    assert!(path.exists(), "{} is missing; WATTMAP_TEST_DATA names its directory", path.display());
    path.canonicalize().unwrap()
}

#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn swiss_households_in_three_areas() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let file = given("swiss_15min_537_households_7weeks.csv.gz");
    let areas = ["E01000001", "E01000002", "E01000003"];
    // A script of ten lines: values of a household follow each other by quarters of an hour.
    let (mut expected, mut meters) = (Counted::new(), BTreeMap::new());
    let monday_of_week_44 = 1_540_767_600; // 2018-10-28T23:00:00Z
    for line in text_of(&file).lines() {
        let mut fields = line.split(',');
        let (id, week) = (fields.next().unwrap(), fields.next().unwrap());
        let next = areas[meters.len() % 3];
        let area = *meters.entry(id.to_owned()).or_insert(next);
        let week: i64 = week[1..].parse().unwrap();
        let mut heard = std::collections::BTreeSet::new();
        for (number, kwh) in (0..).zip(fields) {
            let start = monday_of_week_44 + (week - 44) * 604_800 + number * 900;
            let mwh = (kwh.parse::<f64>().unwrap() * 1e6).round() as i64;
            if mwh >= 0 {
                let window = start - start % 1800;
                let place = expected.entry((area.to_owned(), window)).or_default();
                *place = (place.0 + mwh, place.1 + u64::from(heard.insert(window)));
            }
        }
    }
    let mut registrations = "meter_id,area\n".to_owned();
    for (id, area) in &meters {
        writeln!(registrations, "{id},{area}").unwrap();
    }
    let list = dir.path().join("meters.csv");
    fs::write(&list, registrations).unwrap();
    run(&data, &["import", "meters", list.to_str().unwrap()]);
    let said = run(&data, &["import", "readings", file.to_str().unwrap()]);
    assert!(said.contains("2,526,033 readings accepted, 15 refused"), "{said}");
    assert!(said.contains("line 284, column 614: energy \"-6.37\" is below zero"), "{said}");
    assert_same(&exported(&data), &expected);

    let statistics = given("london_lsoa_electricity_2010_2019.csv");
    let said = run(&data, &["import", "statistics", statistics.to_str().unwrap()]);
    assert!(said.contains("48,350 figures accepted, 0 refused"), "{said}");
    assert!(said.contains("2019: figures of 4,835 areas are stored\n"), "{said}");
}
