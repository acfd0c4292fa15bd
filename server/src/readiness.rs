//! What is still missing before this node can answer.

use std::collections::BTreeSet;
use std::sync::Mutex;

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

    /// What is missing, in order of name; nothing: ready.
    pub fn missing(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.missing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
