//! The page of what a household would use and pay.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::error::AppError;
use crate::household::{EstimatePage, EstimateQuery};

/// What a household would use and pay, and what of the URL was not understood. `q` is an area that somebody looks for.
#[server(input = GetUrl, prefix = "/fn", endpoint = "estimate_household")]
pub async fn estimate_household(query: EstimateQuery, q: String) -> Result<EstimatePage, AppError> {
    crate::household::estimated(&crate::services::services()?, query, &q).await
}
