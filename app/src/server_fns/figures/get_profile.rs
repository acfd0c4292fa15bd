//! The mean local day of an area.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use metering::api::Profile;

use crate::error::AppError;

/// The mean local day of an area.
#[server(input = GetUrl, prefix = "/fn", endpoint = "get_profile")]
pub async fn get_profile(area: String, day: String) -> Result<Profile, AppError> {
    let area = super::super::parse_area(&area)?;
    crate::services::services()?.figures.profile(&area, None, &day).await
}
