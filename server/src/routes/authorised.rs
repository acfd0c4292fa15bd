//! Who is asking: a key in `Authorization: Bearer`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::keys::{Key, KeyError, Scope};
use crate::problem::Problem;
use crate::state::AppState;

/// Somebody who may send.
pub(crate) struct Sender(pub(crate) Arc<Key>);

/// Somebody who may see exact data, and steer.
pub(crate) struct Operator;

impl FromRequestParts<AppState> for Sender {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        key(parts, state, Scope::Ingest).await.map(Sender)
    }
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        key(parts, state, Scope::Operator).await.map(|_| Operator)
    }
}

async fn key(parts: &Parts, state: &AppState, scope: Scope) -> Result<Arc<Key>, Problem> {
    let Some(header) = parts.headers.get(AUTHORIZATION) else {
        return Err(Problem::unauthorized(
            format!("This needs a key of scope {scope}: Authorization: Bearer KEY"),
            "Bearer realm=\"wattmap\"",
        ));
    };
    let (scheme, text) = header.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    let checked = if scheme.eq_ignore_ascii_case("bearer") {
        state.keys.check(text.trim(), scope).await
    } else {
        Err(KeyError::Invalid)
    };
    checked.map_err(|error| refusal(&error))
}

/// What a key that may not is told.
pub(crate) fn refusal(error: &KeyError) -> Problem {
    match error {
        KeyError::Invalid => Problem::unauthorized(
            "The key is not valid: mistyped, revoked, or of another server.",
            "Bearer realm=\"wattmap\", error=\"invalid_token\"",
        ),
        KeyError::Scope { .. } => Problem::forbidden(error.to_string()),
        KeyError::Store(error) => {
            Problem::unavailable(format!("Keys can't be read now: {error}"), Duration::from_secs(2))
        }
    }
}
