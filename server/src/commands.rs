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
mod say;

pub use engine::{Opened, geography_of, open};
pub(crate) use say::{remark, say};
