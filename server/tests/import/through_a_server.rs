//! Through a running server, as a data provider does it.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::tempdir;

use crate::counted::Readings;
use crate::files::{carried, green_button, start_value, text_of};
use crate::wattmap::{Server, run, run_in_vain};

/// The sums of an area, once they have come to `expected`.
pub(crate) fn sums(server: &Server, key: &str, area: &str, expected: i64) -> Vec<Value> {
    let path = format!("/api/v1/ops/areas/{area}/exact?by=half-hour");
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let series = server.get(&path, key)["series"].as_array().unwrap().clone();
        let sum: i64 = series.iter().map(|point| point["energy_mwh"].as_i64().unwrap()).sum();
        if sum == expected {
            return series;
        }
        assert!(Instant::now() < until, "{area}: {sum} of {expected}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn sum(readings: &Readings) -> i64 {
    readings.values().sum()
}

#[test]
fn real_files_come_to_exact_sums() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let key =
        |scope: &str| run(&data, &["keys", "create", "--name", scope, "--scope", scope]).trim().to_owned();
    let (ingest, operator) = (key("ingest"), key("operator"));
    let url = server.url();
    let import = |what: &str, file: &str, more: &[&str], key: &str| {
        let common = ["import", what, file, "--server", &url, "--key", key];
        run(&data, &common.iter().chain(more).copied().collect::<Vec<_>>())
    };
    let meters = dir.path().join("meters.ndjson");
    fs::write(
        &meters,
        "{\"meter_id\":\"MAC000002\",\"area\":\"E01000001\",\"dwelling\":{\"type\":\"flat\"}}\n\
         {\"meter_id\":\"SDGE\",\"lat\":51.515,\"lon\":-0.0958}\n\
         {\"meter_id\":\"NOWHERE\",\"lat\":0,\"lon\":0}\n",
    )
    .unwrap();
    let said = import("meters", meters.to_str().unwrap(), &[], &ingest);
    assert!(said.contains("2 meters accepted, 1 refused") && said.contains("line 3"), "{said}");

    let lcl = carried("lcl_MAC000002_halfhourly.csv.gz");
    let said = import("readings", lcl.to_str().unwrap(), &["--meter", "MAC000002"], &ingest);
    assert!(said.contains("22,536 readings accepted, 0 refused"), "{said}");
    let expected = start_value(&text_of(&lcl));
    let series = sums(&server, &operator, "E01000001", sum(&expected));
    for point in &series {
        let start: jiff::Timestamp = point["start"].as_str().unwrap().parse().unwrap();
        assert_eq!(Some(&point["energy_mwh"].as_i64().unwrap()), expected.get(&start.as_second()), "{point}");
    }
    assert_eq!(series.len(), expected.len());

    let sdge = carried("sdge_greenbutton_2011.xml.gz");
    import("readings", sdge.to_str().unwrap(), &["--meter", "SDGE2", "--area", "E01000003"], &ingest);
    sums(&server, &operator, "E01000003", sum(&green_button(&text_of(&sdge))));

    // A wrong key, and a key for something else, are said in the server's words.
    let common = ["import", "meters", meters.to_str().unwrap(), "--server", &url, "--key"];
    let with = |key: &'static str| common.iter().copied().chain([key]).collect::<Vec<_>>();
    assert!(run_in_vain(&data, &with("wm_1_2")).contains("401"));
    let statistics = dir.path().join("s.csv");
    fs::write(&statistics, "area,year,meters,mean_kwh\nE01000001,2019,100,3500\n").unwrap();
    let said = import("statistics", statistics.to_str().unwrap(), &[], &operator);
    assert!(said.contains("2019: figures of 1 areas are stored"), "{said}");
    let arguments =
        ["import", "statistics", statistics.to_str().unwrap(), "--server", &url, "--key", &ingest];
    assert!(run_in_vain(&data, &arguments).contains("403"));

    // The server has the data directory: whoever forgets that is told.
    let said = run_in_vain(&data, &["import", "meters", meters.to_str().unwrap()]);
    assert!(said.contains("--server URL --key KEY"), "{said}");
}
