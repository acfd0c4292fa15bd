//! The files of `cargo leptos watch`, which builds the page again whenever its source changes, under names that stay.
//!
//! It tells the server by `LEPTOS_SITE_ROOT` where they are. Leaflet is not its business: that stays as it was built.

use std::borrow::Cow;
use std::path::PathBuf;

use app::assets::AssetUrls;
use axum::http::HeaderValue;

use super::{Found, content_type};

/// What is rebuilt while somebody works on it keeps its name.
const NOT_AT_ALL: HeaderValue = HeaderValue::from_static("no-cache");

/// What cargo-leptos makes, by the names that it gives.
const NAMES: [&str; 3] = ["wattmap.js", "wattmap.wasm", "wattmap.css"];

fn directory() -> Option<PathBuf> {
    std::env::var_os("LEPTOS_SITE_ROOT").map(|root| PathBuf::from(root).join("pkg"))
}

/// The URLs while cargo-leptos watches; Leaflet's as given.
pub(super) fn asset_urls(built: AssetUrls) -> Option<AssetUrls> {
    directory()?;
    let [js, wasm, css] = NAMES.map(|name| format!("/pkg/{name}"));
    Some(AssetUrls { js, wasm, css, ..built })
}

/// One of its files.
pub(super) fn find(name: &str) -> Option<Found> {
    let name = NAMES.into_iter().find(|known| *known == name)?;
    let content = std::fs::read(directory()?.join(name)).ok()?;
    Some(Found { content: Cow::Owned(content), mime: content_type(name), etag: None, caching: NOT_AT_ALL })
}
