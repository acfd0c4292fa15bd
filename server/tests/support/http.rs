//! A client of a node, wherever it runs.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long anything may take that takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A key of each scope.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) ingest: String,
    pub(crate) operator: String,
}

/// How a node is asked.
#[derive(Clone)]
pub(crate) struct Http {
    /// `host:port`
    pub(crate) address: String,
    pub(crate) keys: Keys,
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
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// That it is a problem document of this status; gives its detail.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(body["title"].is_string());
        body["detail"].as_str().unwrap().to_owned()
    }
}

impl Http {
    pub(crate) fn new(address: String, keys: Keys) -> Http {
        Http { address, keys, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends anything; nothing if there was no whole answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Full::new(body.into())).unwrap()).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// As everybody.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await.expect("an answer")
    }

    /// JSON to the door, with the key for it; nothing if there was no whole answer.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Option<Answer> {
        let bearer = format!("Bearer {}", self.keys.ingest);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(Method::POST, &format!("/api/v1{path}"), &headers, body).await
    }

    /// Asks as an operator.
    pub(crate) async fn ask(&self, path: &str) -> Answer {
        let bearer = format!("Bearer {}", self.keys.operator);
        let headers = [("authorization", bearer.as_str())];
        let answer = self.send(Method::GET, &format!("/api/v1/ops{path}"), &headers, "").await;
        answer.expect("an answer")
    }

    /// Orders something as an operator.
    pub(crate) async fn order(&self, method: Method, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.keys.operator);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = self.send(method, &format!("/api/v1/ops{path}"), &headers, body.to_string()).await;
        answer.expect("an answer")
    }

    /// Asks as an operator, again and again while it is 503: what is asked for may be behind an engine that has just lost a
    /// node, or a machine that is busy.
    pub(crate) async fn operate_patiently(&self, path: &str) -> Value {
        let began = Instant::now();
        loop {
            let answer = self.ask(path).await;
            if answer.status != 503 || began.elapsed() > PATIENCE {
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                return answer.json();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Asks as an operator; that has to be answered.
    pub(crate) async fn operate(&self, path: &str) -> Value {
        let answer = self.ask(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Waits until everything in the log is in the store.
    pub(crate) async fn settled(&self) {
        let began = Instant::now();
        loop {
            let status = self.operate("/ingestion").await;
            if status["lag_records"] == 0 && status["status"] == "ok" {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it does not settle: {status}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
