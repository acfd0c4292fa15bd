//! Plane geometry of the map: pure, so that it is tested without a browser.

pub mod hit;
pub mod mercator;
pub mod names;
pub mod outline;
