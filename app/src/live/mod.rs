//! The live feed: what the page knows of it, and (in the browser) the connection.

use leptos::prelude::*;
use metering::api::LiveFrame;

use crate::site::SiteStatus;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
pub use browser::follow;
#[cfg(not(feature = "hydrate"))]
pub use server::follow;

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Not tried yet.
    Waiting,
    /// Frames come.
    Open,
    /// Lost; it is tried again by itself.
    Lost,
}

/// What the page knows of the feed.
#[derive(Clone, Copy)]
pub struct Live {
    /// How the connection is.
    pub connection: RwSignal<Connection>,
    /// Seconds since something was heard; none where nothing ever was.
    pub age_s: RwSignal<Option<i64>>,
    /// The newest frame, for the map.
    pub frame: RwSignal<Option<LiveFrame>>,
    /// Counts up when figures should be asked for again.
    pub refresh: RwSignal<u32>,
}

impl Live {
    /// As the server knows it.
    pub fn new(status: &SiteStatus) -> Self {
        let age = status.newest_reading.map(|newest| (status.now.0 - newest.0).max(0));
        Self {
            connection: RwSignal::new(Connection::Waiting),
            age_s: RwSignal::new(age),
            frame: RwSignal::new(None),
            refresh: RwSignal::new(0),
        }
    }
}
