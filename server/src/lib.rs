//! The native half of wattmap: configuration, roles, HTTP.
//!
//! | module | what |
//! | --- | --- |
//! | [`cli`], [`commands`] | the command line, a file a command |
//! | [`config`] | what can be set, and where it was set |
//! | [`engines`] | Kafka and Cassandra, or neither: which one is configured |
//! | [`roles`] | what a process can be: composed here of an engine's ports |
//! | [`state`] | what all handlers and tasks of a node share |
//! | [`routes`], `openapi` | all HTTP routes, a file a verb; what they are, for programs |
//! | [`door`] | the one way in for readings and registrations |
//! | [`figures`], [`live`] | public figures, and the feed of what is now |
//! | [`exact`], [`redrive`], [`ingestion`], [`simulation`] | what operators ask and steer |
//! | [`keys`] | who may send and who may look |
//! | [`serve`], [`site`], [`telemetry`], [`problem`] | connections, the page's files, logs and counters, errors |
//!
//! Only [`engines`] knows which engine runs.

pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
mod csv;
pub mod door;
pub mod editions;
pub mod engines;
pub mod exact;
pub mod figures;
mod imported_geography;
pub mod ingestion;
pub mod keys;
pub mod live;
#[cfg(test)]
mod memory;
pub mod moments;
mod openapi;
mod pictures;
mod problem;
pub mod readiness;
pub mod redrive;
pub mod roles;
pub mod routes;
pub mod serve;
pub mod simulation;
pub mod site;
pub mod state;
pub mod statistics;
pub mod tariffs;
pub mod telemetry;
