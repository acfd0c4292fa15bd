//! To what the last migration set the topics: whoever starts later has settings of its own, and those of the migration hold.

use std::time::Duration;

use engine::{Document, DocumentStore};
use engine_kafka::Topics;
use serde::{Deserialize, Serialize};

use super::StaysWrong;

const KIND: &str = "log";
const ID: &str = "topics";

#[derive(Serialize, Deserialize)]
struct Set {
    partitions: u32,
    replication: u32,
    in_sync: u32,
    retention_s: u64,
    dead_retention_s: u64,
    live_retention_s: u64,
}

/// None before the first migration that remembered them.
pub(super) async fn read(documents: &dyn DocumentStore) -> anyhow::Result<Option<Topics>> {
    let Some(body) = documents.document(KIND, ID).await? else { return Ok(None) };
    let set: Set = serde_json::from_slice(&body).map_err(StaysWrong::unreadable("topics"))?;
    Ok(Some(Topics {
        partitions: set.partitions,
        replication: set.replication,
        in_sync: set.in_sync,
        retention: Duration::from_secs(set.retention_s),
        dead_retention: Duration::from_secs(set.dead_retention_s),
        live_retention: Duration::from_secs(set.live_retention_s),
    }))
}

pub(super) async fn write(topics: &Topics, documents: &dyn DocumentStore) -> anyhow::Result<()> {
    let set = Set {
        partitions: topics.partitions,
        replication: topics.replication,
        in_sync: topics.in_sync,
        retention_s: topics.retention.as_secs(),
        dead_retention_s: topics.dead_retention.as_secs(),
        live_retention_s: topics.live_retention.as_secs(),
    };
    let document = Document { id: ID.to_owned(), body: serde_json::to_vec(&set)? };
    Ok(documents.put_documents(KIND, vec![document]).await?)
}
