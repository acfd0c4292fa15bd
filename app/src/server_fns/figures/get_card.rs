//! What is known of one area.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use metering::api::AreaCard;

use crate::error::AppError;

/// What is known of one area.
#[server(input = GetUrl, prefix = "/fn", endpoint = "get_card")]
pub async fn get_card(area: String) -> Result<AreaCard, AppError> {
    let area = super::super::parse_area(&area)?;
    crate::services::services()?.figures.card(&area).await
}
