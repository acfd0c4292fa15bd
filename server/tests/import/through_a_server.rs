//! Through a running server, as a data provider does it.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::tempdir;

use super::counted::Readings;
use super::files::{carried, collection, green_button, square, start_value, text_of};
use crate::support::http::PATIENCE;
use crate::support::program::{Killed, run, run_in_vain, wattmap};
use crate::support::{Http, Keys, Program};

/// The sums of an area, once they have come to `expected`.
pub(crate) async fn sums(http: &Http, area: &str, expected: i64) -> Vec<Value> {
    let path = format!("/areas/{area}/exact?by=half-hour");
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let series = http.operate(&path).await["series"].as_array().unwrap().clone();
        let sum: i64 = series.iter().map(|point| point["energy_mwh"].as_i64().unwrap()).sum();
        if sum == expected {
            return series;
        }
        assert!(Instant::now() < until, "{area}: {sum} of {expected}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Records in the server's log.
async fn taken(http: &Http) -> i64 {
    let status = http.operate("/ingestion").await;
    status["partitions"].as_array().unwrap().iter().map(|one| one["head"].as_i64().unwrap()).sum()
}

fn sum(readings: &Readings) -> i64 {
    readings.values().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_files_come_to_exact_sums() {
    let dir = tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    let http = server.http.clone();
    let Keys { ingest, operator } = http.keys.clone();
    let url = http.url();
    let import = |what: &str, file: &str, more: &[&str], key: &str| {
        let common = ["import", what, file, "--server", &url, "--key", key];
        run(dir.path(), &common.iter().chain(more).copied().collect::<Vec<_>>())
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
    let series = sums(&http, "E01000001", sum(&expected)).await;
    for point in &series {
        let start: jiff::Timestamp = point["start"].as_str().unwrap().parse().unwrap();
        assert_eq!(Some(&point["energy_mwh"].as_i64().unwrap()), expected.get(&start.as_second()), "{point}");
    }
    assert_eq!(series.len(), expected.len());

    let sdge = carried("sdge_greenbutton_2011.xml.gz");
    import("readings", sdge.to_str().unwrap(), &["--meter", "SDGE2", "--area", "E01000003"], &ingest);
    sums(&http, "E01000003", sum(&green_button(&text_of(&sdge)))).await;

    // A wrong key, and a key for something else, are said in the server's words.
    let common = ["import", "meters", meters.to_str().unwrap(), "--server", &url, "--key"];
    let with = |key: &'static str| common.iter().copied().chain([key]).collect::<Vec<_>>();
    assert!(run_in_vain(dir.path(), &with("wm_1_2")).contains("401"));
    let statistics = dir.path().join("s.csv");
    fs::write(&statistics, "area,year,meters,mean_kwh\nE01000001,2019,100,3500\n").unwrap();
    let credit = ["--attribution", "Office of Examples"];
    let said = import("statistics", statistics.to_str().unwrap(), &credit, &operator);
    assert!(said.contains("2019: figures of 1 areas are stored"), "{said}");
    let began = Instant::now();
    while !http.get("/about").await.text().contains("Modelled figures of 2019: Office of Examples") {
        assert!(began.elapsed() < PATIENCE, "it is not said whom the figures are from");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let arguments =
        ["import", "statistics", statistics.to_str().unwrap(), "--server", &url, "--key", &ingest];
    assert!(run_in_vain(dir.path(), &arguments).contains("403"));

    // The server has the data directory: whoever forgets that is told.
    let said = run_in_vain(dir.path(), &["import", "meters", meters.to_str().unwrap()]);
    assert!(said.contains("--server URL --key KEY"), "{said}");
}

/// Whether a node's map has an area.
async fn is_on_the_map(http: &Http, code: &str) -> bool {
    let answer = http.get(&format!("/api/v1/areas/{code}")).await;
    match answer.status.as_u16() {
        200 => true,
        404 => false,
        _ => panic!("{}", answer.text()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn areas_are_those_of_the_next_start() {
    let dir = tempdir().unwrap();
    let (file, meters) = (dir.path().join("town.geojson"), dir.path().join("m.csv"));
    fs::write(&file, collection(&[square("T1", 1.0), square("T2", 1.01)])).unwrap();
    fs::write(&meters, "meter_id,area\nA,E01000001\n").unwrap();
    let town = ["import", "geography", file.to_str().unwrap(), "--title", "Town", "--tz", "Europe/London"];
    let through = |server: &Program, arguments: &[&str]| {
        let (url, key) = (server.http.url(), server.http.keys.operator.clone());
        run(dir.path(), &[arguments, &["--server", &url, "--key", &key]].concat())
    };

    let server = Program::start(dir.path(), &[]).await;
    let (url, key) = (server.http.url(), server.http.keys.ingest.clone());
    let of_server = ["--server", url.as_str(), "--key", key.as_str()];
    run(dir.path(), &[&["import", "meters", meters.to_str().unwrap()], &of_server[..]].concat());
    server.http.settled().await;
    let said = through(&server, &[&town[..], &["--dry-run"]].concat());
    assert!(said.contains("1 meter is registered") && said.contains("nothing was written"), "{said}");
    let refused = run_in_vain(dir.path(), &[&town[..], &of_server].concat());
    assert!(refused.contains("403"), "{refused}");
    server.stop().await;

    let server = Program::start(dir.path(), &[]).await;
    assert!(is_on_the_map(&server.http, "E01000001").await, "a dry run and a wrong key change nothing");
    let said = through(&server, &town);
    assert!(said.contains(&format!("stored in {}: the next start takes it", server.http.url())), "{said}");
    assert!(is_on_the_map(&server.http, "E01000001").await, "it is the next start's");
    server.stop().await;

    let server = Program::start(dir.path(), &[]).await;
    assert!(is_on_the_map(&server.http, "T1").await && !is_on_the_map(&server.http, "E01000001").await);
    let said = through(&server, &["import", "geography", "--london"]);
    assert!(said.contains("London again"), "{said}");
    server.stop().await;

    let server = Program::start(dir.path(), &[]).await;
    assert!(is_on_the_map(&server.http, "E01000001").await);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_says_what_the_server_would() {
    let dir = tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    let (http, url) = (server.http.clone(), server.http.url());
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let meters = file("m.csv", "meter_id,area\nA,E01000001\nB,E99999999\nC,E01/1\n");
    let readings = file("r.csv", "meter_id,start,kwh\nA,2024-01-01T00:00:00Z,1\nA,2024-01-01T00:30:00Z,-1\n");
    let figures =
        file("s.csv", "area,year,meters,mean_kwh\nE01000001,2019,100,3500\nE99999999,2019,100,3500\n");
    for (what, file, key, refused) in [
        ("meters", &meters, &http.keys.ingest, "line 3: area E99999999 is not on the map of London"),
        ("readings", &readings, &http.keys.ingest, "line 3, column 3: kwh \"-1\" is below zero"),
        ("statistics", &figures, &http.keys.operator, "line 3: area E99999999 is not on the map"),
    ] {
        let mut arguments = vec!["import", what, file.as_str(), "--server", &url, "--key", key];
        if what == "readings" {
            arguments.extend(["--duration", "30m"]);
        }
        let real = arguments.clone();
        arguments.push("--dry-run");
        let before = taken(&http).await;
        let dry = run(dir.path(), &arguments);
        assert_eq!(taken(&http).await, before, "{what}: a dry run writes nothing");
        assert!(dry.contains("1 ") && dry.contains(refused), "{what}: {dry}");
        assert!(dry.contains("nothing was written (--dry-run)"), "{dry}");
        let report = |said: &str| {
            let lines =
                said.lines().filter(|line| !line.contains("are stored") && !line.contains("--dry-run"));
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(report(&dry), report(&run(dir.path(), &real)), "{what}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_waited_for_a_while_and_that_is_said() {
    let dir = tempdir().unwrap();
    // A port that nobody has: somebody had it a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let file = dir.path().join("r.csv");
    fs::write(&file, "meter_id,start,kwh\nA,2024-01-01T00:00:00Z,1\nA,2024-01-01T00:30:00Z,1\n").unwrap();
    let common =
        ["import", "readings", file.to_str().unwrap(), "--duration", "30m", "--server", &url, "--key", "k"];
    let with =
        |patience: &'static str| common.iter().copied().chain(["--patience", patience]).collect::<Vec<_>>();
    let began = Instant::now();
    let said = run_in_vain(dir.path(), &with("3s"));
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(8), "{took:?}");
    for part in ["nobody answers there", "Trying again for 3 s (--patience)", "r.csv: 0 readings accepted"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(!said.contains("goes on behind it"), "nothing was taken: {said}");
    assert_eq!(said.matches("Trying again").count(), 1, "{said}");
    // Who has no patience is told at once, and once.
    let said = run_in_vain(dir.path(), &with("0"));
    assert!(said.contains("nobody answers there") && !said.contains("Trying again"), "{said}");
}

/// What a server took before it went away is not lost on whoever starts the import again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_whose_server_is_killed_goes_on_with_the_next() {
    let dir = tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    let (keys, address) = (server.http.keys.clone(), server.http.address.clone());
    let file = dir.path().join("many.csv");
    let meters = super::files::written(&file, 10, 20_000);
    let import = |url: &str| {
        let file = file.to_str().unwrap();
        let common =
            ["import", "readings", file, "--area", "E01000001", "--duration", "30m", "--patience", "0"];
        wattmap(dir.path(), &[&common[..], &["--server", url, "--key", &keys.ingest]].concat())
    };
    let mut running = import(&server.http.url());
    let running =
        running.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // As soon as something was taken.
    let began = Instant::now();
    while taken(&server.http).await < 5000 {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing comes");
    }
    server.kill();
    let ended = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("readings accepted") && said.contains("the same command goes on behind it"),
        "{said}"
    );
    assert!(!said.contains("many.csv: 0 readings accepted"), "{said}");

    // The checkpoint is of a server by its address: the next one has to have the same.
    let again = [("WATTMAP_LISTEN", address.as_str())];
    let mut command = wattmap(dir.path(), &["run", "--simulate", "0"]);
    let _server = Killed(command.envs(again).stdout(std::process::Stdio::null()).spawn().unwrap());
    let http = Http::new(address.clone(), keys.clone());
    let began = Instant::now();
    while http.send(axum::http::Method::GET, "/healthz", &[], "").await.is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ended = import(&http.url()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.contains("going on after"), "{said}");
    assert!(said.contains("many.csv: 200,000 readings accepted, 0 refused"), "{said}");
    let expected: i64 = meters.iter().map(|(_, readings)| sum(readings)).sum();
    sums(&http, "E01000001", expected).await;
}
