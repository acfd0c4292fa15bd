//! The pages, a file each.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{ParamSegment, SsrMode, StaticSegment};

mod about;
mod map;
mod not_found;

/// The page, whatever its path.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title text="wattmap" />
        <Router>
            <Routes fallback=not_found::NotFound>
                <ParentRoute path=StaticSegment("") view=map::MapPage ssr=SsrMode::Async>
                    <Route path=StaticSegment("") view=|| () />
                    <Route path=(StaticSegment("area"), ParamSegment("code")) view=|| () />
                </ParentRoute>
                <Route path=StaticSegment("about") view=about::About ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
