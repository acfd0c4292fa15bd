//! Tests of the whole: the real app in this process, and the real program beside it. One binary, so that the
//! server is linked once; modules that are marked `#[ignore]` are run by their names:
//! `cargo xtask test kill` and `cargo xtask test real-data`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod app;
mod chaos;
mod import;
mod kill;
mod support;
mod trouble;
