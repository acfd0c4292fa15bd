//! A household in one place.

use leptos::prelude::*;
use metering::api::{EstimateAnswer, Spread, Status};

use super::costs::{Costs, MONTHS, chosen, currency};
use super::curves::{Months, Weekday};
use crate::components::chip;
use crate::{format, words};

/// What it pays and uses, and what that rests on.
#[component]
pub(super) fn Answer(
    code: String,
    title: String,
    answer: EstimateAnswer,
    tariff: Option<String>,
) -> impl IntoView {
    let compare = crate::comparison::url(std::iter::once(code.as_str()));
    let places = vec![(title.clone(), answer.clone())];
    let Spread { low, middle, high } = answer.kwh;
    let currency = currency(&answer);
    let use_of_year = words::four_of_five_use(middle, low, high);
    // What it costs is what people come for; without prices, what it uses.
    let (big, unit, range) = match chosen(&answer, tariff.as_deref()) {
        Some(cost) => {
            let money = |a_year: f64| format::money(&currency, a_year);
            let Spread { low, middle, high } = cost.a_year;
            let range = words::four_of_five_pay(&money(low / MONTHS), &money(high / MONTHS));
            (
                money(middle / MONTHS),
                words::a_month_and_year(&money(middle), &cost.name),
                format!("{range} {use_of_year}"),
            )
        }
        None => (format::whole(middle), words::kwh_a_year().to_owned(), use_of_year),
    };
    let class = format!("chip {}", chip(answer.status));
    view! {
        <div class="cards">
            <section class="card">
                <h2>{words::such_a_household(&title)}</h2>
                <p class="answer"><strong>{big}</strong><span>{unit}</span></p>
                <p>{range}" "{words::against_typical(middle, answer.typical_kwh)}</p>
                <p class="rests">
                    <span class=class>{words::status(answer.status)}</span>
                    <span>{rests_on(&answer)}</span>
                </p>
                <Costs places=places.clone() />
            </section>
            <section class="card">
                <Weekday places=places.clone() />
                <Months places tariff />
                <p class="links"><a href=compare>{words::compare_with()}</a></p>
            </section>
        </div>
    }
    .into_any()
}

/// What the estimate rests on, the weakest last.
pub(super) fn rests_on(answer: &EstimateAnswer) -> String {
    let mean = format::whole(answer.mean_home_kwh);
    let place = match (answer.status, &answer.shown_for) {
        (Status::Merged, Some(wider)) => words::mean_of_wider(&mean, &wider.name),
        (Status::Modelled, _) => words::mean_published(&mean),
        _ => words::mean_measured(&mean),
    };
    let households = match answer.fitted_homes {
        0 => words::households_published().to_owned(),
        homes => words::households_fitted(homes),
    };
    format!("{place} {households}")
}
