//! `/live`: what may be said of now, pushed to every page that looks at it.
//!
//! One [`Hub`] a node makes a release at most once a second and compares it with the one before, level
//! by level. A client follows its level through a short queue; one that falls behind is not waited for:
//! it gets a fresh snapshot instead of what it missed. What is said to many is written once, and goes out in small
//! pieces: a client costs the server little, however much it is told and however slowly it listens.

mod client;
mod connect;
mod hub;
mod news;

pub use connect::{LiveLimits, LiveState, route};
pub use hub::Hub;
