//! All areas as a table: the map for those who do not see it. It needs no scripts.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use metering::api::Measure;

use crate::components::{PageFrame, when_there};
use crate::listing::{ListPage, ListQuery, ListRow, Sort};
use crate::server_fns::list::list_areas;
use crate::words;

/// A page of the list.
#[component]
pub(super) fn ListOfAreas() -> impl IntoView {
    let params = use_query_map();
    let part = Resource::new_blocking(move || params.with(query_of), list_areas);
    view! {
        <Title text=words::page_title(words::list_heading()) />
        <PageFrame here="/list">
            <h1>{words::list_heading()}</h1>
            {when_there(part, |part| view! { <Part part /> })}
        </PageFrame>
    }
    .into_any()
}

fn query_of(params: &ParamsMap) -> ListQuery {
    let get = |name| params.get_str(name).unwrap_or_default();
    ListQuery {
        level: params.get("level").filter(|level| !level.is_empty()),
        measure: Measure::parse(get("measure")).unwrap_or_default(),
        q: get("q").to_owned(),
        sort: Sort::parse(get("sort")).unwrap_or_default(),
        page: get("page").parse().unwrap_or(1),
    }
}

#[component]
fn Part(part: ListPage) -> impl IntoView {
    let (query, total, pages) = (part.query.clone(), part.total, part.pages());
    let measure = query.measure;
    // Areas of the coarsest level lie in nothing else.
    let nested = part.rows.iter().any(|row| row.parent.is_some());
    let rows = part.rows.into_iter().map(|row| view! { <Row row measure nested /> }).collect_view();
    let head = |sort: Sort, text: &'static str, order: &'static str| {
        let href = ListQuery { sort, page: 1, ..query.clone() }.url();
        let sorted = (query.sort == sort).then_some(order);
        view! { <th scope="col" aria-sort=sorted><a href=href>{text}</a></th> }
    };
    let (figure_sort, figure_order) =
        if query.sort == Sort::Most { (Sort::Least, "descending") } else { (Sort::Most, "ascending") };
    let figure_head = {
        let href = ListQuery { sort: figure_sort, page: 1, ..query.clone() }.url();
        let sorted = (query.sort != Sort::Name).then_some(figure_order);
        view! { <th scope="col" class="number" aria-sort=sorted><a href=href>{words::unit_head(measure)}</a></th> }
    };
    let form = view! { <Filter query=query.clone() levels=part.levels /> };
    view! {
        {form}
        <p class="note" role="status">{words::listed(total, query.page, pages)}</p>
        <p class="note">{words::list_rests_on()}" "<a href="/about#simulated">{part.homes}</a>"."</p>
        {if total == 0 {
            Either::Left(view! { <p>{words::nothing_listed()}</p> })
        } else {
            Either::Right(view! {
                <div class="table-frame" tabindex="0" role="region" aria-label=words::list_heading()>
                    <table class="areas">
                        <thead>
                            <tr>
                                {head(Sort::Name, words::list_area(), "ascending")}
                                {nested.then(|| view! { <th scope="col" class="parent">{words::list_within()}</th> })}
                                {figure_head}
                                <th scope="col">{words::list_status()}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            })
        }}
        <Pages query pages />
        <p class="note">{part.credits}</p>
    }
    .into_any()
}

#[component]
fn Row(row: ListRow, measure: Measure, nested: bool) -> impl IntoView {
    let view = crate::view_state::View { measure, area: Some(row.code), ..Default::default() };
    let official = (!row.title.contains(&row.name)).then(|| view! { <small>{row.name.clone()}</small> });
    // On a phone there is no room for the column.
    let within = row.parent.clone().map(|parent| view! { <small class="within">{parent}</small> });
    view! {
        <tr>
            <th scope="row">
                <a href=view.url()>{row.title}</a>
                {official}
                {within}
            </th>
            {nested.then(|| view! { <td class="parent">{row.parent}</td> })}
            <td class="number">{row.value.map_or_else(|| words::NOT_KNOWN.to_owned(), |value| crate::format::figure(measure, value))}</td>
            <td>{words::status(row.status)}</td>
        </tr>
    }
    .into_any()
}

/// What to list. Sent by its button, or by the first choice where there are scripts.
#[component]
fn Filter(query: ListQuery, levels: Vec<(String, String)>) -> impl IntoView {
    let level = query.level.clone().unwrap_or_default();
    let levels = levels.into_iter().map(|(name, text)| {
        let selected = name == level;
        view! { <option value=name selected=selected>{text}</option> }
    });
    let has_prices = crate::services::services().is_ok_and(|it| it.figures.status().currency.is_some());
    let choices = Measure::CHOICES.into_iter().filter(|&one| one != Measure::Cost || has_prices);
    let measures = choices.map(|measure| {
        view! {
            <option value=measure.as_str() selected=measure == query.measure>{words::measure(measure)}</option>
        }
    });
    view! {
        <form class="filter" action="/list">
            <label><span>{words::level_label()}</span><select name="level">{levels.collect_view()}</select></label>
            <label>
                <span>{words::list_measure()}</span>
                <select name="measure">{measures.collect_view()}</select>
            </label>
            <label><span>{words::list_filter()}</span><input type="search" name="q" value=query.q.clone() /></label>
            <input type="hidden" name="sort" value=query.sort.as_str() />
            <button class="primary">{words::show()}</button>
        </form>
    }
    .into_any()
}

#[component]
fn Pages(query: ListQuery, pages: usize) -> impl IntoView {
    let page = query.page;
    let link = |to: usize, text: &'static str| {
        (1..=pages).contains(&to).then(|| {
            let href = ListQuery { page: to, ..query.clone() }.url();
            view! { <a class="plain" href=href>{text}</a> }
        })
    };
    view! { <nav class="pages" aria-label=words::list_pages()>{link(page - 1, words::previous())} {link(page + 1, words::next())}</nav> }
}
