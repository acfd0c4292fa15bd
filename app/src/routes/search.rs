//! What was found, as a page: where the search box leads without scripts.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use metering::api::{SearchAnswer, SearchResult};

use crate::components::{PageFrame, when_there};
use crate::server_fns::search::search_places;
use crate::words;

/// The results of a search.
#[component]
pub(super) fn SearchPage() -> impl IntoView {
    let params = use_query_map();
    let q = Memo::new(move |_| params.with(|params| params.get("q").unwrap_or_default()));
    let answer = Resource::new_blocking(move || q.get(), search_places);
    view! {
        <Title text=words::page_title(words::search_heading()) />
        <PageFrame>
            <h1>{words::search_heading()}</h1>
            <form class="filter" action="/search" role="search">
                <label><span>{words::search_label()}</span><input type="search" name="q" value=move || q.get() /></label>
                <button class="primary">{words::search_button()}</button>
            </form>
            {when_there(answer, results)}
        </PageFrame>
    }
    .into_any()
}

fn results(answer: SearchAnswer) -> impl IntoView {
    let note = match answer.q.trim() {
        "" => words::search_short().to_owned(),
        q if answer.results.is_empty() => words::nothing_found(q),
        _ => words::found(answer.results.len()),
    };
    let rows = answer.results.into_iter().map(|SearchResult { label, detail, area, .. }| match area {
        Some(area) => Either::Left(view! {
            <li><a href=format!("/area/{}", area.code)>{label}</a><span>{words::found_detail(&detail)}</span></li>
        }),
        None => {
            Either::Right(view! { <li><b>{label}</b><span>{words::found_detail(&detail)}" · "{words::search_outside()}</span></li> })
        }
    });
    view! {
        <p class="note" role="status">{note}</p>
        <ul class="results">{rows.collect_view()}</ul>
    }
    .into_any()
}
