//! What a household would use and pay in an area. It needs no scripts.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_query_map;
use metering::api::{EstimateAnswer, Prices, Spread, Status};

use crate::components::{Line, Lines, PageFrame};
use crate::household::{EstimatePage, EstimateQuery};
use crate::server_fns::estimate::estimate_household;
use crate::{format, words};

/// The page.
#[component]
pub(super) fn EstimateOfHousehold() -> impl IntoView {
    let params = use_query_map();
    let asked = move || {
        params.with(|params| {
            let query = EstimateQuery {
                area: params.get("area"),
                dwelling: params.get("dwelling"),
                bedrooms: params.get("bedrooms"),
                occupants: params.get("occupants"),
                heating: params.get("heating"),
                at_home: params.get("at_home"),
                tariff: params.get("tariff"),
            };
            (query, params.get("q").unwrap_or_default())
        })
    };
    let page = Resource::new_blocking(asked, |(query, q)| estimate_household(query, q));
    view! {
        <Title text=words::page_title(words::ESTIMATE_HEADING) />
        <Meta name="description" content=words::ESTIMATE_LEAD />
        <PageFrame here="/estimate">
            <h1>{words::ESTIMATE_HEADING}</h1>
            <p>{words::ESTIMATE_LEAD}</p>
            <Transition fallback=|| view! { <p class="note">{words::LOADING}</p> }>
                {move || Suspend::new(async move {
                    match page.await {
                        Ok(page) => Either::Left(view! { <Household page /> }),
                        Err(error) => {
                            crate::status::set(error.status());
                            Either::Right(view! { <p class="note" role="status">{error.to_string()}</p> })
                        }
                    }
                })}
            </Transition>
        </PageFrame>
    }
    .into_any()
}

#[component]
fn Household(page: EstimatePage) -> impl IntoView {
    if let Some(url) = &page.moved_to {
        // The address says whose estimate it is.
        leptos_axum::redirect(url);
    }
    let trouble = page.trouble.iter().map(|text| view! { <p class="note">{text.clone()}</p> }).collect_view();
    let hint = page.area.is_none().then(|| view! { <p class="note">{words::ESTIMATE_WHERE}</p> });
    let answer = page.area.clone().zip(page.answer.clone());
    let answer = answer.map(|((code, title), answer)| view! { <Answer code title answer /> });
    view! {
        <Questions query=page.query area=page.area />
        <div role="status">{trouble}{hint}</div>
        {answer}
    }
    .into_any()
}

/// The form: an area, and what there is to say of the household. All of it may be left out but the area.
#[component]
fn Questions(query: EstimateQuery, area: Option<(String, String)>) -> impl IntoView {
    let choice = |name: &'static str,
                  label: &'static str,
                  chosen: &Option<String>,
                  all: &[(&'static str, &'static str)]| {
        let chosen = chosen.clone().unwrap_or_default();
        let options = all.iter().map(|&(value, text)| {
            view! { <option value=value selected=value == chosen>{text}</option> }
        });
        let options = options.collect_view();
        view! {
            <label>
                <span>{label}</span>
                <select name=name><option value="">{words::NOT_SAID}</option>{options}</select>
            </label>
        }
    };
    let number = |name: &'static str, label: &'static str, given: &Option<String>, least: &'static str| {
        let given = given.clone().unwrap_or_default();
        view! {
            <label>
                <span>{label}</span>
                <input type="number" name=name min=least max="20" inputmode="numeric" value=given />
            </label>
        }
    };
    let (code, title) = area.unwrap_or_default();
    let place = if title.is_empty() { words::SEARCH_LABEL.to_owned() } else { words::another_place(&title) };
    view! {
        <form class="filter" action="/estimate">
            {(!code.is_empty()).then(|| view! { <input type="hidden" name="area" value=code.clone() /> })}
            <label><span>{place}</span><input type="search" name="q" autocomplete="off" /></label>
            {choice("dwelling", words::ASK_DWELLING, &query.dwelling, &words::DWELLINGS)}
            {number("bedrooms", words::ASK_BEDROOMS, &query.bedrooms, "0")}
            {number("occupants", words::ASK_PEOPLE, &query.occupants, "1")}
            {choice("heating", words::ASK_HEATING, &query.heating, &words::HEATINGS)}
            {choice("at_home", words::ASK_AT_HOME, &query.at_home, &words::AT_HOME)}
            <button class="primary">{words::ESTIMATE_SHOW}</button>
        </form>
    }
    .into_any()
}

#[component]
fn Answer(code: String, title: String, answer: EstimateAnswer) -> impl IntoView {
    let compare = crate::comparison::url(std::iter::once(code.as_str()));
    let rests = rests_on(&answer);
    let typical = words::against_typical(answer.kwh.middle, answer.typical_kwh);
    let EstimateAnswer { kwh, months_kwh, weekday_w, costs, prices, .. } = answer;
    let currency = prices.as_ref().map_or("", |prices| prices.currency.as_str()).to_owned();
    let rows = costs.iter().map(|cost| {
        let money = |amount: f64| format::money(&currency, amount);
        let Spread { low, middle, high } = cost.a_year;
        view! {
            <tr>
                <th scope="row">{cost.name.clone()}</th>
                <td>{money(middle)}</td>
                <td>{words::four_of_five(&money(low), &money(high))}</td>
                <td>{words::a_month(&money(middle / 12.0))}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let notes: String =
        costs.iter().filter_map(|cost| Some(format!(" {}: {}", cost.name, cost.note.as_ref()?))).collect();
    let steps: Vec<String> =
        (0..48).map(|half_hour| format!("{:02}:{:02}", half_hour / 2, half_hour % 2 * 30)).collect();
    let ticks = (0..48).step_by(6).map(|step| (step, steps[step].clone())).collect();
    let day = vec![Line { name: title.clone(), values: weekday_w.into_iter().map(Some).collect() }];
    let months: Vec<String> =
        (1..=12).map(|month| format::month(&format!("2000-{month:02}")).to_owned()).collect();
    let short = months.iter().map(|month| month[..3].to_owned()).enumerate().collect();
    let year = vec![Line { name: title.clone(), values: months_kwh.into_iter().map(Some).collect() }];
    view! {
        <section>
            <h2>{words::such_a_household(&title)}</h2>
            <p class="answer"><strong>{format::whole(kwh.middle)}</strong><span>{words::KWH_A_YEAR}</span></p>
            <p>{words::four_of_five_use(kwh.low, kwh.high)}" "{typical}</p>
            <p class="note">{rests}</p>
        </section>
        {(!costs.is_empty()).then(|| view! {
            <section>
                <h2>{words::COMPARE_COSTS}</h2>
                <div class="table-frame" tabindex="0" role="group" aria-label=words::COMPARE_COSTS>
                    <table class="areas">
                        <thead>
                            <tr>
                                <th scope="col">{words::TARIFF}</th>
                                <th scope="col">{words::THE_MIDDLE}</th>
                                <th scope="col">{words::FOUR_OF_FIVE}</th>
                                <th scope="col">{words::MONTHLY}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {prices.map(|prices| view! { <p class="note">{prices_of(&prices)}{notes}</p> })}
            </section>
        })}
        <div class="charts">
            <section>
                <h2>{words::ESTIMATE_DAY}</h2>
                <Lines lines=day label=words::ESTIMATE_DAY.to_owned() steps ticks step="From" />
            </section>
            <section>
                <h2>{words::ESTIMATE_MONTHS}</h2>
                <Lines lines=year label=words::ESTIMATE_MONTHS.to_owned() steps=months ticks=short step="Month" />
            </section>
        </div>
        <p><a href=compare>{words::COMPARE_WITH}</a></p>
    }
    .into_any()
}

fn prices_of(prices: &Prices) -> String {
    words::prices(
        &prices.source,
        &format::days_between(&prices.from, prices.to.as_deref()),
        prices.vat_percent,
    )
}

/// What the estimate rests on, the weakest last.
fn rests_on(answer: &EstimateAnswer) -> String {
    let mean = format::whole(answer.mean_home_kwh);
    let place = match (answer.status, &answer.shown_for) {
        (Status::Merged, Some(wider)) => words::mean_of_wider(&mean, &wider.name),
        (Status::Modelled, _) => words::mean_published(&mean),
        _ => words::mean_measured(&mean),
    };
    let households = match answer.fitted_homes {
        0 => words::HOUSEHOLDS_PUBLISHED.to_owned(),
        homes => words::households_fitted(homes),
    };
    format!("{place} {households}")
}
