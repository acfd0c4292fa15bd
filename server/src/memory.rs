//! What tests keep in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use engine::{Document, DocumentStore, StoreError};

/// Documents, of one kind.
#[derive(Default)]
pub(crate) struct Memory {
    all: Mutex<BTreeMap<String, Vec<u8>>>,
    away: AtomicBool,
}

impl Memory {
    /// Whether it does not answer from now on.
    pub(crate) fn is_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    fn answers(&self) -> Result<(), StoreError> {
        let away = self.away.load(Ordering::Relaxed);
        if away { Err(StoreError::Unavailable("away".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl DocumentStore for Memory {
    async fn document(&self, _: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.answers()?;
        Ok(self.all.lock().unwrap().get(id).cloned())
    }
    async fn documents(&self, _: &str) -> Result<Vec<Document>, StoreError> {
        self.answers()?;
        let all = self.all.lock().unwrap();
        Ok(all.iter().map(|(id, body)| Document { id: id.clone(), body: body.clone() }).collect())
    }
    async fn put_documents(&self, _: &str, documents: Vec<Document>) -> Result<(), StoreError> {
        self.answers()?;
        self.all.lock().unwrap().extend(documents.into_iter().map(|one| (one.id, one.body)));
        Ok(())
    }
    async fn replace_document(
        &self,
        _: &str,
        id: &str,
        read: Option<&[u8]>,
        by: Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.answers()?;
        let mut all = self.all.lock().unwrap();
        let is_as_read = all.get(id).map(Vec::as_slice) == read;
        if is_as_read {
            all.insert(id.to_owned(), by);
        }
        Ok(is_as_read)
    }
    async fn remove_document(&self, _: &str, id: &str) -> Result<(), StoreError> {
        self.answers()?;
        self.all.lock().unwrap().remove(id);
        Ok(())
    }
}
