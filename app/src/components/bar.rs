//! The card with the name, the pages and how fresh the map is.

use leptos::either::Either;
use leptos::prelude::*;

use crate::islands::{LiveChip, ThemeSwitch};
use crate::site_map::Start;
use crate::view_state::View;
use crate::words;

/// How many homes there are; where some are simulated, this leads to what that means.
#[component]
pub(crate) fn Homes(
    /// In words.
    homes: String,
    /// Whether any of them are simulated.
    simulated: bool,
) -> impl IntoView {
    if simulated {
        Either::Left(view! { <a href="/about#simulated">{homes}</a> })
    } else {
        Either::Right(view! { <span>{homes}</span> })
    }
}

/// The name, the pages, the live chip, and that homes are simulated, if they are.
#[component]
pub(crate) fn Bar(
    /// What the page begins with.
    start: Start,
    /// How many homes there are, in words.
    homes: String,
    /// Whether any of them are simulated.
    simulated: bool,
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
                <a href="/about">{words::NAV_ABOUT}</a>
            </nav>
            <p class="live">
                <LiveChip />
                <span class="sep" aria-hidden="true">"·"</span>
                <Homes homes simulated />
            </p>
            <ThemeSwitch />
        </header>
    }
    .into_any()
}
