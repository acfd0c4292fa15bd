//! The form: where, and what there is to say of the household. All of it may be left out but the place.

use std::ops::RangeInclusive;

use leptos::either::Either;
use leptos::prelude::*;

use crate::household::{BEDROOMS, EstimateQuery, PEOPLE};
use crate::words;

/// The form. A place is its code and its title, a tariff its id and its name.
#[component]
pub(super) fn Questions(
    query: EstimateQuery,
    there: Option<(String, String)>,
    now: Option<(String, String)>,
    tariffs: Vec<(String, String)>,
) -> impl IntoView {
    let tariff = query.tariff.clone().unwrap_or_default();
    let tariff = match tariffs.is_empty() {
        true => Either::Left(
            (!tariff.is_empty()).then(|| view! { <input type="hidden" name="tariff" value=tariff /> }),
        ),
        false => {
            let options = tariffs.into_iter().map(|(id, name)| {
                let is_chosen = id == tariff;
                view! { <option value=id selected=is_chosen>{name}</option> }
            });
            let options = options.collect_view();
            Either::Right(
                view! { <label><span>{words::tariff()}</span><select name="tariff">{options}</select></label> },
            )
        }
    };
    view! {
        <form class="card household" action="/estimate">
            <div class="fields places">
                {place("area", "q", words::ask_where(), there)}
                {place("now", "q_now", words::ask_where_now(), now)}
            </div>
            <div class="fields">
                {choice("dwelling", words::ask_dwelling(), &query.dwelling, &words::dwellings())}
                {number("bedrooms", words::ask_bedrooms(), &query.bedrooms, BEDROOMS)}
                {number("occupants", words::ask_people(), &query.occupants, PEOPLE)}
                {choice("heating", words::ask_heating(), &query.heating, &words::heatings())}
                {choice("at_home", words::ask_at_home(), &query.at_home, &words::at_home())}
                {tariff}
                <button class="primary">{words::estimate_show()}</button>
            </div>
        </form>
    }
    .into_any()
}

/// What is chosen goes along, and what is typed takes its place.
fn place(
    name: &'static str,
    typed: &'static str,
    label: &'static str,
    chosen: Option<(String, String)>,
) -> impl IntoView {
    let code =
        chosen.as_ref().map(|(code, _)| view! { <input type="hidden" name=name value=code.clone() /> });
    let title = chosen.map(|(_, title)| title).unwrap_or_default();
    view! {
        {code}
        <label>
            <span>{label}</span>
            <input type="search" name=typed autocomplete="off" placeholder=words::search_hint() value=title />
        </label>
    }
}

fn choice(
    name: &'static str,
    label: &'static str,
    chosen: &Option<String>,
    all: &[(&'static str, &'static str)],
) -> impl IntoView + use<> {
    let chosen = chosen.clone().unwrap_or_default();
    let options = all.iter().map(|&(value, text)| {
        view! { <option value=value selected=value == chosen>{text}</option> }
    });
    let options = options.collect_view();
    view! {
        <label>
            <span>{label}</span>
            <select name=name><option value="">{words::not_said()}</option>{options}</select>
        </label>
    }
}

fn number(
    name: &'static str,
    label: &'static str,
    given: &Option<String>,
    allowed: RangeInclusive<u8>,
) -> impl IntoView + use<> {
    // Browsers complain of anything else in such a field; what was given is said below.
    let given = given.as_deref().and_then(|text| text.parse::<u32>().ok());
    view! {
        <label class="short">
            <span>{label}</span>
            <input type="number" name=name min=*allowed.start() max=*allowed.end() inputmode="numeric" value=given />
        </label>
    }
}
