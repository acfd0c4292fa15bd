//! Aggregates that are made anew beside those in use: other groups of areas of the same tables.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{DocumentStore, Edition, Editions, FigureStore, InEdition, PipelineStore, StoreError};
use futures::future::BoxFuture;

use crate::connection::CassandraStore;
use crate::places::{EDITION_LAST, Of, numbered};

/// The document that is the note.
const NOTE: (&str, &str) = ("editions", "note");

#[async_trait]
impl Editions for CassandraStore {
    async fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, id) = NOTE;
        self.document(kind, id).await
    }

    async fn replace_note(&self, read: Option<&[u8]>, by: Vec<u8>) -> Result<bool, StoreError> {
        let (kind, id) = NOTE;
        self.replace_document(kind, id, read, by).await
    }

    fn pipeline(&self, edition: &InEdition) -> Arc<dyn PipelineStore> {
        self.in_edition(edition)
    }

    fn figures(&self, edition: &InEdition) -> Arc<dyn FigureStore> {
        self.in_edition(edition)
    }

    async fn write_out(&self) -> Result<(), StoreError> {
        // What is acknowledged is durable.
        Ok(())
    }

    /// By groups; what somebody writes there later has an older stamp, and stays removed.
    async fn remove(&self, edition: Edition) -> Result<(), StoreError> {
        let statement = &self.statements.remove_aggregates;
        let numbers = (numbered(edition, 0), numbered(edition, EDITION_LAST));
        let mut removals: Vec<BoxFuture<'_, Result<(), StoreError>>> = Vec::new();
        for day in self.stored_days(Of::Aggregates).await? {
            for statement in [&self.statements.remove_changed_days, &self.statements.remove_packed_days] {
                removals.push(Box::pin(self.run(statement, (day, numbers.0, numbers.1))));
            }
            for shard in self.sizing.all_shards(edition) {
                removals.push(Box::pin(self.run(statement, (day, shard))));
            }
        }
        self.all(removals).await.map(drop)
    }
}
