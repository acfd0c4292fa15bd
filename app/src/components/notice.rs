//! When something is not as it should be.

use leptos::prelude::*;

use crate::error::AppError;
use crate::page::Page;
use crate::words;

/// Says that the map's figures could not be had, and asks again on request. What is on the map stays.
#[component]
pub fn Notice() -> impl IntoView {
    let page = Page::get();
    let error = move || match page.head() {
        Err(error) => Some(error),
        Ok(_) => None,
    };
    let again = move |_| page.live.refresh.update(|count| *count += 1);
    view! {
        <div class="notices" role="status">
            {move || error().map(|error: AppError| view! {
                <p class="card notice">
                    <span>{error.to_string()}</span>
                    <button type="button" class="plain" on:click=again>{words::RETRY}</button>
                </p>
            })}
        </div>
    }
}
