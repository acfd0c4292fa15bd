//! The live feed: what the page knows of it, and (in the browser) the connection.

use leptos::prelude::*;

use crate::site_map::SlimFrame;

#[cfg(feature = "hydrate")]
mod browser;

#[cfg(feature = "hydrate")]
pub(crate) use browser::follow;

/// How the connection is.
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser is ever connected"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Not tried yet.
    Waiting,
    /// Frames come.
    Open,
    /// Lost; it is tried again by itself.
    Lost,
}

/// What the page knows of the feed.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// How the connection is.
    pub(crate) connection: RwSignal<Connection>,
    /// Seconds since something was heard; none where nothing ever was.
    pub(crate) age_s: RwSignal<Option<i64>>,
    /// The newest frame, for the map.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser hears the feed"))]
    pub(crate) frame: RwSignal<Option<SlimFrame>>,
}

impl Live {
    /// As the server knows it.
    pub(crate) fn new(age_s: Option<i64>) -> Self {
        Self {
            connection: RwSignal::new(Connection::Waiting),
            age_s: RwSignal::new(age_s),
            frame: RwSignal::new(None),
        }
    }
}
