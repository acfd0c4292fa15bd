//! How fresh the map is.

use std::sync::Arc;

use leptos::prelude::*;

use crate::live::Connection;
use crate::page::Page;
use crate::reactive::text;
use crate::site_map::SlimMap;
use crate::words;

/// The freshness clock, and how many homes there are. Before there is a connection, and without scripts, it says of when
/// the page is: only what follows the feed is live.
#[island]
pub fn LiveChip() -> impl IntoView {
    let page = Page::get();
    let live = page.live;
    let state = text(move || {
        let state = match (live.connection.get(), live.age_s.get()) {
            (Connection::Waiting, _) => "still",
            (Connection::Lost, _) => "lost",
            (_, Some(age)) if age <= words::STALE_S => "live",
            _ => "quiet",
        };
        state.to_owned()
    });
    let said = text(move || match live.connection.get() {
        Connection::Waiting => page.start.with_value(|start| words::as_of(live.age_s.get(), &start.as_of)),
        Connection::Lost => words::reconnecting(live.age_s.get()),
        Connection::Open => words::live(live.age_s.get()),
    });
    // They are told with the figures.
    let homes = text(move || {
        let counted = |map: &Arc<SlimMap>| words::homes(map.real_homes.as_deref(), map.simulated_homes);
        let now = page.figures.with(|map| map.as_ref().map(counted));
        now.unwrap_or_else(|| page.start.with_value(|start| start.homes.clone()))
    });
    view! {
        <span class="clock" data-state=state>
            <span class="dot" aria-hidden="true"></span>
            <span class="fresh">{said}</span>
        </span>
        <span class="sep" aria-hidden="true">"·"</span>
        <a href="/about#simulated">{homes}</a>
    }
}
