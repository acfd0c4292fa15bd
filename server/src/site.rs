//! The files that the page loads, out of the binary itself: `cargo xtask site` makes them, the build embeds them.
//!
//! A build without optimisation reads them from `target/site` instead, so that a changed style needs no new server.

mod encoding;
#[cfg(debug_assertions)]
mod watched;

use std::borrow::Cow;
use std::collections::BTreeMap;

use app::assets::AssetUrls;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use self::encoding::Encoding;

/// Names carry a hash of the content, so what a browser has once it never needs to ask for again.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

#[derive(RustEmbed)]
#[folder = "../target/site"]
struct Embedded;

/// A file of the site, in one encoding.
struct Found {
    content: Cow<'static, [u8]>,
    mime: String,
    etag: Option<HeaderValue>,
    caching: HeaderValue,
}

/// `/pkg/{file}`.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/pkg/{file}", get(serve))
}

/// Where the page's files are; all empty if the site was not built.
pub fn asset_urls() -> AssetUrls {
    #[cfg(debug_assertions)]
    if let Some(urls) = watched::asset_urls(from_manifest()) {
        return urls;
    }
    from_manifest()
}

/// What to tell the person who starts a server that carries no site.
pub fn missing() -> Option<&'static str> {
    asset_urls().js.is_empty().then_some(
        "this wattmap was built without its site: pages will be there, but plain; `cargo xtask build` builds both",
    )
}

fn from_manifest() -> AssetUrls {
    let manifest: BTreeMap<String, String> = Embedded::get("manifest.json")
        .and_then(|file| serde_json::from_slice(&file.data).ok())
        .unwrap_or_default();
    let url = |name: &str| manifest.get(name).cloned().unwrap_or_default();
    AssetUrls {
        js: url("wattmap.js"),
        wasm: url("wattmap_bg.wasm"),
        css: url("style.css"),
        pages_css: url("pages.css"),
        own_data_js: url("own-data.js"),
        own_data_wasm: url("own-data_bg.wasm"),
        leaflet_js: url("leaflet.js"),
        leaflet_css: url("leaflet.css"),
    }
}

async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    #[cfg(debug_assertions)]
    if let Some(found) = watched::find(&name) {
        return answer(found, None, &headers);
    }
    // Compressed copies have no URL of their own: they are what a URL looks like to who accepts them. And an encoded
    // slash must not lead out of the directory.
    if name.ends_with(".br") || name.ends_with(".gz") || name.contains('/') {
        return StatusCode::NOT_FOUND.into_response();
    }
    for encoding in Encoding::accepted(headers.get_all(header::ACCEPT_ENCODING)) {
        if let Some(found) = find(&name, Some(encoding)) {
            return answer(found, Some(encoding), &headers);
        }
    }
    match find(&name, None) {
        Some(found) => answer(found, None, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn find(name: &str, encoding: Option<Encoding>) -> Option<Found> {
    let suffix = encoding.map_or("", Encoding::suffix);
    let file = Embedded::get(&format!("pkg/{name}{suffix}"))?;
    // The encodings of one file differ in their bytes, so each has its own tag.
    let etag: String = file.metadata.sha256_hash()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    Some(Found {
        content: file.data,
        mime: content_type(name),
        etag: HeaderValue::from_str(&format!("\"{etag}\"")).ok(),
        caching: FOR_EVER,
    })
}

fn content_type(name: &str) -> String {
    let mime = mime_guess::from_path(name).first_or_octet_stream();
    if mime.type_() == "text" { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

fn answer(found: Found, encoding: Option<Encoding>, asked: &HeaderMap) -> Response {
    let known = found
        .etag
        .as_ref()
        .is_some_and(|etag| asked.get_all(header::IF_NONE_MATCH).iter().any(|given| names_tag(given, etag)));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Body::from(found.content).into_response();
        if let Ok(mime) = HeaderValue::from_str(&found.mime) {
            response.headers_mut().insert(header::CONTENT_TYPE, mime);
        }
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, encoding.header_value());
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, found.caching);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(etag) = found.etag {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// If-None-Match is a list of tags, each of which a proxy may have made weak, or a star.
fn names_tag(given: &HeaderValue, etag: &HeaderValue) -> bool {
    given.to_str().is_ok_and(|list| {
        list.split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag)
    })
}

#[cfg(test)]
mod tests;
