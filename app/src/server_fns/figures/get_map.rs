//! One figure for every area of a level.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use metering::api::{MapAnswer, Measure};

use crate::error::AppError;

/// One figure for every area of a level.
#[server(input = GetUrl, prefix = "/fn", endpoint = "get_map")]
pub async fn get_map(level: String, measure: Measure) -> Result<MapAnswer, AppError> {
    crate::services::services()?.figures.map(&level, measure, None, None).await
}
