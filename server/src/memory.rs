//! What tests keep in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use engine::{Document, DocumentStore, StoreError};

/// Documents, of one kind.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

#[async_trait]
impl DocumentStore for Memory {
    async fn document(&self, _: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.lock().unwrap().get(id).cloned())
    }
    async fn documents(&self, _: &str) -> Result<Vec<Document>, StoreError> {
        let all = self.0.lock().unwrap();
        Ok(all.iter().map(|(id, body)| Document { id: id.clone(), body: body.clone() }).collect())
    }
    async fn put_documents(&self, _: &str, documents: Vec<Document>) -> Result<(), StoreError> {
        self.0.lock().unwrap().extend(documents.into_iter().map(|one| (one.id, one.body)));
        Ok(())
    }
    async fn remove_document(&self, _: &str, id: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}
