//! Aggregates that are made anew beside those in use. Who makes them has the directory to itself, so the note is
//! compared under a lock, and progress is that of every edition: nothing is decided meanwhile.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Document, Edition, Editions, FigureStore, InEdition, PipelineStore, StoreError};

use super::{EmbeddedStore, Inner, key, lock};

/// The document that is the note.
const NOTE: (&str, &str) = ("editions", "note");

impl Inner {
    fn replace_note(&self, read: Option<&[u8]>, by: Vec<u8>) -> Result<bool, StoreError> {
        let _one_at_a_time = lock(&self.noting);
        let (kind, id) = NOTE;
        if self.document(kind, id)?.as_deref() != read {
            return Ok(false);
        }
        self.put_documents(kind, vec![Document { id: id.to_owned(), body: by }])?;
        Ok(true)
    }
}

#[async_trait]
impl Editions for EmbeddedStore {
    async fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, id) = NOTE;
        self.document(kind, id).await
    }

    async fn replace_note(&self, read: Option<&[u8]>, by: Vec<u8>) -> Result<bool, StoreError> {
        let read = read.map(<[u8]>::to_vec);
        self.blocking(move |inner| inner.replace_note(read.as_deref(), by)).await
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
