//! The map, with an area open or not.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::{Link, Title};

use crate::components::{
    Bar, Legend, MapCanvas, Measures, Notice, Panel, PanelData, SearchBox, Tooltip, ZoomButtons,
};
use crate::page::{Page, view_of_url};
use crate::server_fns::map::get_first_map;
use crate::site_map::FirstMap;
use crate::view_state::View;
use crate::words;

/// The map and the cards that float on it.
#[component]
pub fn MapPage() -> impl IntoView {
    let view = view_of_url();
    let first = Resource::new_blocking(|| (), move |()| {
        let url = view.with_untracked(View::url);
        async move { get_first_map(url).await }
    });
    let panel = PanelData::new(view);
    let title = Resource::new(move || view.with(|view| view.area.clone()), move |_| panel.title());
    view! {
        <Suspense fallback=|| ()>
            {move || Suspend::new(async move {
                let title = title.await;
                view! { <Title text=words::title(title.as_deref()) /> }
            })}
        </Suspense>
        <Suspense fallback=|| view! { <p class="waiting">{words::LOADING}</p> }>
            {move || Suspend::new(async move {
                match first.await {
                    Ok(first) => Either::Left(view! { <Ready first view panel /> }),
                    Err(error) => {
                        crate::status::set(error.status());
                        Either::Right(view! {
                            <main class="alone">
                                <h1>{words::FAILED}</h1>
                                <p>{error.to_string()}</p>
                                <a class="primary" href="/" rel="external">{words::RETRY}</a>
                            </main>
                        })
                    }
                }
            })}
        </Suspense>
    }
}

#[component]
fn Ready(first: FirstMap, view: Memo<View>, panel: PanelData) -> impl IntoView {
    let name = first.name.clone();
    let credits = credits(&first);
    let page = Page::new(first, view);
    let list = move || format!("/list?measure={}", page.measure.get().as_str());
    let open = move || view.with(|view| view.area.is_some());
    let canonical = view.with_untracked(View::area_code).map(|code| format!("/area/{code}"));
    view! {
        {canonical.map(|href| view! { <Link rel="canonical" href /> })}
        <a class="skip" href=list rel="external">{words::SKIP_TO_LIST}</a>
        <div class="map-page" class:has-area=open>
            <main>
                <h1 class="sr">{format!("{name}: {}", words::MAP_HEADING)}</h1>
                <MapCanvas />
                <Tooltip />
                <div class="find">
                    <SearchBox />
                    <Measures />
                    <Notice />
                </div>
                <Legend />
                <ZoomButtons />
                <Panel data=panel />
            </main>
            <Bar />
            <footer class="credits">{credits}</footer>
        </div>
    }
}

/// Whom the map rests on, in one line.
fn credits(first: &FirstMap) -> String {
    let mut credits = first.status.attribution.clone();
    credits.extend(first.status.tile_url.as_ref().and(first.status.tile_attribution.clone()));
    credits.push("Leaflet".to_owned());
    credits.join(" · ")
}
