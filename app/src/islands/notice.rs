//! When something is not as it should be.

use leptos::prelude::*;

use crate::page::Page;
use crate::reactive::{flag, text};
use crate::words;

/// Says that the map's figures are on their way, or that they could not be had; then they are asked for again by
/// themselves, and on request.
#[island]
pub fn Notice() -> impl IntoView {
    let page = Page::get();
    let said = text(move || page.complaint());
    let silent = flag(move || page.complaint().is_empty());
    let waiting = flag(move || page.trouble.with(String::is_empty));
    let again = move |_| page.refresh.update(|count| *count += 1);
    view! {
        <div class="notices" role="status">
            <p class="card notice" hidden=silent>
                <span>{said}</span>
                <button type="button" class="plain" hidden=waiting on:click=again>{words::retry()}</button>
            </p>
        </div>
    }
}
