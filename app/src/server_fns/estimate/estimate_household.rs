//! The page of what a household would use and pay.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::error::AppError;
use crate::household::{EstimateAsked, EstimatePage};

/// What a household would use and pay, and what of the URL was not understood.
#[server(input = GetUrl, prefix = "/fn", endpoint = "estimate_household")]
pub async fn estimate_household(asked: EstimateAsked) -> Result<EstimatePage, AppError> {
    crate::household::estimated(&crate::services::services()?, asked).await
}
