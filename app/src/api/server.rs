//! The server does not ask itself: an island's questions are asked in the browser.

use serde::de::DeserializeOwned;

use crate::error::AppError;

pub(crate) async fn get<T: DeserializeOwned>(_path: &str) -> Result<T, AppError> {
    Err(AppError::Network)
}

pub(crate) fn encode(text: &str) -> String {
    text.to_owned()
}
