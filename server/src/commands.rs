//! The commands, a file each.

pub mod apart;
pub mod check;
pub mod export;
pub mod import;
pub mod keys;
pub mod replay;
pub mod run;

mod connection;
mod engine;

pub use engine::{Opened, geography_of, open};
