use axum::http::Method;
use serde_json::json;

use crate::support::{AREA, App};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_counted_is_told_and_can_be_redriven() {
    let app = App::start().await;
    app.read("late", "2026-11-22T10:00:00Z", 1800, 3.0).await;
    app.register("nowhere", "E99999999").await;
    app.register("A", AREA).await;
    app.read("A", "2026-11-22T10:00:00Z", 3600, 3.0).await;
    app.read("A", "2026-11-22T10:30:00Z", 1800, 3.0).await;
    app.settle().await;

    let page = app.ops("/dead-letters").await;
    let mut found: Vec<_> = page["dead_letters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|letter| format!("{} {}", letter["key"].as_str().unwrap(), letter["reason"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["A overlap", "late unknown_meter", "nowhere unknown_area"]);
    assert_eq!(page["counts"].as_array().unwrap().len(), 3);
    let page = app.ops("/dead-letters?reason=unknown_meter&meter=late").await;
    assert_eq!(page["dead_letters"].as_array().unwrap().len(), 1);
    assert_eq!(page["dead_letters"][0]["record"]["energy_mwh"], 3000);
    let first = app.ops("/dead-letters?limit=1").await;
    let rest = app.ops(&format!("/dead-letters?limit=2&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rest["dead_letters"].as_array().unwrap().len(), 2);

    app.register("late", AREA).await;
    let order = json!({ "reason": "unknown_meter", "dry_run": true });
    let answer = app.operate(Method::POST, "/dead-letters/redrive", &order).await.json();
    assert_eq!(answer, json!({ "dry_run": true, "matching": 1, "redriven": 1, "left": 0 }));
    let order = json!({ "reason": "unknown_meter" });
    for _ in 0..2 {
        let answer = app.operate(Method::POST, "/dead-letters/redrive", &order).await.json();
        assert_eq!(answer["redriven"], 1);
    }
    app.settle().await;
    let of_day = app.exact(AREA, "by=day").await;
    assert_eq!(of_day, [("2026-11-22T00:00:00Z".to_owned(), 6000, 2, 5400)]);
    let answer = app.operate(Method::POST, "/dead-letters/redrive", &json!({ "reason": "boredom" })).await;
    assert!(answer.problem(400).contains("unknown_meter"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_meters_are_found() {
    let app = App::start().await;
    for meter in ["heard", "long-silent", "never"] {
        app.register(meter, AREA).await;
    }
    app.read("heard", "2026-11-22T11:00:00Z", 1800, 1.0).await;
    app.read("long-silent", "2026-11-20T11:00:00Z", 1800, 1.0).await;
    app.settle().await;
    let names = |page: &serde_json::Value| -> Vec<String> {
        let meters = page["meters"].as_array().unwrap();
        meters.iter().map(|meter| meter["meter_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&app.ops("/meters").await), ["heard", "long-silent", "never"]);
    let page = app.ops("/meters?silent_for=1d").await;
    assert_eq!((names(&page), &page["registered"]), (vec!["long-silent".into(), "never".into()], &json!(3)));
    assert_eq!(page["meters"][0]["last_heard"], "2026-11-20T11:30:00Z");
    assert_eq!(names(&app.ops("/meters?silent_for=1800").await).len(), 3);
    assert_eq!(names(&app.ops("/meters?limit=1&after=heard").await), ["long-silent"]);
    let answer = app.operate(Method::GET, "/meters?silent_for=soon", &json!({})).await;
    assert!(answer.problem(400).contains("2h"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ingestion_is_told_by_partition() {
    let app = App::start().await;
    app.register("A", AREA).await;
    app.settle().await;
    let status = app.ops("/ingestion").await;
    let partitions = status["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 4);
    for (number, one) in partitions.iter().enumerate() {
        assert_eq!(one["partition"], number);
        assert_eq!(
            (&one["head"], &one["lag_records"], &one["lag_s"]),
            (&one["progress"], &json!(0), &json!(0.0))
        );
        assert_eq!(one["state"], "running");
    }
    // A marker in each, and the registration.
    let heads: i64 = partitions.iter().map(|one| one["head"].as_i64().unwrap()).sum();
    assert_eq!(heads, 5);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulator_is_steered() {
    let app = App::with(&[("history-days", "0")]).await;
    let status = app.ops("/simulator").await;
    assert_eq!((&status["state"], &status["homes"]), (&json!("running"), &json!(0)));
    let answer = app.operate(Method::PUT, "/simulator", &json!({ "homes": 40, "interval_s": 10 })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["homes"]), (200, &json!(40)));
    for _ in 0..200 {
        if app.ops("/simulator").await["progress"]["registered"] == 40 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    app.settle().await;
    assert_eq!(app.ops("/meters").await["registered"], 40);
    let paused = app.operate(Method::PUT, "/simulator", &json!({ "state": "paused" })).await;
    assert_eq!((&paused.json()["state"], &paused.json()["homes"]), (&json!("paused"), &json!(40)));
    for (wrong, says) in
        [(json!({ "interval_s": 7 }), "divisors"), (json!({ "homes": 99_000_000 }), "allowed")]
    {
        assert!(app.operate(Method::PUT, "/simulator", &wrong).await.problem(422).contains(says));
    }
    app.operate(Method::PUT, "/simulator", &json!({ "state": "asleep" })).await.problem(400);
    app.stop().await;
}
