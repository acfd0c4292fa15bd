//! An app for a test, and a client for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use metering::UtcSecond;
use serde_json::{Value, json};
use server::clock::{Clock, FixedClock};
use server::commands::open;
use server::config::Config;
use server::keys::{self, Scope};
use server::roles::run::{Running, start};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// What time it is in tests.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

/// Areas of London: two neighbours in the City, in one MSOA.
pub(crate) const AREA: &str = "E01000001";
pub(crate) const NEIGHBOUR: &str = "E01000002";

/// A running app with a key of each scope.
pub(crate) struct App {
    pub(crate) running: Running,
    pub(crate) dir: Arc<TempDir>,
    pub(crate) ingest: String,
    pub(crate) operator: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// That it is a problem document of this status; gives its detail.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(body["title"].is_string());
        body["detail"].as_str().unwrap().to_owned()
    }
}

impl App {
    pub(crate) async fn start() -> App {
        App::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&'static str, &str)]) -> App {
        App::in_dir(Arc::new(tempfile::tempdir().unwrap()), settings).await
    }

    /// In a directory that may have been used before.
    pub(crate) async fn in_dir(dir: Arc<TempDir>, settings: &[(&'static str, &str)]) -> App {
        let data = dir.path().join("data");
        let mut all = vec![("data", data.to_str().unwrap()), ("simulate", "0"), ("disk-reserve-mb", "1")];
        all.extend_from_slice(settings);
        let config = Config::with(&all).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = FixedClock::at(UtcSecond::parse(NOW).unwrap());
        let now = clock.now();
        let opened = open(&config).await.unwrap();
        let documents = opened.ports.documents.clone();
        let running = start(config, opened, listener, Arc::new(clock)).await.unwrap();
        let ingest = keys::create(documents.as_ref(), "test", Scope::Ingest, now).await.unwrap();
        let operator = keys::create(documents.as_ref(), "test", Scope::Operator, now).await.unwrap();
        drop(documents);
        let client = Client::builder(TokioExecutor::new()).build_http();
        App { running, dir, ingest, operator, client }
    }

    /// Stops it, cleanly; gives its directory.
    pub(crate) async fn stop(self) -> Arc<TempDir> {
        self.running.stopper().cancel();
        self.running.ended().await.unwrap();
        self.dir
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.running.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// As the operator.
    pub(crate) async fn ops(&self, path: &str) -> Value {
        let bearer = format!("Bearer {}", self.operator);
        let answer =
            self.send(Method::GET, &format!("/api/v1/ops{path}"), &[("authorization", &bearer)], "").await;
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// As the operator, with a body.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.operator);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(method, &format!("/api/v1/ops{path}"), &headers, body.to_string()).await
    }

    /// To the door, as JSON.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.post_as(path, "application/json", None, body).await
    }

    pub(crate) async fn post_as(
        &self,
        path: &str,
        content_type: &str,
        coding: Option<&str>,
        body: impl Into<Bytes>,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.ingest);
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", content_type)];
        headers.extend(coding.map(|coding| ("content-encoding", coding)));
        self.send(Method::POST, &format!("/api/v1{path}"), &headers, body).await
    }

    /// To the door of a node that may be gone: the status, if there was an answer.
    pub(crate) async fn try_post(&self, path: &str, body: String) -> Option<u16> {
        let request = Request::post(format!("http://{}/api/v1{path}", self.running.address))
            .header("authorization", format!("Bearer {}", self.ingest))
            .header("content-type", "application/json")
            .body(Full::new(body.into()))
            .unwrap();
        let response = self.client.request(request).await.ok()?;
        let status = response.status().as_u16();
        response.into_body().collect().await.ok()?;
        Some(status)
    }

    /// Registers a meter; that has to succeed.
    pub(crate) async fn register(&self, meter: &str, area: &str) {
        let body = json!({ "meters": [{ "meter_id": meter, "area": area }] });
        let answer = self.post("/meters", body.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["accepted"].as_i64()),
            (200, Some(1)),
            "{answer:?}"
        );
    }

    /// Sends one reading; that has to succeed.
    pub(crate) async fn read(&self, meter: &str, start: &str, duration_s: u32, energy_wh: f64) {
        let body = json!({ "readings": [reading(meter, start, duration_s, energy_wh)] });
        let answer = self.post("/readings", body.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["accepted"].as_i64()),
            (200, Some(1)),
            "{answer:?}"
        );
    }

    /// Waits until all that was accepted is in the store.
    pub(crate) async fn settle(&self) {
        let began = Instant::now();
        loop {
            let status = self.ops("/ingestion").await;
            if status["lag_records"] == 0 && status["status"] == "ok" {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "it does not settle: {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The exact series of an area.
    pub(crate) async fn exact(&self, area: &str, query: &str) -> Vec<(String, i64, i64, i64)> {
        let answer = self.ops(&format!("/areas/{area}/exact?{query}")).await;
        assert_eq!(answer["area"], area);
        let points = answer["series"].as_array().unwrap();
        points
            .iter()
            .map(|point| {
                let number = |name: &str| point[name].as_i64().unwrap();
                let start = point["start"].as_str().unwrap().to_owned();
                (start, number("energy_mwh"), number("meters"), number("meter_seconds"))
            })
            .collect()
    }
}

pub(crate) fn reading(meter: &str, start: &str, duration_s: u32, energy_wh: f64) -> Value {
    json!({ "meter_id": meter, "start": start, "duration_s": duration_s, "energy_wh": energy_wh })
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
