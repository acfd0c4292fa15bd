//! Query parameters whose mistakes are answered as all others are.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Whether all is only looked at, where nothing else is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DryRun {
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// A query, as `T` has it.
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(QueryOf(query)),
            Err(rejection) => {
                let why = std::error::Error::source(&rejection).map(ToString::to_string);
                let detail = format!(
                    "The query can't be understood: {}.",
                    why.unwrap_or_else(|| rejection.body_text())
                );
                Err(Problem::new(StatusCode::BAD_REQUEST, detail))
            }
        }
    }
}
