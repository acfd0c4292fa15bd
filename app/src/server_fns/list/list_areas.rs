//! A page of the list of all areas.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::error::AppError;
use crate::listing::{ListPage, ListQuery};

/// A page of the list of all areas: filtered, sorted, and cut to what a page holds.
#[server(input = GetUrl, prefix = "/fn", endpoint = "list_areas")]
pub async fn list_areas(query: ListQuery) -> Result<ListPage, AppError> {
    crate::listing::list(&crate::services::services()?, query).await
}
