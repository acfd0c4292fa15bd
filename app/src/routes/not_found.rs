//! The page for paths that lead nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::PageFrame;
use crate::words;

/// Says so, and leads back.
#[component]
pub(super) fn NotFound() -> impl IntoView {
    crate::status::set(404);
    view! {
        <Title text=words::page_title(words::not_found_heading()) />
        <PageFrame>
            <h1>{words::not_found_heading()}</h1>
            <p>{words::not_found_text()}</p>
            <p><a class="primary" href="/">{words::to_the_map()}</a></p>
        </PageFrame>
    }
    .into_any()
}
