//! The door as the page's server functions have it: the same code path.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{AREA, Answer, App, reading};

async fn submit(app: &App, function: &str, key: &str, body: &str) -> Answer {
    let encoded: String = body.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
    app.send(Method::POST, &format!("/fn/{function}"), &headers, format!("key={key}&body={encoded}")).await
}

/// A receipt, out of the text that a server function gives.
fn receipt(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_str(answer.json().as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_sends_through_the_same_door() {
    let app = App::start().await;
    let meters = json!({ "meters": [{ "meter_id": "A", "area": AREA }] }).to_string();
    let answer = submit(&app, "register_meters", &app.http.keys.ingest, &meters).await;
    assert_eq!(receipt(&answer), json!({ "accepted": 1, "rejected": [] }));
    let good = reading("A", "2026-11-22T10:00:00Z", 1800, 2.0);
    let both = json!({ "readings": [good, reading("A", "2026-11-22T10:10:00Z", 1800, 2.0)] }).to_string();
    let answer = submit(&app, "submit_readings", &app.http.keys.ingest, &both).await;
    assert_eq!(receipt(&answer)["accepted"], 1);
    assert_eq!(receipt(&answer)["rejected"][0]["code"], "misaligned");
    app.settle().await;
    assert_eq!(app.exact(AREA, "by=day").await[0].1, 2000);

    for (key, body, status, says) in [
        ("wm_00000000_00", both.as_str(), 401, "not valid"),
        (app.http.keys.operator.as_str(), both.as_str(), 403, "needs ingest"),
        (app.http.keys.ingest.as_str(), "{\"readings\":[", 400, "line 1, column"),
    ] {
        let answer = submit(&app, "submit_readings", key, body).await;
        let error = answer.json();
        assert!(!answer.status.is_success());
        assert_eq!((&error["error"], &error["status"]), (&json!("door"), &json!(status)), "{error}");
        assert!(error["detail"].as_str().unwrap().contains(says), "{error}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_page_sends_is_bounded() {
    let app = App::with(&[("body-limit-kb", "64")]).await;
    let answer = submit(&app, "submit_readings", &app.http.keys.ingest, &" ".repeat(40 << 10)).await;
    assert!(!answer.status.is_success(), "{answer:?}");
    assert!(!String::from_utf8_lossy(&answer.body).contains("line 1"), "it was read to the end");
    app.stop().await;
}
