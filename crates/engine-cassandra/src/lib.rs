//! The store on Cassandra (or ScyllaDB, which speaks the same protocol), for many machines.
//!
//! | module | what |
//! | --- | --- |
//! | [`CassandraConfig`], [`Tls`], [`Login`] | where it is, and how it is spoken to |
//! | `schema` | the tables, with the reason for each key; migrations |
//! | `statements` | what is prepared once |
//! | `places` | which partition of a table something lies in |
//! | `write` | a flush: few, large, grouped writes, progress last |
//! | [`CassandraMetrics`] | what the driver counts |
//! | `pipeline`, `figures`, `documents`, `editions` | the ports |
//! | `packed` | days that are over, a row a shard |
//!
//! Every write of the pipeline is stamped with a position, not with a clock: the last write by position wins, cell by
//! cell, and every write names every column. So writes may come twice, late and in any order, and nobody is fenced.
//! Nothing is deleted but documents, and editions of the aggregates that nobody reads: readings go by their time to live.

mod config;
mod connection;
mod documents;
mod editions;
mod error;
mod figures;
mod metrics;
mod packed;
mod pipeline;
mod places;
mod schema;
mod security;
mod statements;
mod write;

pub use config::{CassandraConfig, Sizing};
pub use connection::CassandraStore;
pub use error::ConnectError;
pub use metrics::{CassandraMetrics, Latency};
pub use schema::{Done, Migrated, expires, keep_readings, migrate};
pub use security::{Identity, Login, Tls};
