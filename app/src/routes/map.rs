//! The map, with an area open or not.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::{Link, Meta, Title};
use leptos_router::hooks::use_location;

use crate::components::{Bar, Behind, Languages, NearMe, PanelContent, PanelData, Pin, Pinned, Times, pins};
use crate::first_map::{FirstMap, first_map};
use crate::islands::{Legend, Map, Measures, Notice, PanelIsland, SearchBox};
use crate::page::Page;
use crate::site_map::{LevelInfo, Start};
use crate::view_state::View;
use crate::words;

/// The map and the cards that float on it.
#[component]
pub(super) fn MapPage() -> impl IntoView {
    let location = use_location();
    let url = format!(
        "{}?{}",
        location.pathname.get_untracked(),
        location.search.get_untracked().trim_start_matches('?')
    );
    let page = async move {
        let services = crate::services::services()?;
        let is_level = |name: &str| services.geography.level_named(name).is_some();
        let (view, wrong) = View::parse_known(&url, is_level, services.geography.bounds());
        if wrong {
            // An old or mistyped link opens, and the address says what is shown.
            leptos_axum::redirect(&view.url());
        }
        let (first, panel, pinned) = futures::join!(
            first_map(&services, &view),
            PanelData::ask(&services, &view, "weekday"),
            pins(&services, &view)
        );
        Ok::<_, crate::error::AppError>((view, first, panel, pinned))
    };
    view! {
        <Suspense fallback=|| ()>
            {Suspend::new(async move {
                match page.await {
                    Ok((view, first, panel, pinned)) => Either::Left(view! { <Ready view first panel pinned /> }),
                    Err(error) => {
                        crate::status::set(error.status());
                        Either::Right(view! {
                            <main class="alone">
                                <h1>{words::failed()}</h1>
                                <p>{words::trouble(&error)}</p>
                                <a class="primary" href="/">{words::retry()}</a>
                            </main>
                        })
                    }
                }
            })}
        </Suspense>
    }
    .into_any()
}

/// The page with what it shows.
#[component]
fn Ready(view: View, first: FirstMap, panel: Option<PanelData>, pinned: Vec<Pin>) -> impl IntoView {
    let FirstMap { start, picture, credits, drawable } = first;
    let heading = format!("{}: {}", start.name, words::map_heading());
    let title = panel.as_ref().map_or_else(|| words::title(None), PanelData::title);
    let summary = panel.as_ref().map_or_else(|| words::summary(None, None), PanelData::summary);
    // A redirection has its status already.
    if let Some(status) = panel.as_ref().map(PanelData::status).filter(|status| *status != 200) {
        crate::status::set(status);
    }
    // What the islands share, for the server's rendering of them; in the browser the map's sets it up.
    Page::set_up(start.clone());
    let bounds = crate::services::services().ok().map(|services| services.geography.bounds());
    let canonical = view.area_code().map(|code| format!("/area/{code}"));
    let class = if panel.is_some() { "map-page has-area" } else { "map-page" };
    view! {
        <Title text=title.clone() />
        <Meta name="description" content=summary.clone() />
        {canonical.map(|href| view! { <Link rel="canonical" href /> })}
        <Preview view=view.clone() title=title summary />
        <div class=class>
            <Bar start=start.clone() />
            <main>
                <h1 class="sr">{heading}</h1>
                <div class="map">
                    <div class="fit" inner_html=picture></div>
                    <div class="free"></div>
                    <Map start=start.clone() />
                </div>
                <div class="find">
                    <SearchBox />
                    {bounds.map(|bounds| view! { <NearMe bounds name=start.name.clone() /> })}
                    <Measures />
                    <WithoutScripts view=view.clone() start=start.clone() levels=drawable />
                    <Pinned view=view.clone() pins=pinned />
                    <Notice />
                    <Behind />
                </div>
                <Legend />
                <Times view=view.clone() start=start.clone() />
                <PanelIsland>{panel.map(|data| view! { <PanelContent data /> })}</PanelIsland>
            </main>
            // Where there is no room for all of it: behind a button that needs no script.
            <footer class="credits">
                <p>{credits.clone()}" · "<Languages /></p>
                <details>
                    <summary aria-label=words::sources() title=words::sources()><span aria-hidden="true">"i"</span></summary>
                    <p class="card">{credits}" · "<Languages /></p>
                </details>
            </footer>
        </div>
    }
    .into_any()
}

/// What is shown where somebody shares the page of an area. The picture's address has to be whole, so it takes a site that knows
/// its own.
#[component]
fn Preview(view: View, title: String, summary: String) -> impl IntoView {
    let code = view.area_code()?;
    let origin = crate::services::services().ok()?.public_url?;
    let origin = origin.trim_end_matches('/').to_owned();
    Some(view! {
        <Meta property="og:type" content="website" />
        <Meta property="og:title" content=title />
        <Meta property="og:description" content=summary />
        <Meta property="og:url" content=format!("{origin}/area/{code}") />
        <Meta property="og:image" content=format!("{origin}/preview/{code}.png") />
        <Meta property="og:image:width" content="1200" />
        <Meta property="og:image:height" content="630" />
        <Meta name="twitter:card" content="summary_large_image" />
    })
}

/// What the form of the measures needs where no script follows it: the level, and a button. Only levels that the
/// server draws can be chosen.
#[component]
fn WithoutScripts(view: View, start: Start, levels: Vec<LevelInfo>) -> impl IntoView {
    let options = levels.into_iter().map(|level| {
        let selected = level.name == start.level;
        view! { <option value=level.name selected=selected>{level.plural}</option> }
    });
    let undrawn = start
        .levels
        .iter()
        .find(|level| view.level.as_ref() == Some(&level.name) && level.name != start.level);
    let undrawn = undrawn.map(|level| {
        let href = format!("/list?level={}&measure={}", level.name, view.measure.as_str());
        view! {
            <p>{words::drawn_with_scripts_only(&level.plural)}" "<a href=href>{words::in_the_list()}</a></p>
        }
    });
    let [from, to] = view.ends().map_or([None, None], |ends| ends.map(Some));
    let dates = [("from", words::times_from(), from), ("to", words::times_to(), to)].map(|(name, label, value)| {
        view! { <label><span>{label}</span><input type="date" name=name value=value form="measures" /></label> }
    });
    let area = view.area_code().map(|area| {
        view! { <input type="hidden" name="area" value=area.to_string() form="measures" /> }
    });
    view! {
        <noscript>
            <div class="card choose">
                <label>
                    <span>{words::level_label()}</span>
                    <select name="level" form="measures">{options.collect_view()}</select>
                </label>
                {dates.into_iter().collect_view()}
                {area}
                <button form="measures">{words::show()}</button>
                {undrawn}
            </div>
        </noscript>
    }
    .into_any()
}
