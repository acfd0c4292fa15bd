//! The map, with an area open or not.

use leptos::prelude::*;

/// The map and the cards that float on it.
#[component]
pub fn MapPage() -> impl IntoView {
    view! { <main><h1>"wattmap"</h1></main> }
}
