//! Aggregates can be made anew beside those in use, and take their place at once.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{FigureStore, PipelineStore, StoreError};

/// One set of aggregates, and (where others decide while it is made) how far each partition of the log is in it.
/// Readings, registrations and dead letters are those of every edition. The first is 0; no number is given twice, so
/// that whoever has slept through a change writes where nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Edition(pub u32);

impl Edition {
    /// The last one there is a number for.
    pub const LAST: Edition = Edition(0x7fff);
}

/// Which edition somebody works on: always the same, or the one in use, as that changes. Clones follow each other.
#[derive(Debug, Clone, Default)]
pub struct InEdition(watch::Sender<Edition>);

impl InEdition {
    /// Of this one, until it is told otherwise.
    pub fn new(edition: Edition) -> Self {
        InEdition(watch::Sender::new(edition))
    }

    /// The edition.
    pub fn get(&self) -> Edition {
        *self.0.borrow()
    }

    /// From now on this one. Says whether it is another one.
    pub fn set(&self, edition: Edition) -> bool {
        self.0.send_if_modified(|now| std::mem::replace(now, edition) != edition)
    }

    /// Hears of others from now on.
    pub fn subscribe(&self) -> watch::Receiver<Edition> {
        self.0.subscribe()
    }
}

/// A store's editions. Which of them is in use is what its note says: here all are alike.
#[async_trait]
pub trait Editions: Send + Sync + 'static {
    /// What was noted last: which is in use, which is being made. None at first.
    async fn note(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Notes something else if the note is still what was `read`, and tells whether it was: of several who try at once,
    /// one succeeds.
    async fn replace_note(&self, read: Option<&[u8]>, by: Vec<u8>) -> Result<bool, StoreError>;

    /// What the owners of partitions read and write of it.
    fn pipeline(&self, edition: &InEdition) -> Arc<dyn PipelineStore>;

    /// What figures are made from in it.
    fn figures(&self, edition: &InEdition) -> Arc<dyn FigureStore>;

    /// When this returns `Ok`, what was flushed is durable even without the log.
    async fn write_out(&self) -> Result<(), StoreError>;

    /// Removes the aggregates of one that nobody reads any more.
    async fn remove(&self, edition: Edition) -> Result<(), StoreError>;
}
