use serde_json::json;

use crate::support::{AREA, Answer, App, NEIGHBOUR, reading};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_is_where_it_says_or_where_its_point_is() {
    let app = App::start().await;
    let geography = app.running.state.geography.clone();
    let leaf = geography.index_of(&metering::AreaCode::parse(NEIGHBOUR).unwrap()).unwrap();
    let (lat, lon) = geography.label_position(leaf);
    let body = json!({ "meters": [
        { "meter_id": "A", "area": AREA, "dwelling": { "type": "flat", "bedrooms": 2, "occupants": 2, "heating": "gas" } },
        { "meter_id": "B", "lat": lat, "lon": lon },
        { "meter_id": "C", "lat": 48.85, "lon": 2.35 },
        { "meter_id": "D", "area": AREA, "dwelling": { "type": "castle" } },
        { "meter_id": "E" },
    ]});
    let answer = app.post("/meters", body.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["accepted"].as_i64()), (200, Some(2)));
    let rejected: Vec<_> = answer.json()["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["index"].as_i64().unwrap(), one["code"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [(2, "unknown_area"), (3, "bad_dwelling"), (4, "bad_area")];
    assert_eq!(rejected, expected.map(|(index, code)| (index, code.to_owned())));
    for meter in ["A", "B"] {
        app.read(meter, "2026-11-22T10:00:00Z", 1800, 1.0).await;
    }
    app.settle().await;
    assert_eq!(app.exact(AREA, "").await[0].1, 1000);
    assert_eq!(app.exact(NEIGHBOUR, "").await[0].1, 1000);

    let answer = app.post("/meters", r#"{"meters":[{"meter_id":"A","area":"E01000001","rooms":3}]}"#).await;
    assert!(answer.problem(400).contains("unknown field `rooms`"));
    let answer = app.post("/meters", r#"{"meters":[{"meter_id":"","area":"E01000001"}]}"#).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["rejected"][0]["code"]),
        (422, &json!("bad_meter_id"))
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_on_the_bank_is_in_the_area_beside_the_water() {
    let app = App::start().await;
    // The South Bank by St Thomas': off every outline. Slough: off the map.
    let body = json!({ "meters": [
        { "meter_id": "A", "lat": 51.5, "lon": -0.12 },
        { "meter_id": "B", "lat": 51.5105, "lon": -0.595 },
    ]});
    let answer = app.post("/meters", body.to_string()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["accepted"]), (200, &json!(1)), "{}", answer.text());
    let refused = &answer.json()["rejected"][0];
    assert_eq!(
        (&refused["index"], &refused["code"], &refused["field"]),
        (&json!(1), &json!("unknown_area"), &json!("lat"))
    );
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("m away; allowed are 250 m") && message.contains("the nearest, E0100"),
        "{message}"
    );
    app.read("A", "2026-11-22T10:00:00Z", 1800, 1.0).await;
    app.settle().await;
    let geography = app.running.state.geography.clone();
    let beside = geography.nearest_leaf(51.5, -0.12, 250.0).unwrap().0;
    assert_eq!(app.exact(geography.area(beside).code.as_str(), "").await[0].1, 1000);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_it_is_told_of_unknown_areas_and_may_only_look() {
    let app = App::start().await;
    let body = json!({ "meters": [
        { "meter_id": "A", "area": AREA },
        { "meter_id": "B", "area": "E99999999" },
        { "meter_id": "C", "area": "E02000001" },
    ]})
    .to_string();
    let accepted = |answer: &Answer| answer.json()["accepted"].as_u64().unwrap();
    let answer = app.post("/meters?unknown_area=refuse&dry_run=true", body.clone()).await;
    assert_eq!((answer.status.as_u16(), accepted(&answer)), (200, 1));
    let rejected = answer.json()["rejected"].clone();
    assert_eq!(rejected[0]["message"], "area E99999999 is not on the map of London");
    assert_eq!((&rejected[1]["index"], &rejected[1]["code"]), (&json!(2), &json!("unknown_area")));
    // Nothing was taken: the reading's meter is not known. So it is with a reading that was only looked at.
    let reading = json!({ "readings": [reading("A", "2026-11-22T10:00:00Z", 1800, 1.0)] }).to_string();
    assert_eq!(accepted(&app.post("/readings?dry_run=true", reading.clone()).await), 1);
    app.settle().await;
    assert_eq!(app.ops("/dead-letters").await["dead_letters"], json!([]));
    assert_eq!(app.ops("/meters").await["registered"], 0);
    app.post("/meters?dry_rum=true", body.clone()).await.problem(400);
    app.post("/meters?unknown_area=keep", body.clone()).await.problem(400);

    // Unless it is asked for, they are accepted and kept.
    assert_eq!(accepted(&app.post("/meters", body).await), 3);
    assert_eq!(accepted(&app.post("/readings", reading).await), 1);
    app.settle().await;
    let dead = app.ops("/dead-letters?reason=unknown_area").await;
    assert_eq!(dead["dead_letters"].as_array().unwrap().len(), 2);
    assert_eq!(app.exact(AREA, "").await[0].1, 1000);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_that_moves_keeps_its_past_where_it_was() {
    let app = App::start().await;
    app.register("A", AREA).await;
    app.read("A", "2026-11-22T10:00:00Z", 1800, 1.0).await;
    app.register("A", NEIGHBOUR).await;
    app.read("A", "2026-11-22T10:30:00Z", 1800, 2.0).await;
    app.read("A", "2026-11-22T10:00:00Z", 1800, 4.0).await;
    app.settle().await;
    assert_eq!(app.exact(AREA, "by=half-hour").await, [("2026-11-22T10:00:00Z".to_owned(), 4000, 1, 1800)]);
    assert_eq!(
        app.exact(NEIGHBOUR, "by=half-hour").await,
        [("2026-11-22T10:30:00Z".to_owned(), 2000, 1, 1800)]
    );
    // Both in the month's distinct meters of what they share: one.
    let parent = app.running.state.geography.clone();
    let leaf = parent.index_of(&metering::AreaCode::parse(AREA).unwrap()).unwrap();
    let borough = parent.ancestors(leaf).last().unwrap();
    let code = parent.area(borough).code.clone();
    assert_eq!(
        app.exact(code.as_str(), "by=month").await,
        [("2026-11-01T00:00:00Z".to_owned(), 6000, 1, 3600)]
    );
    app.stop().await;
}
