//! A line on every page while readings wait to be counted.

use leptos::prelude::*;

use crate::words;

/// Says how far the figures are behind; nothing where they are not.
#[component]
pub(crate) fn Behind() -> impl IntoView {
    let seconds = crate::services::services().ok()?.figures.behind_s()?;
    Some(view! { <p class="behind card" role="status">{words::behind(seconds)}</p> })
}
