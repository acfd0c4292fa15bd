//! Takes a JSON body of registrations with a key.

use leptos::prelude::*;

use crate::error::AppError;

/// Takes a JSON body of registrations with a key; gives the door's receipt, as JSON.
#[server(prefix = "/fn", endpoint = "register_meters")]
pub async fn register_meters(key: String, body: String) -> Result<String, AppError> {
    crate::services::services()?.door.register_meters(&key, body).await
}
