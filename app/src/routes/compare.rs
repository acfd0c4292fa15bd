//! Areas side by side. It needs no scripts.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_query_map;
use metering::UtcSecond;
use metering::api::{ComparedArea, Comparison, Measure, Prices, Status};

use crate::comparison::{ComparePage, Difference, difference};
use crate::components::{Keep, Line, Lines, OwnDataPlace, PageFrame, when_there};
use crate::format::{self, Day};
use crate::server_fns::comparison::compare_areas;
use crate::words;

/// The page.
#[component]
pub(super) fn Compare() -> impl IntoView {
    let params = use_query_map();
    let get = move |name: &str| params.with(|params| params.get(name).unwrap_or_default());
    let page = Resource::new_blocking(move || (get("areas"), get("q")), |(areas, q)| compare_areas(areas, q));
    view! {
        <Title text=words::page_title(words::compare_heading()) />
        <Meta name="description" content=words::compare_lead() />
        <PageFrame here="/compare">
            <h1>{words::compare_heading()}</h1>
            <p>{words::compare_lead()}</p>
            {when_there(page, |page| view! { <Places page /> })}
        </PageFrame>
    }
    .into_any()
}

#[component]
fn Places(page: ComparePage) -> impl IntoView {
    if page.is_moved {
        // The address says what is compared.
        leptos_axum::redirect(&page.url());
    }
    let hint = match page.areas.len() {
        0 => Some(words::compare_nothing()),
        1 => Some(words::compare_one()),
        _ => None,
    };
    let trouble = page.trouble.iter().map(|text| view! { <p class="note">{text.clone()}</p> }).collect_view();
    let codes = page.areas.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>().join(",");
    let compared =
        page.comparison.clone().map(|comparison| view! { <Compared page=page.clone() comparison /> });
    view! {
        <form class="filter" action="/compare" role="search">
            {(!codes.is_empty()).then(|| view! { <input type="hidden" name="areas" value=codes.clone() /> })}
            <label><span>{words::search_label()}</span><input type="search" name="q" autocomplete="off" /></label>
            <button class="primary">{words::compare_add()}</button>
        </form>
        <div role="status">{trouble}{hint.map(|hint| view! { <p class="note">{hint}</p> })}</div>
        {compared}
    }
    .into_any()
}

#[component]
fn Compared(page: ComparePage, comparison: Comparison) -> impl IntoView {
    let names: Vec<String> = page.areas.iter().map(|(_, title)| title.clone()).collect();
    let Comparison { areas, prices } = comparison;
    let codes: Vec<&str> = page.areas.iter().map(|(code, _)| code.as_str()).collect();
    let file = |kind: &str| format!("/download/compare.{kind}?areas={}", codes.join(","));
    let files =
        [(words::keep_table(), "csv"), (words::keep_picture(), "png"), (words::keep_drawing(), "svg")];
    let files = files.map(|(text, kind)| (text, file(kind))).to_vec();
    view! {
        <div class="table-frame" tabindex="0" role="group" aria-label=words::compare_heading()>
            <table class="areas compared">
                <Heads page areas=areas.clone() />
                <tbody>
                    {Measure::OWN.map(|measure| figures(measure, &areas)).into_iter().collect_view()}
                    {costs(&areas, prices.as_ref())}
                    {rests(&areas)}
                </tbody>
            </table>
        </div>
        <Keep files />
        {prices.map(|prices| view! { <PricesNote prices areas=areas.clone() /> })}
        {differences(&names, &areas)}
        <div class="charts">{days(&names, &areas)}{months(&names, &areas)}</div>
        <OwnDataPlace places=held_against(&names, &areas) />
    }
    .into_any()
}

/// The places as somebody's own use is held against them.
fn held_against(names: &[String], areas: &[ComparedArea]) -> Vec<own_data::Place> {
    let place = |(title, area): (&String, &ComparedArea)| own_data::Place {
        title: title.clone(),
        mean_home_kwh: area.card.figure(Measure::Annual).and_then(|figure| figure.value),
        ..own_data::Place::default()
    };
    names.iter().zip(areas).map(place).collect()
}

/// Where each place is on the map, and how it is taken out again.
#[component]
fn Heads(page: ComparePage, areas: Vec<ComparedArea>) -> impl IntoView {
    let heads = page.areas.iter().zip(&areas).map(|((code, title), area)| {
        let whereabouts: Vec<String> = area.card.parents.iter().map(|parent| parent.name.clone()).collect();
        let remove = format!("{} {title}", words::compare_remove());
        view! {
            <th scope="col">
                <a href=format!("/area/{code}")>{title.clone()}</a>
                <small>{whereabouts.join(" · ")}</small>
                <a class="plain" href=page.url_without(code) aria-label=remove>{words::compare_remove()}</a>
            </th>
        }
    });
    view! { <thead><tr><th scope="col">{words::compare_figure()}</th>{heads.collect_view()}</tr></thead> }
        .into_any()
}

fn figures(measure: Measure, areas: &[ComparedArea]) -> impl IntoView + use<> {
    let cell = |area: &ComparedArea| {
        let figure = area.card.figure(measure);
        let (status, value) = figure.map_or((Status::NoData, None), |figure| (figure.status, figure.value));
        let range = area.annual_range.filter(|_| measure == Measure::Annual).map(words::most_likely);
        view! { <td>{words::figure_or_reason(measure, status, value)}{range.map(|range| view! { <small>{range}</small> })}</td> }
    };
    let cells = areas.iter().map(cell).collect_view();
    view! { <tr><th scope="row">{words::measure(measure)}<small>{words::explain(measure)}</small></th>{cells}</tr> }
        .into_any()
}

/// A row a tariff: all areas are asked for the same ones.
fn costs(areas: &[ComparedArea], prices: Option<&Prices>) -> impl IntoView + use<> {
    let currency = prices.map_or("", |prices| prices.currency.as_str());
    let mut rows = Vec::new();
    for tariff in areas.iter().find(|area| !area.costs.is_empty()).map_or(&[][..], |area| &area.costs) {
        let cell = |area: &ComparedArea| match area.costs.iter().find(|cost| cost.tariff == tariff.tariff) {
            Some(cost) => {
                let month = words::a_month(&format::money(currency, cost.a_year / 12.0));
                Either::Left(view! { <td>{format::money(currency, cost.a_year)}<small>{month}</small></td> })
            }
            None => Either::Right(view! { <td>{words::NOT_KNOWN}</td> }),
        };
        let cells = areas.iter().map(cell).collect_view();
        let name = words::tariff_name(&tariff.name).to_owned();
        rows.push(
            view! { <tr><th scope="row">{name}<small>{words::compare_costs()}</small></th>{cells}</tr> },
        );
    }
    rows.collect_view()
}

fn rests(areas: &[ComparedArea]) -> impl IntoView + use<> {
    let cell = |area: &ComparedArea| {
        let text = area.card.figure(Measure::Annual).map(|figure| words::rests_on(&area.card, figure));
        view! { <td><small>{text}</small></td> }
    };
    let cells = areas.iter().map(cell).collect_view();
    view! { <tr><th scope="row">{words::compare_rests()}</th>{cells}</tr> }.into_any()
}

/// Whose prices they are, and how some were derived.
#[component]
fn PricesNote(prices: Prices, areas: Vec<ComparedArea>) -> impl IntoView {
    let days = format::days_between(&prices.from, prices.to.as_deref());
    let tariffs =
        areas.into_iter().map(|area| area.costs).find(|costs| !costs.is_empty()).unwrap_or_default();
    let notes = words::derived(tariffs.iter().map(|cost| (&cost.name, &cost.note)));
    view! { <p class="note">{words::prices(&prices.source, &days, prices.vat_percent)}{notes}</p> }.into_any()
}

/// Each place beside the first, in a sentence.
fn differences(names: &[String], areas: &[ComparedArea]) -> impl IntoView + use<> {
    let (first, others) = areas.split_first()?;
    let (first_name, other_names) = names.split_first()?;
    let sentence = |(name, area): (&String, &ComparedArea)| {
        let text = match difference(first, area) {
            Difference::Told(percent) => words::told_apart(first_name, name, percent),
            Difference::NotTold(a, b) => words::not_told_apart(first_name, name, [a, b]),
            Difference::SameHomes => words::same_homes(first_name, name),
            Difference::Unknown => words::difference_not_known(first_name, name),
        };
        view! { <li>{text}</li> }
    };
    let sentences = other_names.iter().zip(others).map(sentence).collect_view();
    (!others.is_empty())
        .then(|| view! { <section><h2>{words::compare_differences()}</h2><ul>{sentences}</ul></section> })
}

/// The typical weekdays, where there is one.
fn days(names: &[String], areas: &[ComparedArea]) -> impl IntoView + use<> {
    let known = |area: &&ComparedArea| area.profile.half_hours.iter().any(|point| point.mean_w.is_some());
    let Some(of) = areas.iter().find(known) else {
        return Either::Left(view! { <p class="note">{words::compare_no_days()}</p> });
    };
    let lines = names.iter().zip(areas).map(|(name, area)| Line {
        name: name.clone(),
        values: area.profile.half_hours.iter().map(|point| point.mean_w).collect(),
    });
    let steps: Vec<String> = of.profile.half_hours.iter().map(|point| point.time.clone()).collect();
    let ticks = (0..steps.len()).step_by(6).map(|step| (step, steps[step].clone())).collect();
    let heading = words::day_heading(&of.profile.day, &of.profile.month);
    Either::Right(view! {
        <section>
            <h2>{heading.clone()}</h2>
            <Lines lines=lines.collect() label=heading steps ticks step=words::from() />
        </section>
    })
}

/// The months of a year, where there is one.
fn months(names: &[String], areas: &[ComparedArea]) -> impl IntoView + use<> {
    let known = |area: &&ComparedArea| area.months.series.iter().any(|point| point.kwh_per_home.is_some());
    let of = areas.iter().find(known)?;
    let name = |start: UtcSecond| {
        let month = Day::beginning_at(start).month_in_digits();
        (format::short_month(&month).to_owned(), format::month_and_year(&month))
    };
    let (short, steps): (Vec<String>, Vec<String>) =
        of.months.series.iter().map(|point| name(point.start)).unzip();
    let lines = names.iter().zip(areas).map(|(name, area)| Line {
        name: name.clone(),
        values: area.months.series.iter().map(|point| point.kwh_per_home).collect(),
    });
    Some(view! {
        <section>
            <h2>{words::compare_months()}</h2>
            <Lines
                lines=lines.collect()
                label=words::compare_months().to_owned()
                steps
                ticks=short.into_iter().enumerate().collect()
                step=words::month()
            />
        </section>
    })
}
