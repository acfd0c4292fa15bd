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
        <h2>{words::ESTIMATE_DAY}</h2>
        <Lines lines label=words::ESTIMATE_DAY.to_owned() steps ticks step=words::FROM shaded=NIGHT />
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
    let heading = priced.unwrap_or_else(|| words::ESTIMATE_MONTHS.to_owned());
    let steps: Vec<String> =
        (1..=12).map(|month| format::month(&format!("2000-{month:02}")).to_owned()).collect();
    let ticks = steps.iter().map(|month| month[..3].to_owned()).enumerate().collect();
    view! {
        <h2>{heading.clone()}</h2>
        <Lines lines label=heading steps ticks step=words::MONTH />
    }
}
