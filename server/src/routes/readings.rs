//! `POST /api/v1/readings`; `/meters` goes the same way.

use std::time::Duration;

use axum::Json;
use axum::body::Body as RequestBody;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;

use super::authorised::Sender;
use super::query::QueryOf;
use crate::door::{Body, Kind, Manner, status_of};
use crate::problem::Problem;
use crate::state::AppState;

/// How much of a refused request's body is read all the same, in times of what a body may have, and for how
/// long: many clients send everything before they read anything, and a connection that is closed on them
/// takes the answer with it.
const DRAINED_TIMES: usize = 4;
const DRAINED_WITHIN: Duration = Duration::from_secs(2);

/// Who sends, and how, or why that can't be said: a refusal has to wait for the body, too.
pub(super) type Asked = (Result<Sender, Problem>, Result<QueryOf<Manner>, Problem>);

/// `POST /api/v1/readings`
pub(super) async fn post(
    State(state): State<AppState>,
    sender: Result<Sender, Problem>,
    manner: Result<QueryOf<Manner>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    submit(&state, Kind::Readings, (sender, manner), request).await
}

/// Takes a request with readings or registrations.
pub(super) async fn submit(
    state: &AppState,
    kind: Kind,
    asked: Asked,
    request: Request,
) -> Result<Response, Problem> {
    let (head, mut body) = request.into_parts();
    let taken = take(state, kind, asked, &head.headers, &mut body).await;
    // Who waits for a 100 has sent nothing yet; who was too slow would only be slow again.
    let waits = head.headers.contains_key(EXPECT);
    let slow = |problem: &Problem| problem.status == StatusCode::REQUEST_TIMEOUT.as_u16();
    if taken.as_ref().is_err_and(|problem| !waits && !slow(problem)) {
        drain(&mut body, state.door.limits().body_bytes * DRAINED_TIMES).await;
    }
    taken
}

async fn take(
    state: &AppState,
    kind: Kind,
    (sender, manner): Asked,
    headers: &HeaderMap,
    body: &mut RequestBody,
) -> Result<Response, Problem> {
    let (Sender(key), QueryOf(manner)) = (sender?, manner?);
    let (format, coding) = Body::described_by(headers)?;
    let limits = state.door.limits();
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limits.body_bytes) {
        return Err(too_long(limits.body_bytes));
    }
    let turn = state.door.turn(&key).await?;
    let mut bytes = Vec::new();
    let arrived = tokio::time::timeout(limits.body_timeout, read(body, limits.body_bytes, &mut bytes)).await;
    let whole = match arrived {
        Ok(whole) => whole,
        Err(_) => {
            let detail = format!("The body took longer than {} s to arrive.", limits.body_timeout.as_secs());
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
        }
    };
    let body = Body { bytes: bytes.into(), format, coding };
    match whole {
        Ok(()) => {}
        Err(Unread::TooLong) => return Err(too_long(limits.body_bytes)),
        Err(Unread::BrokeOff(why)) => return Err(body.broke_off(limits.decompressed_bytes, &why.to_string())),
    }
    let receipt = state.door.take(&key, kind, body, manner).await?;
    drop(turn);
    Ok((status_of(&receipt), Json(receipt)).into_response())
}

/// Why a body is not there as a whole.
enum Unread {
    TooLong,
    BrokeOff(axum::Error),
}

async fn read(body: &mut RequestBody, limit: usize, bytes: &mut Vec<u8>) -> Result<(), Unread> {
    while let Some(frame) = body.frame().await {
        // What is no data is a trailer, and says nothing here.
        let Ok(data) = frame.map_err(Unread::BrokeOff)?.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(Unread::TooLong);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(())
}

/// Reads the rest of a body, up to a bound, and forgets it.
async fn drain(body: &mut RequestBody, most: usize) {
    let reading = async {
        let mut left = most;
        while left > 0
            && let Some(Ok(frame)) = body.frame().await
        {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        }
    };
    // What has not come by then is not waited for.
    let _ = tokio::time::timeout(DRAINED_WITHIN, reading).await;
}

fn too_long(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("The body is longer than {limit} bytes; compress it, or send it in several requests"),
    )
}
