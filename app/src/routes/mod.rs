//! The pages, a file each.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Outlet, ParentRoute, Route, Router, Routes};
use leptos_router::{ParamSegment, SsrMode, StaticSegment};

mod about;
mod list;
mod map;
mod not_found;
mod search;

/// The page, whatever its path. Every page is rendered whole before it is sent, so that it is complete
/// without scripts. An area's own page is the map with the area open: one parent, so that the map stays
/// when the path changes between the two.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=not_found::NotFound>
                <ParentRoute path=StaticSegment("") view=MapParent ssr=SsrMode::Async>
                    <Route path=StaticSegment("") view=|| () ssr=SsrMode::Async />
                    <Route path=(StaticSegment("area"), ParamSegment("code")) view=|| () ssr=SsrMode::Async />
                </ParentRoute>
                <Route path=StaticSegment("list") view=list::ListOfAreas ssr=SsrMode::Async />
                <Route path=StaticSegment("search") view=search::SearchPage ssr=SsrMode::Async />
                <Route path=StaticSegment("about") view=about::About ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

#[component]
fn MapParent() -> impl IntoView {
    view! {
        <map::MapPage />
        <Outlet />
    }
}
