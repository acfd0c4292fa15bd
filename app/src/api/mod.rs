//! How the browser asks the server: the public API, as anybody may.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
pub(crate) use browser::{encode, get};
#[cfg(not(feature = "hydrate"))]
pub(crate) use server::{encode, get};
