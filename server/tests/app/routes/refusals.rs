//! Everything that the door refuses as a whole, and that none of it changes anything.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{AREA, App, gzip, reading};

fn one() -> String {
    json!({ "readings": [reading("A", "2026-11-22T10:00:00Z", 1800, 7.0)] }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refusal_is_as_documented_and_changes_nothing() {
    let app =
        App::with(&[("body-limit-kb", "64"), ("decompressed-limit-kb", "256"), ("batch-limit", "100")]).await;
    app.register("A", AREA).await;
    app.settle().await;
    let head = |status: &serde_json::Value| -> i64 {
        status["partitions"].as_array().unwrap().iter().map(|one| one["head"].as_i64().unwrap()).sum()
    };
    let before = head(&app.ops("/ingestion").await);

    let json_type = "application/json";
    let many = (0..101).map(|n| reading("A", "2026-11-22T10:00:00Z", 1800, f64::from(n))).collect::<Vec<_>>();
    let many = json!({ "readings": many }).to_string();
    let zeros = vec![b' '; 4 << 20];
    let cut = &gzip(one().as_bytes())[..40];
    // Content type, content coding, body; status, and what the detail says.
    type Case = (&'static str, Option<&'static str>, Vec<u8>, u16, &'static str);
    let cases: Vec<Case> = vec![
        (json_type, None, b"".to_vec(), 400, "line 1, column 1: the body is empty"),
        (json_type, None, b"[[[[[[[[".to_vec(), 400, "line 1, column 1: "),
        ("application/x-ndjson", None, b"\n[[[[[[[[".to_vec(), 400, "line 2, column 1: "),
        (json_type, None, b"{\"readings\":[".to_vec(), 400, "EOF"),
        (json_type, None, one().replace("\"A\"", "7").into_bytes(), 400, "line 1, column"),
        (json_type, None, one().replace("energy_wh", "energy").into_bytes(), 400, "unknown field `energy`"),
        (json_type, None, one().replace("7.0", "\"7.0\"").into_bytes(), 400, "a string, expected a number"),
        (json_type, None, vec![0xff, 0xfe, 0x00], 400, "line 1"),
        (json_type, None, many.into_bytes(), 413, "more than 100 readings"),
        (json_type, None, vec![b' '; 65 << 10], 413, "longer than 65536 bytes"),
        (json_type, Some("gzip"), gzip(&zeros), 413, "longer than 262144 bytes"),
        (json_type, Some("zstd"), zstd::encode_all(&zeros[..], 3).unwrap(), 413, "longer than 262144 bytes"),
        (json_type, Some("gzip"), cut.to_vec(), 400, "cut off"),
        (json_type, Some("gzip"), one().into_bytes(), 400, "gzip"),
        (json_type, Some("zstd"), one().into_bytes(), 400, "zstd"),
        (json_type, Some("br"), one().into_bytes(), 415, "allowed are gzip and zstd"),
        ("text/csv", None, one().into_bytes(), 415, "application/x-ndjson"),
        ("application/x-ndjson", None, b"{}\n".to_vec(), 400, "missing field `meter_id`"),
    ];
    for (content_type, coding, body, status, says) in cases {
        let answer = app.post_as("/readings", content_type, coding, body).await;
        let detail = answer.problem(status);
        assert!(detail.contains(says), "{says:?} is not in {detail:?}");
        if status == 400 && detail.starts_with("line") {
            assert!(answer.json()["line"].as_u64() >= Some(1) && answer.json()["column"].as_u64() >= Some(1));
        }
    }
    assert_eq!(head(&app.ops("/ingestion").await), before);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_told_why() {
    let app = App::start().await;
    let json_type = ("content-type", "application/json");
    let bearer = |key: &str| format!("Bearer {key}");
    let (wrong, operator) = (bearer("wm_00000000_00"), bearer(&app.http.keys.operator));
    let post =
        async |headers: &[(&str, &str)]| app.send(Method::POST, "/api/v1/readings", headers, one()).await;

    let answer = post(&[json_type]).await;
    answer.problem(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"wattmap\"");
    for authorization in [wrong.as_str(), "Basic YTpi", "Bearer", "Bearer  ", "nonsense"] {
        let answer = post(&[json_type, ("authorization", authorization)]).await;
        answer.problem(401);
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{authorization}");
    }
    let answer = post(&[json_type, ("authorization", &operator)]).await;
    assert!(answer.problem(403).contains("needs ingest"));
    assert!(answer.header("www-authenticate").contains("insufficient_scope"));

    let ingest = bearer(&app.http.keys.ingest);
    for path in ["/ingestion", "/dead-letters", "/meters", "/simulator", "/areas/E01000001/exact"] {
        let path = format!("/api/v1/ops{path}");
        app.get(&path).await.problem(401);
        app.send(Method::GET, &path, &[("authorization", &ingest)], "").await.problem(403);
    }
    app.get("/api/v1/readings").await.problem(405);
    app.get("/api/v1/nothing").await.problem(404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_sends_too_fast_is_told_when_to_come_back() {
    let app = App::with(&[("key-rate", "10"), ("batch-limit", "10")]).await;
    app.register("A", AREA).await;
    let minutes = (0..9).map(|n| reading("A", &format!("2026-11-22T10:{:02}:00Z", n * 5), 300, 1.0));
    let nine = json!({ "readings": minutes.collect::<Vec<_>>() }).to_string();
    assert_eq!(app.post("/readings", nine.clone()).await.status, 200);
    let mut refused = app.post("/readings", nine.clone()).await;
    if refused.status == 200 {
        refused = app.post("/readings", nine).await;
    }
    assert!(refused.problem(429).contains("10 readings a second"));
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&seconds), "{seconds}");
    app.stop().await;
}

/// Sends all of a request before it reads anything, as many clients do; gives what it hears then.
async fn all_first(app: &App, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(&app.http.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.expect("the connection is kept until all is sent");
    let mut answer = vec![0; 4000];
    let length =
        tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_all_first_hears_the_refusal() {
    let app = App::start().await;
    let limit = 4 << 20;
    let head = |path: &str, key: &str, of: &str| {
        format!(
            "POST /api/v1/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\n{of}\r\n\r\n"
        )
    };
    let key = app.http.keys.ingest.as_str();
    let body = vec![b' '; 2 * limit];
    for path in ["readings", "meters"] {
        for length in [limit + 1, 2 * limit] {
            let head = head(path, key, &format!("Content-Length: {length}"));
            let answer = all_first(&app, &head, &body[..length]).await;
            assert!(
                answer.starts_with("HTTP/1.1 413") && answer.contains("longer than 4194304 bytes"),
                "{answer}"
            );
        }
        // Of one that does not say how long it is, it is known only on the way.
        let chunked = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
        let answer = all_first(&app, &head(path, key, "Transfer-Encoding: chunked"), &chunked).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    // Whatever it is that is refused.
    let of = format!("Content-Length: {limit}");
    let answer = all_first(&app, &head("readings", "wm_00000000_00", &of), &body[..limit]).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = all_first(&app, &head("readings?dry=true", key, &of), &body[..limit]).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    // Who asks first whether it may is told at once.
    let mut asks = TcpStream::connect(&app.http.address).await.unwrap();
    let waits = head("readings", key, "Content-Length: 8388608\r\nExpect: 100-continue");
    asks.write_all(waits.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4000];
    let length = tokio::time::timeout(Duration::from_secs(1), asks.read(&mut answer)).await.unwrap().unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_breaks_off_says_how_far_it_came() {
    let app = App::start().await;
    let head = format!(
        "POST /api/v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{{}}\n{{\"me",
        app.http.keys.ingest
    );
    let mut stream = TcpStream::connect(&app.http.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    // Whoever has gone altogether hears nothing.
    if !answer.is_empty() {
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("line 2, column 5: "), "{answer}");
        assert!(answer.contains("only 7 bytes of it"), "{answer}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app = App::with(&[("body-timeout-s", "1")]).await;
    let head = format!(
        "POST /api/v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        app.http.keys.ingest
    );
    let mut slow = TcpStream::connect(&app.http.address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1000];
    let length = tokio::time::timeout(Duration::from_secs(5), slow.read(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");

    // One that breaks off is answered by nobody, and nothing of it counts.
    let mut broken = TcpStream::connect(&app.http.address).await.unwrap();
    broken.write_all(head.as_bytes()).await.unwrap();
    drop(broken);
    app.settle().await;
    assert_eq!(app.get("/healthz").await.status, 200);
    app.stop().await;
}
