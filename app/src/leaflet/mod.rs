//! The map in the browser: Leaflet moves it, one canvas layer of ours draws it.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
pub(crate) use browser::take_over;
#[cfg(not(feature = "hydrate"))]
pub(crate) use server::take_over;
