//! The log, what owners tell others, and who owns what, on Kafka.
//!
//! | module | what |
//! | --- | --- |
//! | [`KafkaConfig`], [`Security`] | where the brokers are, and how they are spoken to |
//! | `topics` | the topics, the markers of generations in them; migrations |
//! | `settings` | which topics there are, and what they have to be set to |
//! | `producer` | appends: idempotent, acknowledged by all in-sync replicas, bounded |
//! | `readers` | reads: who follows a partition has a consumer of its own, without a group |
//! | `moments` | when records were appended, without a reader |
//! | `ownership` | which partitions are this process's, by a consumer group |
//! | [`reach()`] | whether brokers answer, and if not, why |
//! | [`KafkaMetrics`] | what clients count |
//! | `log`, `live`, `dead` | the other ports |
//!
//! A record's partition is computed here, by [`metering::wire::partition_of`]: librdkafka's own default is another hash
//! than that of Java's clients.

mod config;
mod dead;
mod live;
mod log;
mod metrics;
mod moments;
mod ownership;
mod producer;
mod reach;
mod readers;
mod security;
mod settings;
mod topics;

pub use config::KafkaConfig;
pub use dead::KafkaDeadLetters;
pub use live::KafkaFeed;
pub use log::KafkaLog;
pub use metrics::{BrokerMetrics, ClientKind, ClientMetrics, GroupMetrics, KafkaMetrics, RoundTrip, Totals};
pub use ownership::KafkaOwnership;
pub use reach::reach;
pub use security::{Identity, Login, Mechanism, Security, Tls};
pub use settings::{differences, settle, topics};
pub use topics::{Migrated, Topics, mark, migrate};

/// What can go wrong before there is a log.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// Nobody answers, or not as they should.
    #[error("Kafka at {brokers} can't be used: {why}")]
    Away {
        /// Who was asked.
        brokers: String,
        /// What they said.
        why: String,
    },
    /// There are brokers, and they do not know us, or we do not trust them.
    #[error("Kafka at {brokers} can't be logged in to: {why}")]
    NotLetIn {
        /// Who was asked.
        brokers: String,
        /// What was wrong.
        why: String,
    },
    /// There are brokers, and they were not prepared for this.
    #[error("Kafka at {brokers} is not migrated: {why}; run `wattmap migrate`")]
    NotMigrated {
        /// Who was asked.
        brokers: String,
        /// What is missing.
        why: String,
    },
    /// What was asked for can't be done to what is there.
    #[error("{0}")]
    Refused(String),
    /// The system gives no random numbers.
    #[error("no token can be drawn for a generation of the log: {0}")]
    NoToken(String),
}
