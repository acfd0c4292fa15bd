//! A page of areas side by side.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::comparison::{ComparePage, CompareQuery};
use crate::error::AppError;

/// A page of areas side by side, and what of the URL was not understood.
#[server(input = GetUrl, prefix = "/fn", endpoint = "compare_areas")]
pub async fn compare_areas(areas: String, q: String) -> Result<ComparePage, AppError> {
    crate::comparison::compared(&crate::services::services()?, CompareQuery::parse(&areas, &q)).await
}
