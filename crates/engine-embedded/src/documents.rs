//! Documents: in the store, except the keys of the API. Those are files of their own, so that
//! `wattmap keys create` works while a server has the directory, and the server sees them at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use engine::{Document, DocumentStore, StoreError};

use crate::store::EmbeddedStore;
use crate::{OpenError, files, private};

/// The kind whose documents are files: readable and writable by a second process.
pub const KEYS: &str = "keys";

/// What their files say that they are.
const KIND: &str = "document";

/// The documents of a data directory.
pub struct EmbeddedDocuments {
    keys: PathBuf,
    store: Option<Arc<EmbeddedStore>>,
    comparing: Arc<Mutex<()>>,
}

impl EmbeddedDocuments {
    pub(crate) fn new(dir: &Path, store: Arc<EmbeddedStore>) -> Result<Self, OpenError> {
        Ok(EmbeddedDocuments { store: Some(store), ..Self::keys_only(dir)? })
    }

    /// Checks every file, and changes none: a damaged one is found now, not when its owner is refused.
    pub(crate) fn verify(dir: &Path) -> Result<(), OpenError> {
        let keys = dir.join("keys");
        let entries = match fs::read_dir(&keys) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(OpenError::io("list it", &keys))?,
        };
        for entry in entries.flatten() {
            if entry.file_name().to_str().and_then(id_of).is_some() {
                files::read_sealed(&entry.path(), KIND)?;
            }
        }
        Ok(())
    }

    /// The documents of the kind [`KEYS`] alone, whether or not another process has the directory.
    pub fn keys_only(dir: impl AsRef<Path>) -> Result<Self, OpenError> {
        let keys = dir.as_ref().join("keys");
        private::create_dir_all(&keys).map_err(OpenError::io("make it", &keys))?;
        Ok(EmbeddedDocuments { keys, store: None, comparing: Arc::default() })
    }

    fn store(&self) -> Result<&EmbeddedStore, StoreError> {
        self.store.as_deref().ok_or_else(|| {
            StoreError::Unavailable(format!("only {KEYS} can be reached without the data directory's lock"))
        })
    }

    async fn keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let keys = self.keys.clone();
        let done = tokio::task::spawn_blocking(move || work(&keys)).await;
        done.map_err(|e| StoreError::Unavailable(e.to_string()))?
    }
}

/// A file name that says the document's name: what is not plain is written as `%` and two digits.
fn file_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len() + 9);
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    name + ".document"
}

fn id_of(name: &str) -> Option<String> {
    let mut rest = name.strip_suffix(".document")?.bytes();
    let mut id = Vec::new();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            id.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            id.push(byte);
        }
    }
    String::from_utf8(id).ok()
}

fn unavailable(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |e| StoreError::Unavailable(format!("{path}: {e}"))
}

fn read_one(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    files::read_sealed(path, KIND).map_err(|e| match e {
        OpenError::Corrupt { .. } => StoreError::Corrupt(e.to_string()),
        other => StoreError::Unavailable(other.to_string()),
    })
}

fn read_all(dir: &Path) -> Result<Vec<Document>, StoreError> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(dir).map_err(unavailable(dir))?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(id_of) else { continue };
        // One that goes away meanwhile was there a moment ago, and need not have been.
        if let Some(body) = read_one(&entry.path())? {
            documents.push(Document { id, body });
        }
    }
    documents.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(documents)
}

#[async_trait]
impl DocumentStore for EmbeddedDocuments {
    async fn document(&self, kind: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if kind != KEYS {
            return self.store()?.document(kind, id).await;
        }
        let name = file_name(id);
        self.keys(move |dir| read_one(&dir.join(name))).await
    }

    async fn documents(&self, kind: &str) -> Result<Vec<Document>, StoreError> {
        if kind != KEYS {
            return self.store()?.documents(kind).await;
        }
        self.keys(read_all).await
    }

    async fn put_documents(&self, kind: &str, documents: Vec<Document>) -> Result<(), StoreError> {
        if kind != KEYS {
            return self.store()?.put_documents(kind, documents).await;
        }
        self.keys(move |dir| {
            documents.into_iter().try_for_each(|document| {
                let path = dir.join(file_name(&document.id));
                files::write_sealed(&path, KIND, &document.body).map_err(unavailable(&path))
            })
        })
        .await
    }

    /// A key's file is compared with what this process writes, not with what `wattmap keys` writes beside it.
    async fn replace_document(
        &self,
        kind: &str,
        id: &str,
        read: Option<&[u8]>,
        by: Vec<u8>,
    ) -> Result<bool, StoreError> {
        if kind != KEYS {
            return self.store()?.replace_document(kind, id, read, by).await;
        }
        let (name, read, comparing) = (file_name(id), read.map(<[u8]>::to_vec), self.comparing.clone());
        self.keys(move |dir| {
            let _one_at_a_time = comparing.lock().unwrap_or_else(PoisonError::into_inner);
            let path = dir.join(name);
            let is_as_read = read_one(&path)? == read;
            if is_as_read {
                files::write_sealed(&path, KIND, &by).map_err(unavailable(&path))?;
            }
            Ok(is_as_read)
        })
        .await
    }

    async fn remove_document(&self, kind: &str, id: &str) -> Result<(), StoreError> {
        if kind != KEYS {
            return self.store()?.remove_document(kind, id).await;
        }
        let name = file_name(id);
        self.keys(move |dir| {
            let path = dir.join(name);
            files::remove_if_there(&path).and_then(|()| files::sync_dir(dir)).map_err(unavailable(&path))
        })
        .await
    }
}
