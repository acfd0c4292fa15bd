//! What the map page begins with.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::error::AppError;
use crate::site_map::FirstMap;

/// What the map page begins with, for a URL of it.
#[server(input = GetUrl, prefix = "/fn", endpoint = "get_first_map")]
pub async fn get_first_map(url: String) -> Result<FirstMap, AppError> {
    let services = crate::services::services()?;
    crate::first_map::first_map(&services, &crate::view_state::View::parse(&url)).await
}
