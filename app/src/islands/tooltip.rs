//! The small card that follows the pointer.

use leptos::prelude::*;

use crate::page::{Hover, Page};
use crate::reactive::{Text, text};

/// Name and figure of the area under the pointer. For the eye only: the same is in the panel and in
/// the list. The map puts it in place.
#[component]
pub(super) fn Tooltip() -> impl IntoView {
    let hover = Page::get().hover;
    let part = move |get: fn(&Hover) -> String| -> Text {
        text(move || hover.with(|hover| hover.as_ref().map(get).unwrap_or_default()))
    };
    let class =
        text(move || if hover.with(Option::is_some) { "tooltip shown" } else { "tooltip" }.to_owned());
    view! {
        <div class=class aria-hidden="true">
            <strong>{part(|hover| hover.title.clone())}</strong>
            <span>{part(|hover| hover.detail.clone())}</span>
            <em>{part(|hover| hover.figure.clone())}</em>
        </div>
    }
}
