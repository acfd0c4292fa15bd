//! Three real households alone in an area, among neighbours of whom there are enough: whatever is asked for, nothing of them
//! comes out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use super::super::counted::Counted;
use super::super::files::text_of;
use super::{SWISS_AREAS, given, is_measured, of_area, swiss_households, year_once};
use crate::support::program::run;
use crate::support::{Keys, Program};

/// The other area of the finest level in the same neighbourhood of Camden.
const THEIRS: &str = "E01000910";

/// Households besides, among three areas by turns.
const OTHERS: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
async fn three_households_alone_stay_hidden_whatever_is_asked_for() {
    let dir = tempdir().unwrap();
    let server = Program::start(dir.path(), &[]).await;
    let http = server.http.clone();
    let Keys { ingest, .. } = http.keys.clone();
    let url = http.url();
    let (file, homes) = (dir.path().join("readings.csv"), 3 + OTHERS);
    let text = text_of(&given("swiss_15min_537_households_7weeks.csv.gz"));
    let of_some = |text: &str, homes: &BTreeMap<String, &str>| {
        let of_them = |line: &&str| line.split_once(',').is_some_and(|(id, _)| homes.contains_key(id));
        text.lines().filter(of_them).fold(String::new(), |all, line| all + line + "\n")
    };
    let chosen: BTreeMap<String, &str> =
        swiss_households(&text, &mut Counted::new()).into_iter().take(homes).collect();
    let text = of_some(&text, &chosen);
    fs::write(&file, &text).unwrap();
    let mut registrations = "meter_id,area\n".to_owned();
    for (number, id) in chosen.keys().enumerate() {
        let area = if number < 3 { THEIRS } else { SWISS_AREAS[number % 3] };
        writeln!(registrations, "{id},{area}").unwrap();
    }
    let meters = dir.path().join("meters.csv");
    fs::write(&meters, registrations).unwrap();
    for (what, file) in [("meters", &meters), ("readings", &file)] {
        run(dir.path(), &["import", what, file.to_str().unwrap(), "--server", &url, "--key", &ingest]);
    }
    year_once(&http, |map| SWISS_AREAS.iter().any(|area| is_measured(map, area))).await;

    for measure in ["annual", "night_share", "evening_share", "daily", "cost"] {
        for days in [
            "",
            "&from=2018-11-01&to=2018-12-01",
            "&from=2018-11-05&to=2018-11-12",
            "&from=2018-11-07&to=2018-11-08",
        ] {
            let path = |level: &str| format!("/api/v1/map?level={level}&measure={measure}{days}");
            let [streets, neighbourhoods] = [path("lsoa"), path("msoa")];
            let map = http.get(&streets).await.json();
            let theirs = of_area(&map, THEIRS);
            assert_ne!(theirs["status"], "measured", "{streets}: {theirs}");
            is_of_more_than_them(theirs, &map, &http.get(&neighbourhoods).await.json(), &streets);
        }
    }
    for by in ["month", "day", "half-hour"] {
        let path = format!("/api/v1/areas/{THEIRS}/consumption?by={by}&from=2018-11-05&to=2018-11-26");
        let answer = http.get(&path).await.json();
        let told = |point: &Value| point["kwh_per_home"].is_number() && point["status"] != "merged";
        assert!(!answer["series"].as_array().unwrap().iter().any(told), "{path}: {answer}");
    }
    for day in ["weekday", "saturday", "sunday"] {
        let path = format!("/api/v1/areas/{THEIRS}/profile?day={day}&month=2018-11");
        let answer = http.get(&path).await.json();
        assert!(matches!(answer["status"].as_str(), Some("merged" | "suppressed")), "{path}: {answer}");
        let of_all = answer["shown_for"]["code"].as_str().map(str::to_owned);
        if let Some(of_all) = of_all {
            let wider =
                http.get(&format!("/api/v1/areas/{of_all}/profile?day={day}&month=2018-11")).await.json();
            let watts = |profile: &Value| -> Vec<[Option<f64>; 4]> {
                let names = ["mean_w", "p10_w", "p50_w", "p90_w"];
                let half_hours = profile["half_hours"].as_array().unwrap().iter();
                half_hours.map(|one| names.map(|name| one[name].as_f64())).collect()
            };
            assert_eq!(watts(&answer), watts(&wider), "{path}");
        }
    }
    let card = http.get(&format!("/api/v1/areas/{THEIRS}")).await.json();
    assert!(card["homes"].is_null() && card["coverage_percent"].is_null(), "{card}");
    assert!(
        card["figures"].as_array().unwrap().iter().all(|figure| figure["status"] != "measured"),
        "{card}"
    );
    let compared = http.get(&format!("/api/v1/compare?areas={THEIRS},{}", SWISS_AREAS[0])).await.json();
    let theirs = &compared["areas"][0]["card"];
    assert!(theirs["homes"].is_null(), "{theirs}");
    assert!(
        theirs["figures"].as_array().unwrap().iter().all(|figure| figure["status"] != "measured"),
        "{theirs}"
    );
    let table = http.get("/download/lsoa.csv").await.text();
    let row = table.lines().find(|line| line.starts_with(THEIRS)).unwrap();
    assert!(!row.contains(",measured"), "{row}");
    let page = http.get(&format!("/area/{THEIRS}")).await.text();
    assert!(!page.contains("3 homes") && page.contains("</html>"), "{page}");
    server.stop().await;
}

/// What is shown for the area is another area's figure, and that area's rest, when all shown areas within it are taken away, has
/// more homes than theirs.
fn is_of_more_than_them(theirs: &Value, streets: &Value, neighbourhoods: &Value, path: &str) {
    let Some(wider) = theirs["shown_for"].as_str() else {
        assert!(!theirs["value"].is_number() || theirs["status"] == "modelled", "{path}: {theirs}");
        return;
    };
    if let Some(around) =
        neighbourhoods["areas"].as_array().unwrap().iter().find(|area| area["code"] == wider)
    {
        assert_eq!(theirs["value"], around["value"], "{path}");
        let hidden = SWISS_AREAS.iter().filter(|area| of_area(streets, area)["status"] != "measured");
        assert!(hidden.count() > 0, "{path}: {wider} less its other areas would be theirs");
    }
}
