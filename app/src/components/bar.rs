//! The card with the name, the pages and how fresh the map is.

use leptos::prelude::*;

use crate::islands::{LiveChip, ThemeSwitch};
use crate::site_map::Start;
use crate::view_state::View;
use crate::words;

/// The name, the pages, the live chip: how fresh the map is, and whose homes it is of.
#[component]
pub(crate) fn Bar(
    /// What the page begins with.
    start: Start,
) -> impl IntoView {
    let list = format!("/list?measure={}&level={}", View::parse(&start.url).measure.as_str(), start.level);
    view! {
        <header class="card bar">
            <a class="skip" href=list.clone()>{words::SKIP_TO_LIST}</a>
            <a class="brand" href="/">
                <span class="mark" aria-hidden="true"></span>
                {words::NAME}
            </a>
            <nav aria-label=words::NAV_LABEL>
                <a href="/" aria-current="page">{words::NAV_MAP}</a>
                <a href=list.clone()>{words::NAV_LIST}</a>
                // Where there is no room for them the panel leads there.
                <a class="wide" href="/estimate">{words::NAV_ESTIMATE}</a>
                <a class="wide" href="/compare">{words::NAV_COMPARE}</a>
                <a href="/about">{words::NAV_ABOUT}</a>
            </nav>
            <p class="live">
                <LiveChip />
            </p>
            <ThemeSwitch />
        </header>
    }
    .into_any()
}
