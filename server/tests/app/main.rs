//! The real app: on port 0, in a directory of its own, asked over HTTP. Tests mirror the routes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod lifecycle;
mod owners;
mod routes;
mod support;
