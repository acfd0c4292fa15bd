//! The generations of the log, as migrations remember them: beside the store, not in the log, because a log that was made
//! again does not know that there was another one.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use engine::{Announcements, Document, DocumentStore, StoreError};
use metering::Generation;
use serde::{Deserialize, Serialize};

use super::StaysWrong;

const KIND: &str = "log";
const ID: &str = "generations";

/// The generations of the log that is there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Generations {
    /// Oldest first.
    all: Vec<Generation>,
    /// Whether the last one's markers are in the log: before that nobody may send by its partitions.
    marked: bool,
}

impl Generations {
    /// Whose last one is known, and has not begun.
    pub(super) fn announced(all: Vec<Generation>) -> Self {
        Generations { all, marked: false }
    }

    /// The same, begun.
    pub(super) fn finished(&self) -> Self {
        Generations { all: self.all.clone(), marked: true }
    }

    pub(super) fn is_unfinished(&self) -> bool {
        !self.marked
    }

    /// All that are known.
    pub(super) fn all(&self) -> &[Generation] {
        &self.all
    }

    pub(super) fn last(&self) -> Option<Generation> {
        self.all.last().copied()
    }

    /// Those that have begun.
    pub(super) fn begun(&self) -> &[Generation] {
        let count = if self.marked { self.all.len() } else { self.all.len().saturating_sub(1) };
        &self.all[..count]
    }

    /// Those of a migrated system.
    pub(super) async fn read(documents: &dyn DocumentStore) -> anyhow::Result<Self> {
        let found = Self::read_if_any(documents).await?.filter(|found| !found.begun().is_empty());
        found.context("the log has not begun; run `wattmap migrate`")
    }

    /// Those that there are; none before the first migration.
    pub(super) async fn read_if_any(documents: &dyn DocumentStore) -> anyhow::Result<Option<Self>> {
        let Some(body) = documents.document(KIND, ID).await? else { return Ok(None) };
        Ok(Some(Self::decode(&body)?))
    }

    fn decode(body: &[u8]) -> Result<Self, StaysWrong> {
        serde_json::from_slice(body).map_err(StaysWrong::unreadable("log's generations"))
    }

    pub(super) async fn write(&self, documents: &dyn DocumentStore) -> anyhow::Result<()> {
        let document = Document { id: ID.to_owned(), body: serde_json::to_vec(self)? };
        Ok(documents.put_documents(KIND, vec![document]).await?)
    }
}

/// What is remembered beside a store, asked anew each time.
pub(super) struct Remembered(pub(super) Arc<dyn DocumentStore>);

#[async_trait]
impl Announcements for Remembered {
    async fn announced(&self) -> Result<Vec<Generation>, StoreError> {
        let body = self.0.document(KIND, ID).await?;
        let body = body.ok_or_else(|| StoreError::Corrupt("the log's generations are gone".to_owned()))?;
        Generations::decode(&body)
            .map(|found| found.all)
            .map_err(|error| StoreError::Corrupt(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sends_by_partitions_that_have_not_begun() {
        let two = vec![
            Generation { generation: 1, partitions: 4, token: 0 },
            Generation { generation: 2, partitions: 6, token: 0 },
        ];
        let announced = Generations::announced(two.clone());
        assert_eq!((announced.begun(), announced.is_unfinished()), (&two[..1], true));
        assert_eq!(announced.last(), two.last().copied());
        let finished = announced.finished();
        assert_eq!((finished.begun(), finished.is_unfinished()), (&two[..], false));
    }
}
