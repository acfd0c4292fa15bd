//! Small things with a name: published statistics, what was released, settings, how far an import is.

use async_trait::async_trait;

use crate::StoreError;

/// A named value; what it holds is its owner's affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name within its kind.
    pub id: String,
    /// Its content.
    pub body: Vec<u8>,
}

/// Bytes of a document that is compared before it is written, at most.
pub const COMPARED_BYTES_MAX: usize = 256 << 10;

/// Documents by kind and name. Durable when a call returns.
#[async_trait]
pub trait DocumentStore: Send + Sync + 'static {
    /// One of them.
    async fn document(&self, kind: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// All of a kind, in order of name.
    async fn documents(&self, kind: &str) -> Result<Vec<Document>, StoreError>;

    /// Writes many, atomically where the engine can.
    async fn put_documents(&self, kind: &str, documents: Vec<Document>) -> Result<(), StoreError>;

    /// Writes one if what is there is still what was `read` (none: nothing was), and tells whether it was: of several who
    /// try at once, one succeeds. Who hears an error does not know, and has to read again. A document that is written so is
    /// written in no other way, and has at most [`COMPARED_BYTES_MAX`].
    async fn replace_document(
        &self,
        kind: &str,
        id: &str,
        read: Option<&[u8]>,
        by: Vec<u8>,
    ) -> Result<bool, StoreError>;

    /// Removes one; it is no error if there is none.
    async fn remove_document(&self, kind: &str, id: &str) -> Result<(), StoreError>;
}
