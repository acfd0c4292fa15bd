//! Areas, places and postcode sectors that match.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use metering::api::SearchAnswer;

use crate::error::AppError;

/// Areas, places and postcode sectors that match.
#[server(input = GetUrl, prefix = "/fn", endpoint = "search_places")]
pub async fn search_places(q: String) -> Result<SearchAnswer, AppError> {
    Ok(crate::services::services()?.figures.search(&q))
}
