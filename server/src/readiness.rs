//! What is still missing before this node can answer.

use std::collections::BTreeSet;
use std::sync::Mutex;

use engine::ReadingLog;

use crate::ingestion::Ingestion;

/// All that keeps a node from answering as it should: what it lacks itself, partitions that nobody decides,
/// and a log that takes nothing, so that the door refuses every reading. Nothing: ready.
pub async fn missing(own: &Readiness, ingestion: &Ingestion, log: &dyn ReadingLog) -> Vec<String> {
    let mut missing = own.missing();
    missing.extend(ingestion.missing());
    missing.extend(log.refuses().await.map(|why| format!("a log that takes readings: {why}")));
    missing
}

/// Named things that have to be there, and are not yet (or not now).
#[derive(Debug, Default)]
pub struct Readiness {
    missing: Mutex<BTreeSet<String>>,
}

impl Readiness {
    /// Notes that something is missing.
    pub fn lacks(&self, what: impl Into<String>) {
        self.lock().insert(what.into());
    }

    /// Notes that it is there.
    pub fn has(&self, what: &str) {
        self.lock().remove(what);
    }

    /// What is missing, in order of name.
    pub fn missing(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.missing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
