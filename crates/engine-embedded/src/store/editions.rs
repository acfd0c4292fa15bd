//! Aggregates that are made anew beside those in use. Who makes them has the directory to itself, so progress is that of
//! every edition: nothing is decided meanwhile.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Edition, Editions, FigureStore, InEdition, PipelineStore, StoreError};

use super::{EmbeddedStore, key};

/// The document that is the note.
const NOTE: (&str, &str) = ("editions", "note");

#[async_trait]
impl Editions for EmbeddedStore {
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
        EmbeddedStore::write_out(self).await
    }

    async fn remove(&self, edition: Edition) -> Result<(), StoreError> {
        let prefix = key::aggregates(edition);
        self.blocking(move |inner| inner.remove(&prefix, None, "aggregates that nobody reads are removed"))
            .await
    }
}
