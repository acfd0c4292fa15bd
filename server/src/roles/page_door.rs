//! The door, for the page's server functions.

use app::error::AppError;
use app::services::ReadingDoor;
use async_trait::async_trait;
use metering::door::{Format, Receipt};

use crate::door::{Body, Coding, Kind, Manner};
use crate::keys::Scope;
use crate::problem::Problem;
use crate::state::AppState;

/// The same code path as the API's.
pub(super) struct PageDoor(pub(super) AppState);

impl PageDoor {
    async fn take(&self, key: &str, kind: Kind, text: String) -> Result<String, AppError> {
        let submitted = async {
            let key = self
                .0
                .keys
                .check(key, Scope::Ingest)
                .await
                .map_err(|error| crate::routes::refusal(&error))?;
            if text.len() > self.0.door.limits().decompressed_bytes {
                let detail = "The text is longer than one request may be; send it in several.";
                return Err(Problem::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            let _turn = self.0.door.turn(&key).await?;
            let body = Body { bytes: text.into(), format: Format::Json, coding: Coding::Identity };
            self.0.door.take(&key, kind, body, Manner::default()).await
        };
        let receipt: Receipt = submitted
            .await
            .map_err(|problem| AppError::Door { status: problem.status, detail: problem.detail })?;
        serde_json::to_string(&receipt).map_err(|_| AppError::Internal)
    }
}

#[async_trait]
impl ReadingDoor for PageDoor {
    async fn submit_readings(&self, key: &str, body: String) -> Result<String, AppError> {
        self.take(key, Kind::Readings, body).await
    }

    async fn register_meters(&self, key: &str, body: String) -> Result<String, AppError> {
        self.take(key, Kind::Meters, body).await
    }
}
