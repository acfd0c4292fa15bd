//! Every code that the door gives a reading or a registration, and that what it refuses changes nothing.

use axum::http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{AREA, App, NEIGHBOUR, gzip, reading};

const LINES: &str = "application/x-ndjson";
const LIST: &str = "application/json";

/// Records that the log has.
async fn records(app: &App) -> i64 {
    let status = app.ops("/ingestion").await;
    status["partitions"].as_array().unwrap().iter().map(|one| one["head"].as_i64().unwrap()).sum()
}

fn item(meter_id: &str, start: &str, duration_s: &str, energy_wh: &str) -> String {
    let (meter_id, start) = (json!(meter_id), json!(start));
    format!(r#"{{"meter_id":{meter_id},"start":{start},"duration_s":{duration_s},"energy_wh":{energy_wh}}}"#)
}

/// It is noon of 2026-11-22, readings are kept for 400 days, and clocks may differ by 300 s.
const READINGS: &[(&str, [&str; 4], &str)] = &[
    ("bad_meter_id", ["", "2026-11-22T10:00:00Z", "1800", "1"], "meter_id"),
    ("bad_meter_id", ["two words", "2026-11-22T10:00:00Z", "1800", "1"], "meter_id"),
    ("bad_meter_id", ["caf\u{e9}", "2026-11-22T10:00:00Z", "1800", "1"], "meter_id"),
    ("bad_meter_id", ["A\0", "2026-11-22T10:00:00Z", "1800", "1"], "meter_id"),
    (
        "bad_meter_id",
        [
            "A2345678901234567890123456789012345678901234567890123456789012345",
            "2026-11-22T10:00:00Z",
            "1800",
            "1",
        ],
        "meter_id",
    ),
    ("bad_start", ["A", "", "1800", "1"], "start"),
    ("bad_start", ["A", "yesterday", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-22T10:00:00", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-22 10:00:00Z", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-02-30T10:00:00Z", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-22T24:30:00Z", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-22T10:00:00.5Z", "1800", "1"], "start"),
    ("bad_start", ["A", "1795341600", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-20T10:00:00+25:00", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-20T10:00:00+24:00", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-20T10:00:00+0100", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-20T10:00:00+01", "1800", "1"], "start"),
    ("bad_start", ["A", "+002026-11-20T10:00:00Z", "1800", "1"], "start"),
    ("bad_start", ["A", "2026-11-20T10:00:00,000Z", "1800", "1"], "start"),
    ("bad_duration", ["A", "2026-11-22T10:00:00Z", "0", "1"], "duration_s"),
    ("bad_duration", ["A", "2026-11-22T10:00:00Z", "5", "1"], "duration_s"),
    ("bad_duration", ["A", "2026-11-22T10:00:00Z", "-1800", "1"], "duration_s"),
    ("bad_duration", ["A", "2026-11-22T10:00:00Z", "1700", "1"], "duration_s"),
    ("bad_duration", ["A", "2026-11-22T10:00:00Z", "7200", "1"], "duration_s"),
    ("bad_duration", ["A", "2026-11-22T10:00:00Z", "1800.5", "1"], "duration_s"),
    ("bad_duration", ["A", "2026-11-22T10:00:00Z", "18446744073709551617800", "1"], "duration_s"),
    ("misaligned", ["A", "2026-11-22T10:00:01Z", "1800", "1"], "start"),
    ("misaligned", ["A", "2026-11-22T10:15:00Z", "1800", "1"], "start"),
    ("misaligned", ["A", "2026-11-22T10:30:00Z", "3600", "1"], "start"),
    ("misaligned", ["A", "2026-11-22T10:00:05Z", "10", "1"], "start"),
    ("misaligned", ["A", "2026-11-22T10:00:00+00:10", "1800", "1"], "start"),
    ("negative_energy", ["A", "2026-11-22T10:00:00Z", "1800", "-0.001"], "energy_wh"),
    ("negative_energy", ["A", "2026-11-22T10:00:00Z", "1800", "-1e308"], "energy_wh"),
    ("implausible_energy", ["A", "2026-11-22T10:00:00Z", "1800", "250000"], "energy_wh"),
    ("implausible_energy", ["A", "2026-11-22T10:00:00Z", "10", "5000"], "energy_wh"),
    ("implausible_energy", ["A", "2026-11-22T10:00:00Z", "1800", "1e308"], "energy_wh"),
    ("bad_energy", ["A", "2026-11-22T10:00:00Z", "1800", "0.0001"], "energy_wh"),
    ("too_far_in_future", ["A", "2026-11-22T12:00:00Z", "1800", "1"], "start"),
    ("too_far_in_future", ["A", "2126-11-22T10:00:00Z", "1800", "1"], "start"),
    ("too_far_in_future", ["A", "9999-12-31T23:30:00Z", "1800", "1"], "start"),
    ("too_old", ["A", "2025-10-18T11:30:00Z", "1800", "1"], "start"),
    ("too_old", ["A", "1969-12-31T23:30:00Z", "1800", "1"], "start"),
    ("too_old", ["A", "0001-01-01T00:00:00Z", "1800", "1"], "start"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_of_a_reading_is_given_and_changes_nothing() {
    let app = App::with(&[("retention-days", "400")]).await;
    app.register("A", AREA).await;
    app.settle().await;
    let before = records(&app).await;
    let good = item("A", "2026-11-22T10:00:00Z", "1800", "7");
    for (code, [meter, start, duration, energy], field) in READINGS {
        let bad = item(meter, start, duration, energy);
        for (content_type, body) in [(LIST, format!("{{\"readings\":[{bad}]}}")), (LINES, format!("{bad}\n"))]
        {
            let answer = app.post_as("/readings", content_type, None, body).await;
            assert_eq!(answer.status, 422, "{bad}: {answer:?}");
            let receipt = answer.json();
            let rejected = &receipt["rejected"][0];
            assert_eq!((&receipt["accepted"], &rejected["index"]), (&json!(0), &json!(0)));
            assert_eq!((&rejected["code"], &rejected["field"]), (&json!(code), &json!(field)), "{bad}");
            assert!(rejected["message"].as_str().unwrap().starts_with(field), "{rejected}");
        }
    }
    assert_eq!(records(&app).await, before);
    // All of them around a good one: it is the only one that counts.
    let all: Vec<String> = READINGS
        .iter()
        .map(|(_, [meter, start, duration, energy], _)| item(meter, start, duration, energy))
        .collect();
    let half = all.len() / 2;
    let body = format!("{{\"readings\":[{},{good},{}]}}", all[..half].join(","), all[half..].join(","));
    let receipt = app.post("/readings", body).await.json();
    assert_eq!(receipt["accepted"], 1);
    let codes: Vec<&str> =
        receipt["rejected"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, READINGS.iter().map(|(code, ..)| *code).collect::<Vec<_>>());
    assert_eq!(receipt["rejected"][half]["index"], half + 1);
    app.settle().await;
    assert_eq!(records(&app).await, before + 1);
    assert_eq!(app.exact(AREA, "by=half-hour").await, [("2026-11-22T10:00:00Z".to_owned(), 7000, 1, 1800)]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_of_a_registration_is_given_and_changes_nothing() {
    let app = App::start().await;
    let before = records(&app).await;
    let home = |more: &str| format!(r#"{{"meter_id":"A","area":"E01000001","dwelling":{{{more}}}}}"#);
    let cases: Vec<(String, &str, &str)> = vec![
        (r#"{"meter_id":"a/b","area":"E01000001"}"#.to_owned(), "bad_meter_id", "meter_id"),
        (r#"{"meter_id":"A"}"#.to_owned(), "bad_area", "area"),
        (r#"{"meter_id":"A","area":""}"#.to_owned(), "bad_area", "area"),
        (r#"{"meter_id":"A","area":"E01000001","lat":51.5,"lon":0}"#.to_owned(), "bad_area", "area"),
        (r#"{"meter_id":"A","lat":51.5}"#.to_owned(), "bad_position", "lon"),
        (r#"{"meter_id":"A","lat":91,"lon":0}"#.to_owned(), "bad_position", "lat"),
        (r#"{"meter_id":"A","lat":51.5,"lon":-180.5}"#.to_owned(), "bad_position", "lon"),
        (r#"{"meter_id":"A","lat":48.85,"lon":2.35}"#.to_owned(), "unknown_area", "lat"),
        (home(r#""type":"castle""#), "bad_dwelling", "dwelling.type"),
        (home(r#""bedrooms":-1"#), "bad_dwelling", "dwelling.bedrooms"),
        (home(r#""occupants":2.5"#), "bad_dwelling", "dwelling.occupants"),
        (home(r#""heating":"peat""#), "bad_dwelling", "dwelling.heating"),
    ];
    for (body, code, field) in &cases {
        let answer = app.post_as("/meters", LINES, None, body.clone()).await;
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        let rejected = answer.json()["rejected"][0].clone();
        assert_eq!((&rejected["code"], &rejected["field"]), (&json!(code), &json!(field)), "{body}");
    }
    assert_eq!(records(&app).await, before);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_read_is_refused_whole() {
    let app =
        App::with(&[("body-limit-kb", "64"), ("decompressed-limit-kb", "256"), ("batch-limit", "100")]).await;
    app.register("A", AREA).await;
    app.settle().await;
    let before = records(&app).await;
    let good = item("A", "2026-11-22T10:00:00Z", "1800", "7");
    let list = |item: &str| format!("{{\"readings\":[{item}]}}");
    let lines = |wrong: &str| format!("{good}\n{wrong}\n{good}\n");
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let bomb = gzip(&vec![b'\n'; 4 << 20]);
    // A frame that asks for a window of 2 GiB.
    let window = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8][..], &[0x01, 0x00, 0x00]].concat();
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 5].to_vec();
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 3).unwrap();
    let followed = [gzip(list(&good).as_bytes()), b"junk".to_vec()].concat();
    let many = vec![good.as_str(); 101].join("\n");
    type Case = (&'static str, Option<&'static str>, Vec<u8>, u16, &'static str);
    let cases: Vec<Case> = vec![
        // One wrong line costs them all: nobody has to find out which ones were taken.
        (LINES, None, lines("{").into_bytes(), 400, "line 2"),
        (LINES, None, lines("null").into_bytes(), 400, "line 2"),
        (LINES, None, lines(&good[..good.len() - 1]).into_bytes(), 400, "line 2"),
        (
            LINES,
            None,
            lines(&good.replace("\"A\"", "\"\u{fffd}").replace('\u{fffd}', "\\ud800\"")).into_bytes(),
            400,
            "line 2",
        ),
        (LINES, None, [good.as_bytes(), b"\n\xff\xfe\n"].concat(), 400, "line 2"),
        (LINES, None, list(&good).into_bytes(), 400, "unknown field `readings`"),
        (LINES, None, many.clone().into_bytes(), 413, "more than 100 readings"),
        (LINES, Some("gzip"), gzip(many.as_bytes()), 413, "more than 100 readings"),
        (LINES, Some("gzip"), bomb, 413, "longer than 262144 bytes"),
        (LIST, None, good.clone().into_bytes(), 400, "unknown field `meter_id`"),
        (LIST, None, deep.into_bytes(), 400, "line 1"),
        (LIST, None, list(&good.replace("7}", "NaN}")).into_bytes(), 400, "line 1"),
        (LIST, None, list(&good.replace("7}", "07}")).into_bytes(), 400, "line 1"),
        (LIST, None, list(&good.replace("7}", "true}")).into_bytes(), 400, "a boolean, expected a number"),
        (LIST, None, list(&good.replace("7}", "null}")).into_bytes(), 400, "null, expected a number"),
        (LIST, None, list(&good.replace("7}", "7,\"note\":1}")).into_bytes(), 400, "unknown field `note`"),
        (LIST, None, list(&good.replace("7}", "7,\"energy_wh\":8}")).into_bytes(), 400, "duplicate field"),
        (
            LIST,
            None,
            list(&good.replace(",\"energy_wh\":7", "")).into_bytes(),
            400,
            "missing field `energy_wh`",
        ),
        (LIST, None, format!("{} 1", list(&good)).into_bytes(), 400, "trailing"),
        (LIST, Some("zstd"), cut(zstd(&list(&good))), 400, "cut off"),
        (LIST, Some("zstd"), window, 400, "a window of more than 8 MiB"),
        (LIST, Some("gzip"), followed, 400, "is followed by 4 bytes that are no gzip"),
        (LINES, None, b"".to_vec(), 400, "line 1, column 1: the body is empty"),
        (LINES, None, b"\n\r\n \n".to_vec(), 400, "line 1, column 1: the body is empty"),
        (LINES, Some("gzip"), gzip(b""), 400, "line 1, column 1: the body is empty"),
        (LINES, Some("zstd"), zstd(""), 400, "line 1, column 1: the body is empty"),
        (LIST, Some("gzip"), b"".to_vec(), 400, "line 1, column 1: the body is empty"),
        (LIST, Some("gzip, gzip"), gzip(&gzip(list(&good).as_bytes())), 415, "allowed are gzip and zstd"),
        (LIST, Some("deflate"), list(&good).into_bytes(), 415, "allowed are gzip and zstd"),
        ("application/x-protobuf", None, vec![10, 1, 65], 415, "allowed are application/json"),
        ("", None, list(&good).into_bytes(), 415, "allowed are application/json"),
    ];
    for (content_type, coding, body, status, says) in cases {
        let shown: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        let answer = app.post_as("/readings", content_type, coding, body).await;
        assert_eq!(answer.status.as_u16(), status, "{shown}: {answer:?}");
        let detail = answer.problem(status);
        assert!(detail.contains(says), "{says:?} is not in {detail:?}");
    }
    // Registrations go the same way.
    for (content_type, coding, body, status) in [
        (LIST, None, &b"{\"meters\":["[..], 400),
        (LINES, None, b"{\"meter_id\":\"A\",\"area\":7}", 400),
        (LIST, None, &vec![b' '; 65 << 10], 413),
        (LIST, Some("zstd"), b"{\"meters\":[]}", 400),
        (LINES, None, b"", 400),
        (LINES, Some("gzip"), &gzip(b""), 400),
        ("text/plain", None, b"{\"meters\":[]}", 415),
    ] {
        app.post_as("/meters", content_type, coding, body.to_vec()).await.problem(status);
    }
    assert_eq!(records(&app).await, before);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_posting_does_anything_and_only_so_much() {
    let app = App::with(&[("body-limit-kb", "64")]).await;
    let before = records(&app).await;
    let bearer = format!("Bearer {}", app.http.keys.ingest);
    let headers = [("authorization", bearer.as_str()), ("content-type", LIST)];
    for path in ["/api/v1/readings", "/api/v1/meters"] {
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = app.send(method.clone(), path, &headers, "{\"readings\":[]}").await;
            answer.problem(405);
            assert!(answer.header("allow").contains("POST"), "{method} {path}: {answer:?}");
        }
    }
    // A body of unknown length ends where it becomes too long, however much is to come.
    let mut stream = TcpStream::connect(&app.http.address).await.unwrap();
    let head = format!(
        "POST /api/v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\nContent-Type: {LIST}\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..5 {
        // It may have been answered, and closed, before all was sent.
        let _ = stream.write_all(chunk.as_bytes()).await;
    }
    let mut answer = vec![0; 2000];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("longer than 65536 bytes"), "{answer}");
    assert_eq!(records(&app).await, before);
    app.stop().await;
}

/// Accepted, durable, and not countable: each is kept with its reason, and changes no figure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_counted_is_kept_with_its_reason() {
    let app = App::start().await;
    app.register("A", AREA).await;
    app.read("A", "2026-11-22T10:00:00Z", 1800, 7.0).await;
    app.settle().await;
    let figures = app.exact(AREA, "by=half-hour").await;
    app.read("NOBODY", "2026-11-22T10:00:00Z", 1800, 1.0).await;
    app.register("B", "E01999999").await;
    app.read("B", "2026-11-22T10:00:00Z", 1800, 1.0).await;
    for (start, duration_s) in [("2026-11-22T10:15:00Z", 900), ("2026-11-22T10:20:00Z", 60)] {
        app.read("A", start, duration_s, 1.0).await;
    }
    let hour = json!({ "readings": [reading("A", "2026-11-22T09:00:00Z", 3600, 1.0)] });
    assert_eq!(app.post("/readings", hour.to_string()).await.status, 200);
    app.settle().await;
    let page = app.ops("/dead-letters").await;
    let counts: Value = page["counts"].clone();
    let of = |reason: &str| {
        let found = counts.as_array().unwrap().iter().find(|one| one["reason"] == reason);
        found.map_or(0, |one| one["count"].as_i64().unwrap())
    };
    assert_eq!((of("unknown_meter"), of("unknown_area"), of("overlap")), (2, 1, 2), "{counts}");
    // The hour before touches the reading and overlaps nothing: it counts, and that is all that does.
    let mut expected = vec![
        ("2026-11-22T09:00:00Z".to_owned(), 500, 1, 1800),
        ("2026-11-22T09:30:00Z".to_owned(), 500, 1, 1800),
    ];
    expected.extend(figures);
    assert_eq!(app.exact(AREA, "by=half-hour").await, expected);
    assert_eq!(app.exact(NEIGHBOUR, "by=half-hour").await, []);
    app.stop().await;
}
