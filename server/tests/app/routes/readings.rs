use serde_json::json;

use crate::support::{AREA, App, NEIGHBOUR, gzip, reading};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_accepted_is_counted_exactly_once() {
    let app = App::start().await;
    app.register("A", AREA).await;
    app.register("B", NEIGHBOUR).await;
    let half = |start: &str, wh| reading("A", start, 1800, wh);
    let body = json!({ "readings": [
        half("2026-11-22T10:00:00Z", 212.5),
        half("2026-11-22T10:30:00Z", 0.001),
        // An hour is spread over its two windows, and the odd mWh goes to the first.
        reading("B", "2026-11-22T08:00:00Z", 3600, 100.001),
    ]});
    for _ in 0..3 {
        let answer = app.post("/readings", body.to_string()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({ "accepted": 3, "rejected": [] }));
    }
    // A correction: the last one in the log wins.
    app.read("A", "2026-11-22T10:30:00Z", 1800, 5.0).await;
    app.settle().await;
    let at = |text: &str| text.to_owned();
    assert_eq!(
        app.exact(AREA, "by=half-hour").await,
        [(at("2026-11-22T10:00:00Z"), 212_500, 1, 1800), (at("2026-11-22T10:30:00Z"), 5000, 1, 1800)]
    );
    assert_eq!(
        app.exact(NEIGHBOUR, "by=half-hour").await,
        [(at("2026-11-22T08:00:00Z"), 50_001, 1, 1800), (at("2026-11-22T08:30:00Z"), 50_000, 1, 1800)]
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_write_it_says_the_same() {
    let app = App::start().await;
    let meters: Vec<String> = (0..6).map(|number| format!("M{number}")).collect();
    for meter in &meters {
        app.register(meter, AREA).await;
    }
    let one = |meter: &String| reading(meter, "2026-11-22T10:00:00Z", 1800, 1.0).to_string();
    let list = |meter: &String| format!("{{\"readings\":[{}]}}", one(meter));
    let (plain, lines) = ("application/json", "application/x-ndjson");
    let answers = [
        app.post_as("/readings", plain, None, list(&meters[0])).await,
        app.post_as(
            "/readings",
            "application/json; charset=utf-8",
            Some("gzip"),
            gzip(list(&meters[1]).as_bytes()),
        )
        .await,
        app.post_as(
            "/readings",
            plain,
            Some("zstd"),
            zstd::encode_all(list(&meters[2]).as_bytes(), 3).unwrap(),
        )
        .await,
        app.post_as("/readings", lines, None, format!("{}\n", one(&meters[3]))).await,
        app.post_as("/readings", lines, Some("gzip"), gzip(one(&meters[4]).as_bytes())).await,
        app.post_as("/readings", lines, Some("identity"), one(&meters[5])).await,
    ];
    for answer in answers {
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "accepted": 1, "rejected": [] })));
    }
    app.settle().await;
    assert_eq!(app.exact(AREA, "by=half-hour").await, [("2026-11-22T10:00:00Z".to_owned(), 6000, 6, 10_800)]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_reading_costs_only_itself() {
    let app = App::start().await;
    app.register("A", AREA).await;
    let good = reading("A", "2026-11-22T10:00:00Z", 1800, 7.0);
    let body = json!({ "readings": [reading("A", "2026-11-22T09:00:00Z", 1800, -1.0), good] });
    let answer = app.post("/readings", body.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["accepted"], 1);
    let rejected = answer.json()["rejected"][0].clone();
    assert_eq!(
        (&rejected["index"], &rejected["code"], &rejected["field"]),
        (&json!(0), &json!("negative_energy"), &json!("energy_wh"))
    );
    assert!(rejected["message"].as_str().unwrap().contains("-1"), "{rejected}");

    let body = json!({ "readings": [reading("A", "2026-11-22T09:10:00Z", 1800, 1.0)] });
    let answer = app.post("/readings", body.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["accepted"].as_i64()), (422, Some(0)));
    assert_eq!(answer.json()["rejected"][0]["code"], "misaligned");

    let answer = app.post("/readings", r#"{"readings":[]}"#).await;
    assert_eq!((answer.status.as_u16(), answer.json()["accepted"].as_i64()), (200, Some(0)));
    app.settle().await;
    assert_eq!(app.exact(AREA, "by=day").await, [("2026-11-22T00:00:00Z".to_owned(), 7000, 1, 1800)]);
    app.stop().await;
}
