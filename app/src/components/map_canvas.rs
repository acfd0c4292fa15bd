//! The map itself.

use leptos::html::Div;
use leptos::prelude::*;

use crate::page::Page;
use crate::{leaflet, live, words};

/// The server's picture, and over it the stage on which the browser takes over.
#[component]
pub fn MapCanvas() -> impl IntoView {
    let page = Page::get();
    let picture = page.first.with_value(|first| first.picture.clone());
    let stage = NodeRef::<Div>::new();
    leaflet::take_over(page, stage);
    live::follow(page);
    view! {
        <div class="map">
            <div class="fit" inner_html=picture></div>
            <div class="stage" node_ref=stage role="application" aria-label=words::MAP_HELP></div>
        </div>
    }
}
