//! Files as people have them, real, written and hostile, through the public interface.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod carried_files;
mod columns;
mod common;
mod green_button;
mod hostile;
mod real_data;
