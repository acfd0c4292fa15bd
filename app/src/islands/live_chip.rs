//! How fresh the map is.

use leptos::prelude::*;

use crate::live::Connection;
use crate::page::Page;
use crate::reactive::text;
use crate::words;

/// The freshness clock. What it counts (homes, simulated or not) is the server's HTML around it.
#[island]
pub fn LiveChip() -> impl IntoView {
    let live = Page::get().live;
    let state = text(move || {
        let state = match (live.connection.get(), live.age_s.get()) {
            (Connection::Lost, _) => "lost",
            (_, Some(age)) if age <= words::STALE_S => "live",
            _ => "quiet",
        };
        state.to_owned()
    });
    let said = text(move || match live.connection.get() {
        Connection::Lost => words::reconnecting(live.age_s.get()),
        _ => words::live(live.age_s.get()),
    });
    view! {
        <span class="clock" data-state=state>
            <span class="dot" aria-hidden="true"></span>
            <span class="fresh">{said}</span>
        </span>
    }
}
