//! The main job on files that are not carried: `cargo xtask test real-data`.

mod hidden;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::tempdir;

use super::counted::{Counted, assert_same, expect, exported};
use super::files::{green_button, start_value, text_of};
use super::through_a_server::sums;
use crate::support::program::run;
use crate::support::{Http, Keys, Program};

fn given(name: &str) -> PathBuf {
    let directory = std::env::var_os("WATTMAP_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let path = directory.join(name);
    assert!(path.exists(), "{} is missing; WATTMAP_TEST_DATA names its directory", path.display());
    path.canonicalize().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
async fn the_main_job() {
    let dir = tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    let http = server.http.clone();
    let Keys { ingest, operator } = http.keys.clone();
    let url = http.url();
    let import = |what: &str, file: &Path, key: &str| {
        run(dir.path(), &["import", what, file.to_str().unwrap(), "--server", &url, "--key", key])
    };
    let [lcl, sdge, swiss, statistics] = [
        "lcl_MAC000002_halfhourly.csv.gz",
        "sdge_greenbutton_2011.xml",
        "swiss_15min_537_households_7weeks.csv.gz",
        "london_lsoa_electricity_2010_2019.csv",
    ]
    .map(given);

    let mut expected = Counted::new();
    expect("E01000001", 1800, &start_value(&text_of(&lcl)), &mut expected);
    expect("E01000002", 3600, &green_button(&fs::read_to_string(&sdge).unwrap()), &mut expected);
    let households = swiss_households(&text_of(&swiss), &mut expected);

    let mut registrations = "meter_id,area\nMAC000002,E01000001\nSDGE,E01000002\n".to_owned();
    for (id, area) in &households {
        writeln!(registrations, "{id},{area}").unwrap();
    }
    let meters = dir.path().join("meters.csv");
    fs::write(&meters, registrations).unwrap();
    import("meters", &meters, &ingest);

    let readings = |file: &Path, meter: &str| {
        let file = file.to_str().unwrap();
        run(dir.path(), &["import", "readings", file, "--meter", meter, "--server", &url, "--key", &ingest])
    };
    let said = readings(&lcl, "MAC000002");
    assert!(said.contains("22,536 readings accepted, 0 refused"), "{said}");
    let said = readings(&sdge, "SDGE");
    assert!(said.contains("8,727 readings accepted, 0 refused"), "{said}");
    let said = import("readings", &swiss, &ingest);
    assert!(said.contains("2,526,033 readings accepted, 15 refused"), "{said}");
    assert!(said.contains("line 284, column 614: energy \"-6.37\" is below zero"), "{said}");
    let said = import("statistics", &statistics, &operator);
    assert!(said.contains("48,350 figures accepted, 0 refused"), "{said}");
    assert!(said.contains("2019: figures of 4,835 areas are stored\n"), "{said}");

    // What an operator sees is what the files say, half-hour by half-hour.
    let areas = ["E01000001", "E01000002"].into_iter().chain(SWISS_AREAS);
    for area in areas {
        let of_area: i64 = expected.iter().filter(|((of, _), _)| of == area).map(|(_, (mwh, _))| mwh).sum();
        for point in sums(&http, area, of_area).await {
            let start: jiff::Timestamp = point["start"].as_str().unwrap().parse().unwrap();
            let got = (point["energy_mwh"].as_i64().unwrap(), point["meters"].as_u64().unwrap());
            let place = (area.to_owned(), start.as_second());
            assert_eq!(expected.get(&place), Some(&got), "{area}: {point}");
        }
    }

    // What everybody sees: where hundreds are measured, their figure; where one home is, none; else statistics.
    let map = year_once(&http, |map| is_measured(map, SWISS_AREAS[2])).await;
    let areas = map["areas"].as_array().unwrap();
    let mut by_status: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for area in areas {
        let (status, code) = (area["status"].as_str().unwrap(), area["code"].as_str().unwrap());
        by_status.entry(status).or_default().push(code);
        assert_eq!(area["value"].is_number(), status != "suppressed", "{area}");
    }
    assert_eq!(by_status.remove("measured").unwrap(), SWISS_AREAS);
    assert_eq!(by_status.remove("suppressed").unwrap(), ["E01000001", "E01000002"]);
    assert_eq!(by_status.remove("modelled").map(|areas| areas.len()), Some(4830), "{:?}", by_status.keys());
    assert!(by_status.is_empty(), "{:?}", by_status.keys());

    // And once more, without the server: the whole store, against the whole of the files.
    server.stop().await;
    assert_same(&exported(dir.path()), &expected);
}

/// The year of all areas of the finest level, as soon as it is as wanted: no figure over days is told before it is known that
/// no home is too much of it.
async fn year_once(http: &Http, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let map = http.get("/api/v1/map?level=lsoa&measure=annual").await.json();
        if wanted(&map) {
            return map;
        }
        assert!(began.elapsed() < Duration::from_secs(180), "no such year within three minutes");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn is_measured(map: &Value, code: &str) -> bool {
    of_area(map, code)["status"] == "measured"
}

/// An area of a map.
fn of_area<'a>(map: &'a Value, code: &str) -> &'a Value {
    map["areas"].as_array().unwrap().iter().find(|area| area["code"] == code).unwrap()
}

/// Three neighbours in Camden.
const SWISS_AREAS: [&str; 3] = ["E01000907", "E01000908", "E01000909"];

/// Households and the areas they are put into by turns. A script of ten lines: the values of a household follow
/// each other by quarters of an hour.
fn swiss_households(text: &str, expected: &mut Counted) -> BTreeMap<String, &'static str> {
    let mut meters = BTreeMap::new();
    let monday_of_week_44 = 1_540_767_600; // 2018-10-28T23:00:00Z
    for line in text.lines() {
        let mut fields = line.split(',');
        let (id, week) = (fields.next().unwrap(), fields.next().unwrap());
        let next = SWISS_AREAS[meters.len() % 3];
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
    meters
}
