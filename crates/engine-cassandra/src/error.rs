//! What can go wrong, in the words of the ports.

use engine::StoreError;

/// Why there is no store to be had.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers, or not as it should.
    #[error("Cassandra at {nodes} can't be used: {why}")]
    Away {
        /// Who was asked.
        nodes: String,
        /// What they said.
        why: String,
    },
    /// There is a Cassandra, and it does not know us.
    #[error("Cassandra at {nodes} can't be logged in to: {why}")]
    NotLetIn {
        /// Who was asked.
        nodes: String,
        /// What they said.
        why: String,
    },
    /// There is a Cassandra, and it was not prepared for this.
    #[error("Cassandra at {nodes} is not migrated: {why}; run `wattmap migrate`")]
    NotMigrated {
        /// Who was asked.
        nodes: String,
        /// What is missing.
        why: String,
    },
    /// What was asked for can't be done to what is stored.
    #[error("{0}")]
    Refused(String),
}

/// What may pass: every failure of a request, for requests are repeated.
pub(crate) fn away(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// What is stored is not what was written.
pub(crate) fn corrupt(table: &str, what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("table {table}: {what}"))
}
