//! Into the engine itself, with no server.

use std::fs;

use tempfile::tempdir;

use crate::counted::{Counted, assert_same, expect, exported};
use crate::files::{carried, green_button, start_value, text_of};
use crate::wattmap::{run, run_in_vain, wattmap};

#[test]
fn real_files_are_counted_to_the_mwh() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let meters = dir.path().join("meters.csv");
    fs::write(&meters, "meter_id,area,type\nMAC000002,E01000001,flat\nSDGE,E01000002,detached\n").unwrap();
    run(&data, &["import", "meters", meters.to_str().unwrap()]);

    let [lcl, sdge, uk] =
        ["lcl_MAC000002_halfhourly.csv.gz", "sdge_greenbutton_2011.xml.gz", "uk_hourly_2020_2022.csv.gz"]
            .map(carried);
    let said = run(&data, &["import", "readings", lcl.to_str().unwrap(), "--meter", "MAC000002"]);
    assert!(said.contains("22,536 readings accepted, 0 refused; 96 were finer than a mWh"), "{said}");
    assert!(said.contains("taken for granted: times without an offset are UTC"), "{said}");
    let said = run(&data, &["import", "readings", sdge.to_str().unwrap(), "--meter", "SDGE"]);
    assert!(said.contains("8,727 readings accepted, 0 refused"), "{said}");
    // Registered on the way.
    let said =
        run(&data, &["import", "readings", uk.to_str().unwrap(), "--meter", "UK", "--area", "E01000003"]);
    assert!(said.contains("23,508 readings accepted, 0 refused"), "{said}");
    assert!(!said.contains("kept but not counted"), "{said}");

    let mut expected = Counted::new();
    expect("E01000001", 1800, &start_value(&text_of(&lcl)), &mut expected);
    expect("E01000002", 3600, &green_button(&text_of(&sdge)), &mut expected);
    expect("E01000003", 3600, &start_value(&text_of(&uk)), &mut expected);
    assert_same(&exported(&data), &expected);

    // The same again changes nothing.
    run(&data, &["import", "readings", lcl.to_str().unwrap(), "--meter", "MAC000002"]);
    assert_same(&exported(&data), &expected);
}

#[test]
fn what_is_refused_is_reported_and_the_rest_is_counted() {
    let dir = tempdir().unwrap();
    let (data, file, rejects) =
        (dir.path().join("data"), dir.path().join("a.csv"), dir.path().join("rejects.csv"));
    let text = "meter_id,start,kwh\n\
        A,2024-01-01T00:00:00Z,0.5\n\
        A,2024-01-01T00:30:00Z,-0.5\n\
        A,2024-01-01T01:00:00Z,0.25\n\
        A,2024-01-01T01:30:00Z,5000\n\
        A,2999-01-01T02:00:00Z,1\n\
        A,1999-01-01T02:00:00Z,1\n\
        A,2024-01-01T02:30:00Z,x\n";
    fs::write(&file, text).unwrap();
    let arguments = [
        "import",
        "readings",
        file.to_str().unwrap(),
        "--area",
        "E01000001",
        "--rejects",
        rejects.to_str().unwrap(),
    ];
    let dry: Vec<&str> = arguments.iter().copied().chain(["--dry-run"]).collect();
    let said_dry = run(&data, &dry);
    assert!(said_dry.contains("nothing was written (--dry-run)"), "{said_dry}");
    assert!(!data.exists());
    let said = run(&data, &arguments);
    assert_eq!(said_dry.replace("nothing was written (--dry-run)\n", ""), said);
    for part in [
        "a.csv: 2 readings accepted, 5 refused",
        "line 3: kwh \"-0.5\" is below zero (negative_energy)",
        "line 5: energy_wh 5000000 is more than a home can use in 1800 s",
        "line 6: start 2999-01-01T02:00:00Z ends at",
        "line 7: start 1999-01-01T02:00:00Z is longer ago",
        "line 8: kwh \"x\" is not a decimal number (bad_energy)",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let written = fs::read_to_string(&rejects).unwrap();
    let codes: Vec<&str> = written.lines().skip(1).map(|line| line.split(',').nth(5).unwrap()).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        ["bad_energy", "implausible_energy", "negative_energy", "too_far_in_future", "too_old"]
    );
    let counted = exported(&data);
    assert_eq!(counted.values().map(|(mwh, _)| mwh).sum::<i64>(), 750_000);
}

#[test]
fn what_can_not_be_done_is_said_in_a_sentence() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let readings = file("r.csv", "start,kwh\n2024-01-01T00:00:00Z,1\n2024-01-01T00:30:00Z,1\n");
    let local = file("l.csv", "start,kwh\n2024-01-01 00:00,1\n");
    let page = file("p.html", "<html></html>");
    let check = |arguments: &[&str], expect: &str| {
        let said = run_in_vain(&data, arguments);
        assert!(said.contains(expect), "{arguments:?}: {said}");
    };
    check(&["import", "readings", "/nowhere.csv"], "/nowhere.csv can't be read");
    check(&["import", "readings", &readings], "--meter ID");
    check(&["import", "readings", &local, "--meter", "A"], "--tz Europe/London");
    check(&["import", "readings", &page], "html");
    check(&["import", "meters", &readings], "wattmap import readings");
    check(&["import", "readings", &readings, "--meter", "A", "--area", "E99"], "E99 is not on the map");
    check(&["import", "readings", &readings, "--meter", "A", "--duration", "7m"], "--duration");
    check(&["import", "readings", &readings, "--server", "https://x", "--key", "k"], "https is not spoken");
    // Without a registration readings are kept, not counted, and that is said.
    let said = run(&data, &["import", "readings", &readings, "--meter", "A"]);
    assert!(said.contains("kept but not counted, unknown_meter: 2"), "{said}");
}

#[test]
fn statistics_of_a_year_take_the_place_of_former_ones() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let file = dir.path().join("s.csv");
    let import = |text: &str| {
        fs::write(&file, text).unwrap();
        run(&data, &["import", "statistics", file.to_str().unwrap()])
    };
    let header = "area,year,meters,mean_kwh\n";
    let said = import(&format!("{header}E01000001,2019,100,3500\nE01000002,2019,200,3400\nX1,2019,1,3000\n"));
    assert!(
        said.contains("2019: figures of 3 areas are stored; 1 are of areas that are not on this map"),
        "{said}"
    );
    let said = import(&format!("{header}E01000001,2019,100,3600\nE01000001,2018,0,3600\n"));
    assert!(said.contains("1 figures accepted, 1 refused"), "{said}");
    assert!(said.contains("2019: figures of 3 areas are stored"), "{said}");
}

#[test]
fn a_geography_of_ones_own_takes_londons_place() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let square = |code: &str, lon: f64| {
        let (west, east) = (lon, lon + 0.01);
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{code}\",\"name\":\"Area {code}\"}},\"geometry\":\
             {{\"type\":\"Polygon\",\"coordinates\":[[[{west},52],[{east},52],[{east},52.01],[{west},52.01],[{west},52]]]}}}}"
        )
    };
    let collection = |features: &[String]| {
        format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","))
    };
    let file = dir.path().join("town.geojson");
    fs::write(&file, collection(&[square("T1", 1.0), square("T2", 1.01)])).unwrap();
    let arguments =
        ["import", "geography", file.to_str().unwrap(), "--title", "Town", "--tz", "Europe/London"];
    let said = run(&data, &arguments);
    assert!(said.contains("the next start takes it"), "{said}");
    let readings = dir.path().join("r.csv");
    fs::write(&readings, "meter_id,start,kwh\nA,2024-01-01T00:00:00Z,1\nA,2024-01-01T00:30:00Z,1\n").unwrap();
    run(&data, &["import", "readings", readings.to_str().unwrap(), "--area", "T2"]);
    assert_eq!(exported(&data).keys().map(|(area, _)| area.as_str()).collect::<Vec<_>>(), ["T2", "T2"]);
    let said = run_in_vain(&data, &["import", "readings", readings.to_str().unwrap(), "--area", "E01000001"]);
    assert!(said.contains("E01000001 is not on the map of Town"), "{said}");
    // Not in degrees: refused by name, and nothing changes.
    fs::write(&file, collection(&[square("T1", 530_000.0)])).unwrap();
    let said = run_in_vain(&data, &arguments);
    assert!(said.contains("WGS84"), "{said}");
}

#[test]
fn a_second_import_at_the_same_time_is_refused_by_name() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let file = dir.path().join("many.csv");
    crate::files::written(&file, 20, 10_000);
    let arguments = ["import", "readings", file.to_str().unwrap(), "--area", "E01000001"];
    let mut first = wattmap(&data, &arguments).spawn().unwrap();
    let lock = data.join("lock");
    while !lock.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
    let said = run_in_vain(&data, &arguments);
    assert!(said.contains("in use by another process") && said.contains("--server URL"), "{said}");
    assert!(first.wait().unwrap().success());
}
