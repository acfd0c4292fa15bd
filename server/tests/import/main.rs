//! `wattmap import` as its users run it: processes, files and a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod counted;
mod files;
mod into_the_engine;
mod killed;
mod real_data;
mod through_a_server;
mod wattmap;
