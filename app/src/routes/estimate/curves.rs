//! When a household uses electricity: the day and the year, in a place or in two.

use leptos::prelude::*;
use metering::api::EstimateAnswer;
use metering::time::NIGHT;

use super::costs::{chosen, currency};
use crate::components::{Line, Lines};
use crate::{format, words};

fn lines(places: &[(String, EstimateAnswer)], values: impl Fn(&EstimateAnswer) -> Vec<f64>) -> Vec<Line> {
    let line = |(title, answer): &(String, EstimateAnswer)| Line {
        name: title.clone(),
        values: values(answer).into_iter().map(Some).collect(),
    };
    places.iter().map(line).collect()
}

/// A weekday's mean power.
#[component]
pub(super) fn Weekday(places: Vec<(String, EstimateAnswer)>) -> impl IntoView {
    let (steps, ticks) = charts::half_hours();
    let lines = lines(&places, |answer| answer.weekday_w.clone());
    view! {
        <h2>{words::estimate_day()}</h2>
        <Lines lines label=words::estimate_day().to_owned() steps ticks step=words::from() shaded=NIGHT />
    }
}

/// What each month costs under a tariff; what it uses, where no prices are known.
#[component]
pub(super) fn Months(places: Vec<(String, EstimateAnswer)>, tariff: Option<String>) -> impl IntoView {
    let tariff = tariff.as_deref();
    let priced = places.iter().find_map(|(_, answer)| {
        let sign = format::currency_sign(&currency(answer)).to_owned();
        Some(words::months_cost(&sign, &chosen(answer, tariff)?.name))
    });
    let lines = lines(&places, |answer| match chosen(answer, tariff) {
        Some(cost) => cost.months.clone(),
        None => answer.months_kwh.clone(),
    });
    let heading = priced.unwrap_or_else(|| words::estimate_months().to_owned());
    let months: Vec<String> = (1..=12).map(|month| format!("2000-{month:02}")).collect();
    let steps: Vec<String> = months.iter().map(|month| format::month(month).to_owned()).collect();
    let ticks = months.iter().map(|month| format::short_month(month).to_owned()).enumerate().collect();
    view! {
        <h2>{heading.clone()}</h2>
        <Lines lines label=heading steps ticks step=words::month() />
    }
}
