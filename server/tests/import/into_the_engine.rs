//! Into the engine itself, with no server.

use std::fs;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use tempfile::tempdir;

use super::counted::{Counted, assert_same, expect, exported};
use super::files::{carried, collection, green_button, square, start_value, text_of};
use crate::support::program::{output, run, run_in_vain, wattmap};

#[test]
fn real_files_are_counted_to_the_mwh() {
    let dir = tempdir().unwrap();
    let meters = dir.path().join("meters.csv");
    fs::write(&meters, "meter_id,area,type\nMAC000002,E01000001,flat\nSDGE,E01000002,detached\n").unwrap();
    run(dir.path(), &["import", "meters", meters.to_str().unwrap()]);

    let [lcl, sdge, uk] =
        ["lcl_MAC000002_halfhourly.csv.gz", "sdge_greenbutton_2011.xml.gz", "uk_hourly_2020_2022.csv.gz"]
            .map(carried);
    let said = run(dir.path(), &["import", "readings", lcl.to_str().unwrap(), "--meter", "MAC000002"]);
    assert!(said.contains("22,536 readings accepted, 0 refused; 96 were finer than a mWh"), "{said}");
    assert!(said.contains("taken for granted: times without an offset are UTC"), "{said}");
    let said = run(dir.path(), &["import", "readings", sdge.to_str().unwrap(), "--meter", "SDGE"]);
    assert!(said.contains("8,727 readings accepted, 0 refused"), "{said}");
    // Registered on the way.
    let said = run(
        dir.path(),
        &["import", "readings", uk.to_str().unwrap(), "--meter", "UK", "--area", "E01000003"],
    );
    assert!(said.contains("23,508 readings accepted, 0 refused"), "{said}");
    assert!(!said.contains("kept but not counted"), "{said}");

    let mut expected = Counted::new();
    expect("E01000001", 1800, &start_value(&text_of(&lcl)), &mut expected);
    expect("E01000002", 3600, &green_button(&text_of(&sdge)), &mut expected);
    expect("E01000003", 3600, &start_value(&text_of(&uk)), &mut expected);
    assert_same(&exported(dir.path()), &expected);

    // The same again changes nothing.
    run(dir.path(), &["import", "readings", lcl.to_str().unwrap(), "--meter", "MAC000002"]);
    assert_same(&exported(dir.path()), &expected);
}

#[test]
fn parquet_has_what_csv_has() {
    let dir = tempdir().unwrap();
    let lcl = carried("lcl_MAC000002_halfhourly.csv.gz");
    let (file, area) = (lcl.to_str().unwrap(), "E01000001");
    run(dir.path(), &["import", "readings", file, "--meter", "MAC000002", "--area", area]);
    let out = dir.path().join("out");
    for what in ["aggregates", "readings"] {
        for format in ["csv", "parquet"] {
            run(dir.path(), &["export", what, "--format", format, "--out", out.to_str().unwrap()]);
        }
    }
    let files: Vec<PathBuf> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (parquet, csv): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|path| path.extension().is_some_and(|end| end == "parquet"));
    assert!(parquet.len() == csv.len() && parquet.len() > 900, "{} and {}", parquet.len(), csv.len());
    for path in parquet {
        let text = fs::read_to_string(path.with_extension("csv")).unwrap();
        assert_eq!(lines_of(&path), text.lines().collect::<Vec<_>>(), "{}", path.display());
    }
}

/// A Parquet file as lines of CSV.
fn lines_of(path: &Path) -> Vec<String> {
    let file = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let names: Vec<String> =
        file.metadata().file_metadata().schema().get_fields().iter().map(|f| f.name().to_owned()).collect();
    let value = |field: &Field| match field {
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::TimestampMillis(ms) => jiff::Timestamp::from_millisecond(*ms).unwrap().to_string(),
        other => panic!("{other:?}"),
    };
    let rows = file.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        row.get_column_iter().map(|(_, field)| value(field)).collect::<Vec<_>>().join(",")
    });
    std::iter::once(names.join(",")).chain(rows).collect()
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
    let said_dry = run(dir.path(), &dry);
    assert!(said_dry.contains("nothing was written (--dry-run)"), "{said_dry}");
    assert!(!data.exists());
    let said = run(dir.path(), &arguments);
    // The two say the same but for what time it is.
    let timeless = |said: &str| -> Vec<String> {
        said.lines().map(|line| line.split(", and it is ").next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(timeless(&said_dry.replace("nothing was written (--dry-run)\n", "")), timeless(&said));
    for part in [
        "a.csv: 2 readings accepted, 5 refused",
        "line 3, column 3: kwh \"-0.5\" is below zero (negative_energy)",
        "line 5, column 3: energy_wh 5000000 is more than a home can use in 1800 s",
        "line 6, column 2: start 2999-01-01T02:00:00Z ends at",
        "line 7, column 2: start 1999-01-01T02:00:00Z is longer ago",
        "line 8, column 3: kwh \"x\" is not a decimal number (bad_energy)",
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
    let counted = exported(dir.path());
    assert_eq!(counted.values().map(|(mwh, _)| mwh).sum::<i64>(), 750_000);
}

#[test]
fn what_can_not_be_done_is_said_in_a_sentence() {
    let dir = tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let readings = file("r.csv", "start,kwh\n2024-01-01T00:00:00Z,1\n2024-01-01T00:30:00Z,1\n");
    let local = file("l.csv", "start,kwh\n2024-01-01 00:00,1\n");
    let page = file("p.html", "<html></html>");
    let check = |arguments: &[&str], expect: &str| {
        let said = run_in_vain(dir.path(), arguments);
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
    let said = run(dir.path(), &["import", "readings", &readings, "--meter", "A"]);
    assert!(said.contains("kept but not counted, unknown_meter: 2"), "{said}");
}

#[test]
fn statistics_of_a_year_take_the_place_of_former_ones() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("s.csv");
    let import = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        let arguments = ["import", "statistics", file.to_str().unwrap()];
        run(dir.path(), &arguments.iter().chain(more).copied().collect::<Vec<_>>())
    };
    let header = "area,year,meters,mean_kwh\n";
    let text =
        format!("{header}E01000001,2019,100,3500\nX1,2019,1,3000\nE01000002,2019,200,3400\nabc,2018,1,-3\n");
    let report = |said: &str| {
        said.lines()
            .filter(|line| !line.starts_with("2019: ") && !line.contains("--dry-run"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let dry = import(&text, &["--dry-run"]);
    assert!(dry.contains("nothing was written (--dry-run)") && !dry.contains("are stored"), "{dry}");
    assert!(!dir.path().join("data").exists());
    let said = import(&text, &[]);
    assert_eq!(report(&dry), report(&said));
    for part in [
        "s.csv: 2 figures accepted, 2 refused",
        "line 3: area X1 is not on the map (unknown_area)",
        "line 5, column 4: mean_kwh \"-3\" is not a number from 0 up (bad_figure)",
        "2019: figures of 2 areas are stored",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    // What a table lacks is said in terms of statistics.
    fs::write(&file, "lsoa,jahr\nE01000001,2019\n").unwrap();
    let said = run_in_vain(dir.path(), &["import", "statistics", file.to_str().unwrap()]);
    assert!(said.contains("a column \"area\"") && !said.contains("--energy-column"), "{said}");
    let said = import(&format!("{header}E01000001,2019,100,3600\nE01000001,2018,0,3600\n"), &[]);
    assert!(said.contains("1 figures accepted, 1 refused"), "{said}");
    assert!(said.contains("2019: figures of 2 areas are stored"), "{said}");
}

#[test]
fn meters_that_are_refused_say_where() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("m.csv");
    let text =
        "meter_id,area,bedrooms\nA,E01000001,2\nB,,2\n,E01000001,2\nC,E99,2\nD,E02000001,2\nE,E01000002,51\n";
    fs::write(&file, text).unwrap();
    let arguments = ["import", "meters", file.to_str().unwrap()];
    let with = |more: &'static str| arguments.iter().copied().chain([more]).collect::<Vec<_>>();
    let dry = run(dir.path(), &with("--dry-run"));
    assert!(!dir.path().join("data").exists());
    let said = run(dir.path(), &arguments);
    assert_eq!(dry.replace("nothing was written (--dry-run)\n", ""), said);
    for part in [
        "m.csv: 1 meters accepted, 5 refused",
        "line 3, column 2: area \"\" is empty: where is the meter? (bad_place)",
        "line 4, column 1: meter_id \"\" is 0 bytes long; allowed are 1 to 64 (bad_meter_id)",
        "line 5: area E99 is not on the map of London (unknown_area)",
        "line 6: area E02000001 is of level msoa; meters are in areas of level lsoa (unknown_area)",
        "line 7, column 3: bedrooms \"51\" is not a whole number from 0 to 50 (bad_dwelling)",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    // The exit code: who wants every line or none says so.
    let code = |arguments: &[&str]| output(dir.path(), arguments).status.code();
    assert_eq!((code(&arguments), code(&with("--strict"))), (Some(0), Some(3)));
    fs::write(&file, "meter_id,area\nA,E01000001\n").unwrap();
    assert_eq!(code(&with("--strict")), Some(0));
    fs::write(&file, "meter_id,area\nA,E99\n").unwrap();
    assert_eq!((code(&arguments), code(&with("--strict"))), (Some(1), Some(1)));
}

#[test]
fn a_file_that_is_cut_off_says_where_and_keeps_what_came_before() {
    let dir = tempdir().unwrap();
    let plain = dir.path().join("many.csv");
    super::files::written(&plain, 1, 2000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(&mut fs::File::open(&plain).unwrap(), &mut gzip).unwrap();
    let packed = gzip.finish().unwrap();
    let file = dir.path().join("many.csv.gz");
    for length in [packed.len() / 2, 400] {
        fs::write(&file, &packed[..length]).unwrap();
        let arguments =
            ["import", "readings", file.to_str().unwrap(), "--area", "E01000001", "--duration", "30m"];
        let said = run_in_vain(dir.path(), &arguments);
        let between = |before: &str, after: &str| -> u64 {
            let (_, rest) = said.split_once(before).unwrap_or_else(|| panic!("{before:?} is not in {said}"));
            rest.split(after).next().unwrap().replace(',', "").parse().unwrap_or_else(|_| panic!("{said}"))
        };
        let (line, accepted) =
            (between("behind line ", ":"), between("Until then many.csv.gz: ", " readings accepted"));
        // All lines but the header, up to the one that is named.
        assert_eq!(accepted + 1, line, "{said}");
        assert!(accepted > 0 && accepted < 2000, "{said}");
        assert!(said.contains("the same command goes on behind it"), "{said}");
        assert_eq!(exported(dir.path()).len() as u64, accepted);
        fs::remove_dir_all(dir.path().join("data")).unwrap();
    }
    // One that is damaged says the same, although its beginning is looked at for how long a reading lasts.
    super::files::written(&plain, 1, 4800);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(&mut fs::File::open(&plain).unwrap(), &mut gzip).unwrap();
    let mut damaged = gzip.finish().unwrap();
    let near_the_end = damaged.len() / 100 * 95;
    damaged[near_the_end..near_the_end + 64].fill(0xff);
    fs::write(&file, &damaged).unwrap();
    let said =
        run_in_vain(dir.path(), &["import", "readings", file.to_str().unwrap(), "--area", "E01000001"]);
    let (_, rest) = said.split_once("Until then many.csv.gz: ").unwrap_or_else(|| panic!("{said}"));
    let accepted: usize = rest.split(' ').next().unwrap().replace(',', "").parse().unwrap();
    assert!(accepted > 3000 && accepted < 4800 && said.contains("behind line "), "{said}");
    assert_eq!(exported(dir.path()).len(), accepted);
    let figures = dir.path().join("s.csv.gz");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut gzip, b"area,year,meters,mean_kwh\nE01000001,2019,100,3500\nE01000002,20")
        .unwrap();
    let packed = gzip.finish().unwrap();
    fs::write(&figures, &packed[..packed.len() - 8]).unwrap();
    let said = run_in_vain(dir.path(), &["import", "statistics", figures.to_str().unwrap()]);
    assert!(said.contains("behind line 2") || said.contains("behind line 3"), "{said}");
    assert!(said.contains("0 figures accepted"), "{said}");
}

#[test]
fn a_geography_of_ones_own_takes_londons_place() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("town.geojson");
    fs::write(&file, collection(&[square("T1", 1.0), square("T2", 1.01)])).unwrap();
    let arguments =
        ["import", "geography", file.to_str().unwrap(), "--title", "Town", "--tz", "Europe/London"];
    let said = run(dir.path(), &arguments);
    assert!(said.contains("the next start takes it"), "{said}");
    let readings = dir.path().join("r.csv");
    fs::write(&readings, "meter_id,start,kwh\nA,2024-01-01T00:00:00Z,1\nA,2024-01-01T00:30:00Z,1\n").unwrap();
    run(dir.path(), &["import", "readings", readings.to_str().unwrap(), "--area", "T2"]);
    assert_eq!(exported(dir.path()).keys().map(|(area, _)| area.as_str()).collect::<Vec<_>>(), ["T2", "T2"]);
    let said =
        run_in_vain(dir.path(), &["import", "readings", readings.to_str().unwrap(), "--area", "E01000001"]);
    assert!(said.contains("E01000001 is not on the map of Town"), "{said}");
    // Not in degrees: refused by name, and nothing changes.
    fs::write(&file, collection(&[square("T1", 530_000.0)])).unwrap();
    let said = run_in_vain(dir.path(), &arguments);
    assert!(said.contains("WGS84"), "{said}");
    // And back, which says what is not seen any more.
    let said = run(dir.path(), &["import", "geography", "--london"]);
    assert!(said.contains("London again") && said.contains("1 meter is registered"), "{said}");
    run(dir.path(), &["import", "readings", readings.to_str().unwrap(), "--area", "E01000001"]);
}

#[test]
fn a_second_import_at_the_same_time_is_refused_by_name() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let file = dir.path().join("many.csv");
    super::files::written(&file, 20, 10_000);
    let arguments = ["import", "readings", file.to_str().unwrap(), "--area", "E01000001"];
    let mut first = wattmap(dir.path(), &arguments).spawn().unwrap();
    let lock = data.join("lock");
    while !lock.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
    let said = run_in_vain(dir.path(), &arguments);
    assert!(said.contains("in use by another process") && said.contains("--server URL"), "{said}");
    assert!(first.wait().unwrap().success());
}
