//! The card with the name, the pages and how fresh the map is.

use leptos::prelude::*;

use super::ThemeSwitch;
use crate::live::Connection;
use crate::page::Page;
use crate::words;

/// The name, the pages, the live chip. Links to other pages load them anew: each page brings its
/// first picture with it.
#[component]
pub fn Bar() -> impl IntoView {
    let list = move || {
        let page = Page::get();
        format!("/list?measure={}&level={}", page.measure.get().as_str(), page.level.get())
    };
    view! {
        <header class="card bar">
            <a class="brand" href="/" rel="external">
                <span class="mark" aria-hidden="true"></span>
                {words::NAME}
            </a>
            <nav aria-label=words::NAV_LABEL>
                <a href="/" aria-current="page" rel="external">{words::NAV_MAP}</a>
                <a href=list rel="external">{words::NAV_LIST}</a>
                <a href="/about" rel="external">{words::NAV_ABOUT}</a>
            </nav>
            <LiveChip />
            <ThemeSwitch />
        </header>
    }
}

/// How fresh the figures are, and that the homes are simulated, if they are.
#[component]
fn LiveChip() -> impl IntoView {
    let page = Page::get();
    let live = page.live;
    let (meters, simulated) =
        page.first.with_value(|first| (first.status.meters, first.status.simulated_homes));
    let state = move || match (live.connection.get(), live.age_s.get()) {
        (Connection::Lost, _) => "lost",
        (_, Some(age)) if age <= words::STALE_S => "live",
        _ => "quiet",
    };
    let text = move || match live.connection.get() {
        Connection::Lost => words::reconnecting(live.age_s.get()),
        _ => words::live(live.age_s.get()),
    };
    let homes = words::homes(meters, simulated);
    view! {
        <p class="live" data-state=state>
            <span class="dot" aria-hidden="true"></span>
            <span class="fresh">{text}</span>
            <span class="sep" aria-hidden="true">"·"</span>
            {if simulated > 0 {
                leptos::either::Either::Left(view! { <a href="/about#simulated" rel="external">{homes}</a> })
            } else {
                leptos::either::Either::Right(view! { <span>{homes}</span> })
            }}
        </p>
    }
}
