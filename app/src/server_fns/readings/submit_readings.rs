//! Takes a JSON body of readings with a key.

use leptos::prelude::*;

use crate::error::AppError;

/// Takes a JSON body of readings with a key; gives the door's receipt, as JSON.
#[server(prefix = "/fn", endpoint = "submit_readings")]
pub async fn submit_readings(key: String, body: String) -> Result<String, AppError> {
    crate::services::services()?.door.submit_readings(&key, body).await
}
