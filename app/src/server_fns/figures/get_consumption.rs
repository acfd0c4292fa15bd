//! The last seven local days of an area, or its last twelve months.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use metering::api::ConsumptionSeries;

use crate::error::AppError;

/// The last seven local days of an area, or its last twelve months.
#[server(input = GetUrl, prefix = "/fn", endpoint = "get_consumption")]
pub async fn get_consumption(area: String, by: String) -> Result<ConsumptionSeries, AppError> {
    let area = super::super::parse_area(&area)?;
    crate::services::services()?.figures.consumption(&area, None, None, &by).await
}
