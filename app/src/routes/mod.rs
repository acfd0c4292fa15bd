//! The pages, a file each.

#![expect(unreachable_pub, reason = "the component macro makes its parts public")]

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{ParamSegment, SsrMode, StaticSegment};

mod about;
mod compare;
mod data;
mod description;
mod estimate;
mod list;
mod map;
mod not_found;
mod search;

/// The page, whatever its path. Every page is rendered whole before it is sent, so that it is complete
/// without scripts. An area's own page is the map with the area open.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let area = (StaticSegment("area"), ParamSegment("code"));
    view! {
        <Router>
            <Routes fallback=not_found::NotFound>
                <Route path=StaticSegment("") view=map::MapPage ssr=SsrMode::Async />
                <Route path=area view=map::MapPage ssr=SsrMode::Async />
                <Route path=StaticSegment("list") view=list::ListOfAreas ssr=SsrMode::Async />
                <Route path=StaticSegment("compare") view=compare::Compare ssr=SsrMode::Async />
                <Route path=StaticSegment("search") view=search::SearchPage ssr=SsrMode::Async />
                <Route path=StaticSegment("estimate") view=estimate::EstimateOfHousehold ssr=SsrMode::Async />
                <Route path=StaticSegment("data") view=data::OpenData ssr=SsrMode::Async />
                <Route path=StaticSegment("about") view=about::About ssr=SsrMode::Async />
                <Route path=StaticSegment("api") view=description::Description ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
    .into_any()
}
