//! What a household would use and pay in an area, or more than where it is now. It needs no scripts.

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_query_map;

use crate::components::{OwnDataPlace, PageFrame, when_there};
use crate::household::{EstimateAsked, EstimatePage, EstimateQuery, Place};
use crate::server_fns::estimate::estimate_household;
use crate::words;

mod answer;
mod costs;
mod curves;
mod moving;
mod questions;

use answer::Answer;
use moving::Move;
use questions::Questions;

/// The page.
#[component]
pub(super) fn EstimateOfHousehold() -> impl IntoView {
    let params = use_query_map();
    let asked = move || {
        params.with(|params| EstimateAsked {
            query: EstimateQuery {
                area: params.get("area"),
                dwelling: params.get("dwelling"),
                bedrooms: params.get("bedrooms"),
                occupants: params.get("occupants"),
                heating: params.get("heating"),
                at_home: params.get("at_home"),
                tariff: params.get("tariff"),
            },
            now: params.get("now"),
            q: params.get("q"),
            q_now: params.get("q_now"),
        })
    };
    let page = Resource::new_blocking(asked, estimate_household);
    view! {
        <PageFrame here="/estimate">
            {when_there(page, |page| view! { <Household page /> })}
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
    let hint = page.there.is_none().then(|| view! { <p class="note">{words::estimate_where()}</p> });
    let back = page.url_of_the_way_back();
    let EstimatePage { query, there, now, .. } = page;
    let tariff = query.tariff.clone();
    let held_against = [&now, &there].into_iter().flatten().map(held_against).collect();
    let is_move = now.is_some() && there.is_some();
    let known = |place: &Place| Some((place.title.clone(), place.answer.clone()?));
    let named = |place: Place| (place.code, place.title);
    let tariffs =
        there.as_ref().and_then(|place| place.answer.as_ref()).map_or(&[][..], |answer| &answer.costs);
    let tariffs =
        tariffs.iter().map(|cost| (cost.tariff.clone(), words::tariff_name(&cost.name).to_owned())).collect();
    let title = match (&there, &now) {
        (Some(there), Some(now)) => words::moving(&now.title, &there.title),
        (Some(there), None) => words::what_would_we_use_in(&there.title),
        _ => words::estimate_heading().to_owned(),
    };
    let answer = match (there.as_ref().and_then(known), now.as_ref().and_then(known)) {
        (Some(there), Some(now)) => EitherOf3::A(view! { <Move now there tariff back /> }),
        (Some((title, answer)), None) => {
            let code = there.as_ref().map(|place| place.code.clone()).unwrap_or_default();
            EitherOf3::B(view! { <Answer code title answer tariff /> })
        }
        _ => EitherOf3::C(()),
    };
    let heading = match (&there, &now) {
        (Some(there), Some(now)) => Either::Left(view! {
            <h1>
                {words::move_from()}" "<span class="first">{now.title.clone()}</span>" "
                {words::move_to()}" "<span class="second">{there.title.clone()}</span>
            </h1>
        }),
        _ => Either::Right(view! { <h1>{words::estimate_heading()}</h1> }),
    };
    view! {
        <Title text=words::page_title(&title) />
        <Meta name="description" content=words::estimate_lead() />
        {heading}
        <p>{words::estimate_lead()}</p>
        <Questions query there=there.map(named) now=now.map(named) tariffs />
        <div role="status">{trouble}{hint}</div>
        {answer}
        <OwnDataPlace places=held_against is_move />
    }
    .into_any()
}

/// A place as somebody's own use is held against it.
fn held_against(place: &Place) -> own_data::Place {
    let answer = place.answer.as_ref();
    own_data::Place {
        title: place.title.clone(),
        household_kwh: answer.map(|answer| answer.kwh),
        mean_home_kwh: answer.map(|answer| answer.mean_home_kwh),
        weekday_w: answer.map(|answer| answer.weekday_w.clone()).unwrap_or_default(),
    }
}
