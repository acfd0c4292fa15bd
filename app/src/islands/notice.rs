//! When something is not as it should be.

use leptos::prelude::*;

use crate::page::Page;
use crate::reactive::{flag, text};
use crate::words;

/// Says that the map's figures could not be had, and asks again on request. What is on the map stays.
#[island]
pub fn Notice() -> impl IntoView {
    let page = Page::get();
    let said = text(move || page.trouble());
    let silent = flag(move || page.trouble().is_empty());
    let again = move |_| page.refresh.update(|count| *count += 1);
    view! {
        <div class="notices" role="status">
            <p class="card notice" hidden=silent>
                <span>{said}</span>
                <button type="button" class="plain" on:click=again>{words::RETRY}</button>
            </p>
        </div>
    }
}
