//! The commands, a file each.

pub mod check;
pub mod export;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod replay;
pub mod run;

mod connection;
mod engine;
mod say;
mod signals;

pub use engine::geography_of;
pub(crate) use say::{remark, say};
