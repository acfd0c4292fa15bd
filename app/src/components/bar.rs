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
            <a class="skip" href=list.clone()>{words::skip_to_list()}</a>
            <a class="brand" href="/">
                <span class="mark" aria-hidden="true"></span>
                {words::NAME}
            </a>
            <nav aria-label=words::nav_label()>
                <a href="/" aria-current="page">{words::nav_map()}</a>
                <a href=list.clone()>{words::nav_list()}</a>
                // Where there is no room for them the panel leads there.
                <a class="wide" href="/estimate">{words::nav_estimate()}</a>
                <a class="wide" href="/compare">{words::nav_compare()}</a>
                <a href="/about">{words::nav_about()}</a>
            </nav>
            <p class="live">
                <LiveChip />
            </p>
            <ThemeSwitch />
        </header>
    }
    .into_any()
}
