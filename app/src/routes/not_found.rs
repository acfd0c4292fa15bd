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
        <Title text=words::page_title(words::NOT_FOUND_HEADING) />
        <PageFrame>
            <h1>{words::NOT_FOUND_HEADING}</h1>
            <p>{words::NOT_FOUND_TEXT}</p>
            <p><a class="primary" href="/">{words::TO_THE_MAP}</a></p>
        </PageFrame>
    }
    .into_any()
}
