//! The small card that follows the pointer.

use leptos::prelude::*;

use crate::page::Page;

/// Name and figure of the area under the pointer. For the eye only: the same is in the panel and in
/// the list.
#[component]
pub fn Tooltip() -> impl IntoView {
    let hover = Page::get().hover;
    let place = move || hover.with(|hover| hover.as_ref().map(|h| format!("translate({:.0}px,{:.0}px)", h.x, h.y)));
    let part = move |get: fn(&crate::page::Hover) -> String| {
        move || hover.with(|hover| hover.as_ref().map(get).unwrap_or_default())
    };
    view! {
        <div
            class="tooltip"
            aria-hidden="true"
            class:shown=move || hover.with(Option::is_some)
            style:transform=move || place().unwrap_or_default()
        >
            <strong>{part(|hover| hover.title.clone())}</strong>
            <span>{part(|hover| hover.detail.clone())}</span>
            <em>{part(|hover| hover.figure.clone())}</em>
        </div>
    }
}
