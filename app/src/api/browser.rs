//! Fetching.

use leptos::prelude::window;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::error::AppError;

/// Gets a JSON answer.
pub(crate) async fn get<T: DeserializeOwned>(path: &str) -> Result<T, AppError> {
    serde_json::from_str(&text(path).await?).map_err(|_| AppError::Internal)
}

/// Gets a text. Kept apart from what it means, so that there is one of it.
async fn text(path: &str) -> Result<String, AppError> {
    let response = JsFuture::from(window().fetch_with_str(path)).await.map_err(|_| AppError::Network)?;
    let response: Response = response.unchecked_into();
    match response.status() {
        200 => {}
        400 | 404 => return Err(AppError::NotFound { what: path.to_owned() }),
        429 | 503 => return Err(AppError::Unavailable),
        _ => return Err(AppError::Internal),
    }
    let body = response.text().map_err(|_| AppError::Internal)?;
    let body = JsFuture::from(body).await.map_err(|_| AppError::Network)?;
    body.as_string().ok_or(AppError::Internal)
}

/// A text for a URL's query.
pub(crate) fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
