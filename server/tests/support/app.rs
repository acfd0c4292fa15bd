//! The app in this process.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Method;
use metering::UtcSecond;
use serde_json::{Value, json};
use server::clock::{Clock, FixedClock};
use server::config::Config;
use server::engines::open;
use server::keys::{self, Scope};
use server::roles::Roles;
use server::roles::node::{Running, start};
use server::state::Ports;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{Answer, Http, Keys, reading};

/// What time it is in tests.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

/// A running app with a key of each scope.
pub(crate) struct App {
    pub(crate) running: Running,
    pub(crate) dir: Arc<TempDir>,
    pub(crate) http: Http,
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
        App::start_in(dir, settings, |_| ()).await
    }

    /// Behind ports that a test has put something in front of.
    pub(crate) async fn behind(settings: &[(&'static str, &str)], change: impl FnOnce(&mut Ports)) -> App {
        App::start_in(Arc::new(tempfile::tempdir().unwrap()), settings, change).await
    }

    async fn start_in(
        dir: Arc<TempDir>,
        settings: &[(&'static str, &str)],
        change: impl FnOnce(&mut Ports),
    ) -> App {
        let data = dir.path().join("data");
        let mut all = vec![("data", data.to_str().unwrap()), ("simulate", "0"), ("disk-reserve-mb", "1")];
        all.extend_from_slice(settings);
        let config = Config::with(&all).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = FixedClock::at(UtcSecond::parse(NOW).unwrap());
        let now = clock.now();
        let mut opened = open(&config).await.unwrap();
        change(&mut opened.ports);
        let documents = opened.ports.documents.clone();
        let running = start(Roles::ALL, config, opened, Some(listener), Arc::new(clock)).await.unwrap();
        let ingest = keys::create(documents.as_ref(), "test", Scope::Ingest, now).await.unwrap();
        let operator = keys::create(documents.as_ref(), "test", Scope::Operator, now).await.unwrap();
        drop(documents);
        let http = Http::new(running.address.expect("it listens").to_string(), Keys { ingest, operator });
        App { running, dir, http }
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
        self.http.send(method, path, headers, body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.http.get(path).await
    }

    /// As the operator.
    pub(crate) async fn ops(&self, path: &str) -> Value {
        self.http.operate(path).await
    }

    /// As the operator, with a body.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.http.order(method, path, body).await
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
        let bearer = format!("Bearer {}", self.http.keys.ingest);
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", content_type)];
        headers.extend(coding.map(|coding| ("content-encoding", coding)));
        self.send(Method::POST, &format!("/api/v1{path}"), &headers, body).await
    }

    /// To the door of a node that may be gone: the status, if there was an answer.
    pub(crate) async fn try_post(&self, path: &str, body: String) -> Option<u16> {
        self.http.post(path, body).await.map(|answer| answer.status.as_u16())
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
        self.http.settled().await;
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
