//! How far an import is. It need not be exact: what is sent twice counts once.

use serde::{Deserialize, Serialize};

use super::report::Counts;

/// The kind of document that checkpoints are.
pub(super) const KIND: &str = "imports";

/// How far an import of one file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The file, for people.
    pub(super) file: String,
    /// Values of the file that were dealt with, refused ones among them: so many are passed over. A parser
    /// gives the same ones in the same order whenever it reads the same file.
    pub(super) done: u64,
    /// What came of them.
    pub(super) counts: Counts,
}
