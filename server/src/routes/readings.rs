//! `POST /api/v1/readings`; `/meters` goes the same way.

use axum::Json;
use axum::body::Body as RequestBody;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::authorised::Sender;
use super::query::QueryOf;
use crate::door::{Body, Kind, Manner, status_of};
use crate::problem::Problem;
use crate::state::AppState;

/// `POST /api/v1/readings`
pub(super) async fn post(
    State(state): State<AppState>,
    sender: Sender,
    QueryOf(manner): QueryOf<Manner>,
    request: Request,
) -> Result<Response, Problem> {
    submit(&state, sender, (Kind::Readings, manner), request).await
}

/// Takes a request with readings or registrations.
pub(super) async fn submit(
    state: &AppState,
    Sender(key): Sender,
    (kind, manner): (Kind, Manner),
    request: Request,
) -> Result<Response, Problem> {
    let (format, coding) = Body::described_by(request.headers())?;
    let limit = state.door.limits().body_bytes;
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(too_long(limit));
    }
    let turn = state.door.turn(&key).await?;
    let patience = state.door.limits().body_timeout;
    let bytes = match tokio::time::timeout(patience, read(request.into_body(), limit)).await {
        Ok(bytes) => bytes?,
        Err(_) => {
            let detail = format!("The body took longer than {} s to arrive.", patience.as_secs());
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
        }
    };
    let receipt = state.door.take(&key, kind, Body { bytes, format, coding }, manner).await?;
    drop(turn);
    Ok((status_of(&receipt), Json(receipt)).into_response())
}

async fn read(body: RequestBody, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long(limit)),
        Err(error) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, format!("The body did not arrive whole: {error}")))
        }
    }
}

fn too_long(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("The body is longer than {limit} bytes; compress it, or send it in several requests"),
    )
}
