use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{AREA, App};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_published_is_told() {
    let app = App::start().await;
    assert_eq!(app.ops("/releases").await, json!({ "days": [] }));
    let meters: Vec<String> = (0..40).map(|number| format!("M{number}")).collect();
    let registrations: Vec<Value> =
        meters.iter().map(|meter| json!({ "meter_id": meter, "area": AREA })).collect();
    assert_eq!(app.post("/meters", json!({ "meters": registrations }).to_string()).await.status, 200);
    let readings: Vec<Value> = meters
        .iter()
        .map(|meter| crate::support::reading(meter, "2026-11-22T11:00:00Z", 1800, 90.0))
        .collect();
    assert_eq!(app.post("/readings", json!({ "readings": readings }).to_string()).await.status, 200);
    let days = loop {
        let released = app.ops("/releases?limit=1").await;
        if released["days"][0]["releases"].as_u64() > Some(0) {
            break released["days"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!((&days[0]["date"], &days[0]["portions"]), (&json!("2026-11-22"), &json!(1)), "{days}");
    assert_eq!(days[0]["latest"][0]["half_hours"], json!([22]), "{days}");
    // What nine homes correct changes nothing that is said; the tenth does.
    let correct = async |homes: std::ops::Range<usize>| {
        let corrected: Vec<Value> = meters[homes]
            .iter()
            .map(|meter| crate::support::reading(meter, "2026-11-22T11:00:00Z", 1800, 10.0))
            .collect();
        assert_eq!(app.post("/readings", json!({ "readings": corrected }).to_string()).await.status, 200);
        app.settle().await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let released = app.ops("/releases").await;
        (released["days"][0]["releases"].clone(), app.get("/api/v1/map?level=lsoa&measure=now").await.json())
    };
    let figure = |map: &Value| {
        map["areas"].as_array().unwrap().iter().find(|area| area["code"] == AREA).unwrap()["value"].clone()
    };
    let (releases, map) = correct(0..9).await;
    assert_eq!((releases, figure(&map)), (json!(1), json!(180.0)));
    let (releases, map) = correct(9..10).await;
    assert_eq!((releases, figure(&map)), (json!(2), json!(140.0)), "30 homes use 180 W, and ten 20 W");
    let refused = app.operate(Method::GET, "/releases?limit=0", &Value::Null).await;
    assert!(refused.problem(400).contains("limit"));
    app.stop().await;
}

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
    let metrics = app.get("/metrics").await.text();
    for (reason, count) in [("unknown_meter", 1), ("unknown_area", 1), ("overlap", 1), ("misrouted", 0)] {
        let line = format!("wattmap_dead_letters_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    let page = app.ops("/dead-letters?reason=unknown_meter&meter=late").await;
    assert_eq!(page["dead_letters"].as_array().unwrap().len(), 1);
    assert_eq!(page["dead_letters"][0]["record"]["energy_mwh"], 3000);
    let first = app.ops("/dead-letters?limit=1").await;
    let rest = app.ops(&format!("/dead-letters?limit=2&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rest["dead_letters"].as_array().unwrap().len(), 2);

    app.register("late", AREA).await;
    let order = json!({ "reason": "unknown_meter", "dry_run": true });
    let answer = app.operate(Method::POST, "/dead-letters/redrive", &order).await.json();
    assert_eq!(answer, json!({ "dry_run": true, "matching": 1, "redriven": 1, "settled": 0, "left": 0 }));
    let by_query = app.operate(Method::POST, "/dead-letters/redrive?dry_run=true", &json!({})).await.json();
    assert_eq!((&by_query["dry_run"], &by_query["redriven"]), (&json!(true), &json!(1)));
    let mistyped = app.operate(Method::POST, "/dead-letters/redrive?dry=true", &json!({})).await;
    assert!(mistyped.problem(400).contains("unknown field `dry`"));
    let order = json!({ "reason": "unknown_meter" });
    // However often: it is sent once, and counted once.
    for redriven in [1, 0, 0] {
        let answer = app.operate(Method::POST, "/dead-letters/redrive", &order).await.json();
        let settled = 1 - redriven;
        let expected =
            json!({ "dry_run": false, "matching": 1, "redriven": redriven, "settled": settled, "left": 0 });
        assert_eq!(answer, expected);
    }
    app.settle().await;
    let of_day = app.exact(AREA, "by=day").await;
    assert_eq!(of_day, [("2026-11-22T00:00:00Z".to_owned(), 6000, 2, 5400)]);
    let answer = app.operate(Method::POST, "/dead-letters/redrive", &json!({ "reason": "boredom" })).await;
    assert!(answer.problem(400).contains("unknown_meter"));
    app.stop().await;
}

/// A letter's meter and state, in order of meter.
fn states(page: &serde_json::Value) -> Vec<String> {
    let letters = page["dead_letters"].as_array().unwrap();
    let text = |letter: &serde_json::Value, field: &str| letter[field].as_str().unwrap().to_owned();
    let mut all: Vec<_> =
        letters.iter().map(|letter| format!("{} {}", text(letter, "key"), text(letter, "state"))).collect();
    all.sort_unstable();
    all
}

/// Redrives every letter; what it says that it did.
async fn redrive_all(app: &App) -> Value {
    app.operate(Method::POST, "/dead-letters/redrive", &json!({})).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_are_settled_are_told_apart_and_left_alone() {
    let app = App::start().await;
    app.register("A", AREA).await;
    let (start, day) = ("2026-11-22T10:00:00Z", "2026-11-22T00:00:00Z".to_owned());
    for meter in ["redriven", "resent", "corrected", "open"] {
        app.read(meter, start, 1800, 3.0).await;
    }
    app.register("moved", "E99999999").await;
    app.register("nowhere", "E99999999").await;
    app.read("A", start, 3600, 3.0).await;
    app.read("A", "2026-11-22T10:30:00Z", 1800, 3.0).await;
    app.settle().await;
    let everything = [
        "A open",
        "corrected open",
        "moved open",
        "nowhere open",
        "open open",
        "redriven open",
        "resent open",
    ];
    assert_eq!(states(&app.ops("/dead-letters").await), everything);

    // What died of something that has not changed stays where it is: no letter is added to it.
    for _ in 0..2 {
        let expected = json!({ "dry_run": false, "matching": 7, "redriven": 0, "settled": 0, "left": 7 });
        assert_eq!(redrive_all(&app).await, expected);
    }
    // One is sent once more by whoever had sent it, one with another value, one moves to an area that there is.
    for meter in ["redriven", "resent", "corrected"] {
        app.register(meter, AREA).await;
    }
    app.register("moved", AREA).await;
    app.read("resent", start, 1800, 3.0).await;
    app.read("corrected", start, 1800, 5.0).await;
    let expected = json!({ "dry_run": false, "matching": 7, "redriven": 1, "settled": 3, "left": 3 });
    assert_eq!(redrive_all(&app).await, expected);
    let expected = json!({ "dry_run": false, "matching": 7, "redriven": 0, "settled": 4, "left": 3 });
    for _ in 0..2 {
        assert_eq!(redrive_all(&app).await, expected);
    }
    app.settle().await;
    assert_eq!(app.exact(AREA, "by=day").await, [(day, 3000 + 3000 + 3000 + 5000, 4, 3 * 1800 + 3600)]);

    let page = app.ops("/dead-letters").await;
    let now = [
        "A open",
        "corrected settled",
        "moved settled",
        "nowhere open",
        "open open",
        "redriven settled",
        "resent settled",
    ];
    assert_eq!(states(&page), now);
    assert_eq!(
        page["counts"],
        json!([
            { "reason": "unknown_meter", "count": 4, "open": 1 },
            { "reason": "unknown_area", "count": 2, "open": 1 },
            { "reason": "overlap", "count": 1, "open": 1 },
        ])
    );
    assert_eq!(states(&app.ops("/dead-letters?state=open").await), ["A open", "nowhere open", "open open"]);
    // Page by page they are the same ones.
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.ops(&format!("/dead-letters?state=settled&limit=1{after}")).await;
        paged.extend(states(&page));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    paged.sort_unstable();
    assert_eq!(paged, ["corrected settled", "moved settled", "redriven settled", "resent settled"]);
    let wrong = app.operate(Method::GET, "/dead-letters?state=closed", &json!({})).await;
    assert!(wrong.problem(400).contains("open, settled, unusable"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redrives_at_once_count_once() {
    let app = App::start().await;
    for number in 0..20 {
        app.read(&format!("M{number}"), "2026-11-22T10:00:00Z", 1800, 3.0).await;
    }
    for number in 0..20 {
        app.register(&format!("M{number}"), AREA).await;
    }
    let (order, path) = (json!({}), "/dead-letters/redrive");
    let redrive = async || app.operate(Method::POST, path, &order).await.json()["redriven"].as_u64().unwrap();
    // While they run, the same readings come from whoever had sent them.
    let resend = async {
        for number in 0..20 {
            app.read(&format!("M{number}"), "2026-11-22T10:00:00Z", 1800, 3.0).await;
        }
    };
    let (one, two, three, ()) = tokio::join!(redrive(), redrive(), redrive(), resend);
    assert!(one + two + three <= 60, "{one}, {two}, {three}");
    app.settle().await;
    assert_eq!(
        app.exact(AREA, "by=half-hour").await,
        [("2026-11-22T10:00:00Z".to_owned(), 60_000, 20, 36_000)]
    );
    assert_eq!(redrive().await, 0);
    assert_eq!(app.ops("/dead-letters?state=open").await["dead_letters"], json!([]));
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
    assert_eq!(names(&app.ops("/meters?silent_for=2h").await), ["long-silent", "never"]);
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
    for (wrong, says) in [
        (json!({ "interval_s": 7 }), "divisors"),
        (json!({ "homes": simulator::HOMES_MAX + 1 }), "0 to 2000000"),
        (json!({ "state": "asleep" }), "state is \"asleep\"; allowed is \"running\""),
        (json!({ "homes": -1 }), "homes is -1; allowed is a whole number from 0 to 2000000"),
        (json!({ "homes": null }), "homes is null; allowed is"),
        (json!({ "interval_s": 70_000 }), "interval_s is 70000; allowed is a divisor of 1800"),
        (json!({ "history_per_s_max": 0 }), "history_per_s_max is 0; allowed is 1 or more"),
        (json!({ "faults": { "silent": 0.05 } }), "faults is {\"silent\":0.05}; allowed is an object"),
    ] {
        let said = app.operate(Method::PUT, "/simulator", &wrong).await.problem(422);
        assert!(said.contains(says), "{said}");
    }
    app.operate(Method::PUT, "/simulator", &json!({ "house": 1 })).await.problem(400);
    for (limit, is) in [(json!(500), json!(500)), (Value::Null, Value::Null)] {
        let answer = app.operate(Method::PUT, "/simulator", &json!({ "history_per_s_max": limit })).await;
        assert_eq!(answer.json()["history_per_s_max"], is);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_letters_about_one_reading_the_last_is_counted() {
    let app = App::start().await;
    let (start, day) = ("2026-11-22T10:00:00Z", "2026-11-22T00:00:00Z".to_owned());
    for energy_wh in [7.0, 9.0, 8.0] {
        app.read("late", start, 1800, energy_wh).await;
    }
    app.settle().await;
    app.register("late", AREA).await;
    let expected = json!({ "dry_run": false, "matching": 3, "redriven": 1, "settled": 2, "left": 0 });
    assert_eq!(redrive_all(&app).await, expected);
    app.settle().await;
    assert_eq!(app.exact(AREA, "by=day").await, [(day, 8000, 1, 1800)]);
    let expected = json!({ "dry_run": false, "matching": 3, "redriven": 0, "settled": 3, "left": 0 });
    assert_eq!(redrive_all(&app).await, expected);
    app.stop().await;
}
