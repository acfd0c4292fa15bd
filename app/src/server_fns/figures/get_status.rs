//! The state of the site.

use crate::site::SiteStatus;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::error::AppError;

/// The state of the site.
#[server(input = GetUrl, prefix = "/fn", endpoint = "get_status")]
pub async fn get_status() -> Result<SiteStatus, AppError> {
    Ok(crate::services::services()?.figures.status())
}
