//! How the figures come about.

use leptos::prelude::*;

/// The page about the method.
#[component]
pub fn About() -> impl IntoView {
    view! { <main><h1>"How wattmap works"</h1></main> }
}
