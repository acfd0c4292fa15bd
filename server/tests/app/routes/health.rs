use std::time::Duration;

use crate::support::{AREA, App};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_there_and_packed() {
    let app = App::start().await;
    for (accept, coding) in [("br, gzip", "br"), ("gzip", "gzip"), ("identity", "")] {
        for path in ["/", "/api/v1/map?level=msoa", "/api/v1/areas?level=lsoa"] {
            let answer = app.send(axum::http::Method::GET, path, &[("accept-encoding", accept)], "").await;
            assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, coding), "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
    }
    let page = app.get("/").await;
    let text = String::from_utf8_lossy(&page.body);
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("<svg"), "{}", &text[..500]);
    assert_eq!(app.get("/no/such/page").await.status, 404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_says_that_it_lives_and_when_it_is_ready() {
    let app = App::start().await;
    assert_eq!(app.get("/healthz").await.status, 200);
    for _ in 0..100 {
        if app.get("/readyz").await.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(app.get("/readyz").await.json()["ready"], true);
    app.running.state.readiness.lacks("the other engine");
    let answer = app.get("/readyz").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["missing"][0]), (503, &"the other engine".into()));
    app.running.state.readiness.has("the other engine");

    app.register("A", AREA).await;
    app.post(
        "/readings",
        r#"{"readings":[{"meter_id":"A","start":"2026-11-22T10:00:00Z","duration_s":7,"energy_wh":1}]}"#,
    )
    .await;
    let answer = app.get("/metrics").await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for line in [
        "wattmap_accepted_total{kind=\"registration\"} 1",
        "wattmap_rejected_total{kind=\"reading\",code=\"bad_duration\"} 1",
        "wattmap_http_requests_total{route=\"/api/v1/readings\",status=\"422\"} 1",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    app.stop().await;
}
