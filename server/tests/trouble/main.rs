//! Trouble, and the real program in it: a disk that is full, files that are damaged, a directory or a port
//! that somebody has, signals under load. Nothing that was acknowledged is lost, and each says what is wrong.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod disk;
mod killed;
mod program;
mod sender;
mod signals;
mod taken;
