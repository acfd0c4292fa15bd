//! Errors as RFC 9457 has them: `application/problem+json`.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::{AppendError, LogError, StoreError};
use metering::door::DoorError;
use serde::Serialize;
use std::time::Duration;

/// An answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What kind of problem, in a few words: the status's own.
    pub title: &'static str,
    /// What exactly, for a person.
    pub detail: String,
    /// Where in the request's body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In bytes, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// When to try again.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// What a 401 or 403 says about keys.
    #[serde(skip)]
    pub challenge: Option<&'static str>,
}

impl Problem {
    /// Of a status, with a sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            line: None,
            column: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// 400: a parameter that is not allowed. Names it, its value and the rule.
    pub fn parameter(name: &str, value: &str, rule: &str) -> Self {
        let shown: String = value.chars().take(80).collect();
        Problem::new(StatusCode::BAD_REQUEST, format!("{name} is {shown:?}; {rule}"))
    }

    /// 400: a body that is not the JSON that is expected.
    pub fn not_json(error: &serde_json::Error, body: &[u8]) -> Self {
        DoorError::malformed(error, body, 0).into()
    }

    /// 400: something is wrong with the body at this line and column, both from 1.
    pub fn at((line, column): (usize, usize), detail: &str) -> Self {
        Problem {
            line: Some(line),
            column: Some(column),
            ..Problem::new(StatusCode::BAD_REQUEST, format!("line {line}, column {column}: {detail}"))
        }
    }

    /// 404.
    pub fn not_found(what: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, what)
    }

    /// 503, with the time to wait.
    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Problem { retry_after: Some(retry_after), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// 401: who is asking? `challenge` is the value of `WWW-Authenticate`.
    pub fn unauthorized(detail: impl Into<String>, challenge: &'static str) -> Self {
        Problem { challenge: Some(challenge), ..Problem::new(StatusCode::UNAUTHORIZED, detail) }
    }

    /// 403: known, but not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        let challenge = "Bearer realm=\"wattmap\", error=\"insufficient_scope\"";
        Problem { challenge: Some(challenge), ..Problem::new(StatusCode::FORBIDDEN, detail) }
    }

    /// 500. What it was goes to the log, not to whoever asked.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed on our side");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here; the server's log says what.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, and never 0: that would be "at once".
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1000).max(1) as u64));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

impl From<DoorError> for Problem {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::Malformed { line, column, message } => Problem::at((line, column), &message),
            DoorError::TooMany { .. } => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Busy { retry_after } => Problem::unavailable(
                "More readings are on their way into the log than it can take.",
                retry_after,
            ),
            AppendError::Unavailable { reason, retry_after } => Problem::unavailable(
                format!(
                    "The log can't be written now: {reason}. Send all of this request again: what the log took of it all the same \
                     counts once."
                ),
                retry_after,
            ),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => {
                Problem::unavailable(format!("The store can't be read now: {reason}"), Duration::from_secs(2))
            }
            StoreError::Corrupt(_) => Problem::internal(&error),
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(reason) => {
                Problem::unavailable(format!("The log can't be read now: {reason}"), Duration::from_secs(2))
            }
            LogError::Corrupt(_) | LogError::Gone { .. } => Problem::internal(&error),
        }
    }
}
