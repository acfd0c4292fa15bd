//! A home that uses most of what its area uses is in no figure that would tell of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{AREA, App, NEIGHBOUR, reading};

/// A third area of the finest level, in the same neighbourhood.
const THIRD: &str = "E01000003";

/// Homes of each area.
const HOMES: usize = 14;

async fn registered(app: &App, area: &str) -> Vec<String> {
    let meters: Vec<String> = (0..HOMES).map(|home| format!("{area}-{home}")).collect();
    let all: Vec<Value> = meters.iter().map(|meter| json!({ "meter_id": meter, "area": area })).collect();
    let answer = app.post("/meters", json!({ "meters": all }).to_string()).await;
    assert_eq!(answer.json()["accepted"], HOMES, "{answer:?}");
    meters
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_that_is_most_of_its_area_is_hidden_and_its_neighbours_are_not() {
    let app = App::start().await;
    let mut meters = Vec::new();
    for area in [AREA, NEIGHBOUR, THIRD] {
        meters.extend(registered(&app, area).await);
    }
    for day in 1..15 {
        for hours in [0..12, 12..24] {
            let of_home = |(number, meter): (usize, &String)| {
                // A workshop among homes of 0.3 kWh an hour.
                let wh = if number == 0 { 4000.0 } else { 300.0 };
                let start = move |hour: u32| format!("2026-11-{day:02}T{hour:02}:00:00Z");
                hours.clone().map(|hour| reading(meter, &start(hour), 3600, wh)).collect::<Vec<_>>()
            };
            let readings: Vec<Value> = meters.iter().enumerate().flat_map(of_home).collect();
            let answer = app.post("/readings", json!({ "readings": readings }).to_string()).await;
            assert_eq!(answer.json()["accepted"], readings.len(), "{answer:?}");
        }
    }
    app.settle().await;
    let began = Instant::now();
    let map = loop {
        let map = app.get("/api/v1/map?level=lsoa").await.json();
        if [NEIGHBOUR, THIRD].iter().any(|area| of(&map, area)["status"] == "measured") {
            break map;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "they stay {}", of(&map, THIRD));
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    // Of 42 homes it would be a quarter: not even their neighbourhood's figure is of it.
    let around = app.get("/api/v1/map?level=msoa").await.json();
    assert_ne!(of(&around, "E02000001")["status"], "measured", "{}", of(&around, "E02000001"));
    assert_ne!(of(&map, AREA)["status"], "measured");
    for area in [NEIGHBOUR, THIRD] {
        assert_eq!(of(&map, area)["status"], "measured", "{area}");
    }
    // Whatever it is asked by: the workshop would lift any mean above half a kilowatt.
    for path in ["consumption?by=month", "profile?day=weekday", "profile?day=saturday&month=2026-11"] {
        let answer = app.get(&format!("/api/v1/areas/{AREA}/{path}")).await.json();
        let points = answer["series"].as_array().or(answer["half_hours"].as_array()).unwrap();
        let is_told = |point: &Value| point["kwh_per_home"].is_number() || point["mean_w"].is_number();
        assert!(!points.iter().any(is_told), "{path}: {answer}");
    }
    let card = app.get(&format!("/api/v1/areas/{AREA}")).await.json();
    assert!(card["homes"].is_null(), "{card}");
    app.stop().await;
}

fn of<'a>(map: &'a Value, code: &str) -> &'a Value {
    map["areas"].as_array().unwrap().iter().find(|area| area["code"] == code).unwrap()
}
