use crate::support::{AREA, App, NEIGHBOUR};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn periods_are_local_and_meters_distinct() {
    let app = App::start().await;
    for (meter, area) in [("A", AREA), ("B", AREA), ("C", NEIGHBOUR)] {
        app.register(meter, area).await;
    }
    // 23:30 UTC on 30 June is 00:30 on 1 July in London.
    for (meter, start) in [
        ("A", "2026-06-30T22:30:00Z"),
        ("A", "2026-06-30T23:30:00Z"),
        ("A", "2026-07-01T10:00:00Z"),
        ("B", "2026-07-01T10:00:00Z"),
        ("C", "2026-07-01T10:00:00Z"),
    ] {
        app.read(meter, start, 1800, 1.0).await;
    }
    app.settle().await;
    let check = async |area: &str, query: &str, expect: &[(&str, i64, i64, i64)]| {
        let found = app.exact(area, query).await;
        let found: Vec<_> = found.iter().map(|(start, a, b, c)| (start.as_str(), *a, *b, *c)).collect();
        assert_eq!(found, expect, "{query}");
    };
    let (june, july) = ("2026-05-31T23:00:00Z", "2026-06-30T23:00:00Z");
    check(AREA, "by=month", &[(june, 1000, 1, 1800), (july, 3000, 2, 5400)]).await;
    check(AREA, "by=day&from=2026-07-01", &[(july, 3000, 2, 5400)]).await;
    check(AREA, "by=day&to=2026-07-01", &[("2026-06-29T23:00:00Z", 1000, 1, 1800)]).await;
    check(
        AREA,
        "by=half-hour&from=2026-07-01T10:00:00Z&to=2026-07-01T10:30:00Z",
        &[("2026-07-01T10:00:00Z", 2000, 2, 3600)],
    )
    .await;
    check(AREA, "by=half-hour&from=2026-07-02&to=2026-07-03", &[]).await;
    check(NEIGHBOUR, "", &[(july, 1000, 1, 1800)]).await;

    let bearer = format!("Bearer {}", app.http.keys.operator);
    let ask = async |path: &str| {
        app.send(axum::http::Method::GET, &format!("/api/v1/ops{path}"), &[("authorization", &bearer)], "")
            .await
    };
    ask("/areas/E99999999/exact").await.problem(404);
    assert!(ask("/areas/E01000001/exact?by=week").await.problem(400).contains("half-hour, day and month"));
    assert!(ask("/areas/E01000001/exact?from=yesterday").await.problem(400).contains("RFC 3339"));
    assert!(
        ask("/areas/E01000001/exact?from=2026-07-02&to=2026-07-01").await.problem(400).contains("after from")
    );
    assert!(ask("/areas/E01000001/exact?since=2026-07-02").await.problem(400).contains("since"));
    app.stop().await;
}
