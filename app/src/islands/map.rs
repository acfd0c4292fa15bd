//! The map: the stage that lies over the server's picture, and what belongs to it.

use leptos::html::Div;
use leptos::prelude::*;

use super::tooltip::Tooltip;
use super::zoom_buttons::ZoomButtons;
use crate::page::Page;
use crate::reactive::text;
use crate::site_map::Start;
use crate::{leaflet, words};

/// The stage on which the browser takes the map over.
#[island]
pub fn Map(
    /// What the page begins with.
    start: Start,
) -> impl IntoView {
    let page = Page::set_up(start);
    let stage = NodeRef::<Div>::new();
    leaflet::take_over(page, stage);
    view! {
        <div class="stage" node_ref=stage role="application" aria-label=words::map_help()></div>
        <p class="sr" role="status">{text(move || page.said.get())}</p>
        <Tooltip />
        <ZoomButtons />
    }
}
