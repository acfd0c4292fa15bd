//! `/live`, as a program that is not the page uses it.

use std::time::{Duration, Instant};

use axum::http::Method;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{AREA, App, NEIGHBOUR};

struct Feed(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Feed {
    async fn open(app: &App, query: &str) -> Feed {
        let url = format!("ws://{}/live{query}", app.http.address);
        Feed(connect_async(url).await.unwrap().0)
    }

    async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next frame, if there is one in time.
    async fn frame_within(&mut self, time: Duration) -> Option<Value> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.0.next()).await.ok()?.unwrap().unwrap() {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                _ => continue,
            }
        }
    }

    /// The next frame that is no delta: what was asked for, or why it can't be had.
    async fn answer(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] != "delta" {
                return frame;
            }
        }
    }

    async fn frame(&mut self) -> Value {
        self.frame_within(Duration::from_secs(30)).await.expect("a frame")
    }
}

/// A connection that takes little at once: a snapshot of all street areas does not fit.
async fn narrow(app: &App) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(app.http.address.parse().unwrap()).await.unwrap()
}

fn codes(frame: &Value) -> Vec<&str> {
    frame["areas"].as_array().unwrap().iter().map(|area| area["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_area_that_is_not_there_is_named() {
    let app = App::start().await;
    let mut feed = Feed::open(&app, "?level=borough").await;
    let first = feed.frame().await;
    assert_eq!((&first["type"], &first["seq"], codes(&first).len()), (&json!("snapshot"), &json!(1), 33));
    for (level, areas, says) in [
        ("lsoa", vec![AREA, "E99999999", "E88888888"], "area E99999999 is not on the map of London; 1 more"),
        ("lsoa", vec!["E02000001"], "area E02000001 is of level msoa, not lsoa"),
        ("street", vec![], "level is \"street\"; allowed are borough, msoa, lsoa"),
    ] {
        feed.say(&json!({ "subscribe": { "level": level, "areas": areas } })).await;
        let frame = feed.answer().await;
        assert_eq!(frame["type"], "error", "{frame}");
        assert!(frame["message"].as_str().unwrap().starts_with(says), "{frame}");
    }
    feed.say(&json!({ "subscribe": { "level": "lsoa", "areas": [NEIGHBOUR, AREA] } })).await;
    let frame = feed.answer().await;
    assert_eq!(frame["type"], "snapshot", "{frame}");
    assert_eq!(codes(&frame), [AREA, NEIGHBOUR]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_is_refused_says_why_as_everything_else_does() {
    let app = App::start().await;
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let get = async |query: &str, headers: &[(&str, &str)]| {
        app.send(Method::GET, &format!("/live{query}"), headers, "").await
    };
    let level = "level is \"planet\"; allowed are borough, msoa, lsoa";
    assert_eq!(get("?level=planet", &upgrade).await.problem(400), level);
    assert_eq!(get("?level=planet", &[]).await.problem(400), level);
    assert!(get("?foo=1", &upgrade).await.problem(400).contains("unknown field `foo`"));
    let foreign = [&upgrade[..], &[("origin", "https://evil.example")]].concat();
    assert!(get("", &foreign).await.problem(403).contains("origin"));
    assert!(get("", &[]).await.problem(400).contains("websocket"));
    assert!(get("", &upgrade[..3]).await.problem(400).to_lowercase().contains("sec-websocket-key"));
    app.send(Method::POST, "/live", &[], "").await.problem(405);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asked_for_one_area_is_not_sent_the_silence_of_others() {
    let app = App::start().await;
    // Enough homes for a live figure, all in one area.
    let area = "E01000003";
    let meters: Vec<String> = (0..40).map(|number| format!("M{number}")).collect();
    let registrations: Vec<Value> =
        meters.iter().map(|meter| json!({ "meter_id": meter, "area": area })).collect();
    let answer = app.post("/meters", json!({ "meters": registrations }).to_string()).await;
    assert_eq!(answer.status, 200);
    let mut own = Feed::open(&app, "?level=lsoa").await;
    own.say(&json!({ "subscribe": { "level": "lsoa", "areas": [area] } })).await;
    let mut other = Feed::open(&app, "?level=lsoa").await;
    other.say(&json!({ "subscribe": { "level": "lsoa", "areas": [AREA] } })).await;
    while codes(&own.frame().await).len() != 1 {}
    let snapshot = loop {
        let frame = other.frame().await;
        if codes(&frame) == [AREA] {
            break frame;
        }
    };
    // Windows of this minute and the ones before: one change after the other, for some seconds.
    let mut seen = 0;
    for minute in 0..5 {
        let start = format!("2026-11-22T11:5{minute}:00Z");
        let readings: Vec<Value> = meters
            .iter()
            .map(|meter| crate::support::reading(meter, &start, 60, f64::from(5 + minute)))
            .collect();
        assert_eq!(app.post("/readings", json!({ "readings": readings }).to_string()).await.status, 200);
        seen += usize::from(
            own.frame_within(Duration::from_millis(1300)).await.is_some_and(|frame| codes(&frame) == [area]),
        );
    }
    assert!(seen >= 2, "the area changed, and only {seen} frames say so");
    // The other heard nothing: less than the ten seconds between signs of life have passed.
    let heard = other.frame_within(Duration::from_millis(100)).await;
    assert_eq!(heard, None);
    // After them it hears that the server lives, in the order of its frames.
    let sign = other.frame().await;
    assert_eq!((&sign["type"], codes(&sign).len()), (&json!("delta"), 0), "{sign}");
    assert_eq!(sign["seq"].as_u64(), snapshot["seq"].as_u64().map(|seq| seq + 1), "{sign}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_long_is_told_so() {
    let app = App::start().await;
    let mut feed = Feed::open(&app, "").await;
    feed.frame().await;
    let (mut to, mut from) = feed.0.split();
    let long = "x".repeat(1 << 20);
    // It may break off while it is written: the reason is what counts.
    let sending = to.send(Message::text(long));
    let reading = async {
        loop {
            match from.next().await.expect("a reason").expect("an orderly end") {
                Message::Close(reason) => break reason.expect("a reason"),
                _ => continue,
            }
        }
    };
    let (_, reason) = tokio::join!(sending, reading);
    assert_eq!(u16::from(reason.code), 1009);
    assert!(reason.reason.contains("256 KiB"), "{reason:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goodbye_is_answered_with_its_own_code() {
    let app = App::start().await;
    let mut feed = Feed::open(&app, "").await;
    feed.frame().await;
    let goodbye = CloseFrame { code: CloseCode::Normal, reason: "seen enough".into() };
    feed.0.send(Message::Close(Some(goodbye.clone()))).await.expect("it is said");
    let answer = loop {
        match feed.0.next().await.expect("an answer").expect("an orderly end") {
            Message::Close(answer) => break answer,
            _ => continue,
        }
    };
    assert_eq!(answer, Some(goodbye));
    app.stop().await;
}

/// It costs what is on its way to it, and not for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_nothing_of_what_is_said_is_cut_off() {
    let app = App::start().await;
    let mut stalled = narrow(&app).await;
    let handshake = format!(
        "GET /live?level=lsoa HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        app.http.address
    );
    stalled.write_all(handshake.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stalled.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 101");
    let whole = Feed::open(&app, "?level=lsoa").await.frame().await.to_string().len();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let mut taken = Vec::new();
    // Its end may be a reset: what is unsent is gone.
    let _ =
        tokio::time::timeout(Duration::from_secs(5), stalled.read_to_end(&mut taken)).await.expect("an end");
    assert!(taken.len() < whole / 2, "{} of {whole} bytes", taken.len());
    app.stop().await;
}

/// Over a connection of 72 kbit/s a snapshot of all street areas takes more than ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_slowly_hears_everything() {
    let app = App::start().await;
    let (slow, mut theirs) = tokio::io::duplex(1024);
    let url = format!("ws://{}/live?level=lsoa", app.http.address);
    let (mut read, mut write) = narrow(&app).await.into_split();
    let relay = tokio::spawn(async move {
        let (mut slow_read, mut slow_write) = tokio::io::split(&mut theirs);
        let mut buffer = [0; 1024];
        let there = tokio::io::copy(&mut slow_read, &mut write);
        let back = async {
            while let Ok(taken) = read.read(&mut buffer).await
                && taken > 0
                && slow_write.write_all(&buffer[..taken]).await.is_ok()
            {
                tokio::time::sleep(Duration::from_secs_f64(taken as f64 / 9_000.0)).await;
            }
        };
        tokio::select! { _ = there => (), () = back => () }
    });
    let began = Instant::now();
    let (mut feed, _) = tokio_tungstenite::client_async(url, slow).await.unwrap();
    let Some(Ok(Message::Text(text))) = feed.next().await else { panic!("no frame") };
    let frame: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((frame["type"].as_str(), codes(&frame).len()), (Some("snapshot"), 4835));
    assert!(began.elapsed() > Duration::from_secs(10), "it was not slow: {:?}", began.elapsed());
    drop(feed);
    relay.await.unwrap();
    app.stop().await;
}
