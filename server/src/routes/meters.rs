//! `POST /api/v1/meters`

use axum::extract::{Request, State};
use axum::response::Response;

use super::authorised::Sender;
use super::query::QueryOf;
use super::readings::submit;
use crate::door::{Kind, Manner};
use crate::problem::Problem;
use crate::state::AppState;

pub(super) async fn post(
    State(state): State<AppState>,
    sender: Result<Sender, Problem>,
    manner: Result<QueryOf<Manner>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    submit(&state, Kind::Meters, (sender, manner), request).await
}
