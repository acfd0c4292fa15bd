//! The same household where it is now and where it would be.

use leptos::prelude::*;
use metering::api::EstimateAnswer;

use super::answer::rests_on;
use super::costs::{Costs, MONTHS, chosen, currency};
use super::curves::{Months, Weekday};
use crate::household::{Moving, Sureness, day_parts};
use crate::{format, words};

/// What changes.
#[component]
pub(super) fn Move(
    now: (String, EstimateAnswer),
    there: (String, EstimateAnswer),
    tariff: Option<String>,
    /// The page of the way back.
    back: String,
) -> impl IntoView {
    let moving = Moving { now: &now.1, there: &there.1 };
    let chosen = chosen(&there.1, tariff.as_deref());
    let priced = chosen.and_then(|cost| Some((moving.a_year_more(&cost.tariff)?, cost.name.clone())));
    let (big, unit) = match priced {
        Some((more, tariff)) => {
            let currency = currency(&there.1);
            let money = |amount: f64| format::money(&currency, amount);
            (words::more_or_less(money, more / MONTHS), words::a_month_and_year(&money(more.abs()), &tariff))
        }
        None => (words::more_or_less(format::whole, moving.kwh_more()), words::kwh_a_year().to_owned()),
    };
    let sureness = moving.sureness();
    let (chip, class) = match sureness {
        Sureness::OneFigure | Sureness::Hardly => (words::hardly(), "chip"),
        Sureness::Likely(_) => (words::likely(), "chip modelled"),
        Sureness::AlmostCertain => (words::almost_certain(), "chip measured"),
    };
    let told = match sureness {
        Sureness::OneFigure => words::one_figure(&now.0, &there.0),
        Sureness::Hardly => words::as_often_less(&now.0, &there.0),
        Sureness::Likely(of_ten) => words::pairs(&there.0, moving.kwh_more() > 0.0, Some(of_ten)),
        Sureness::AlmostCertain => words::pairs(&there.0, moving.kwh_more() > 0.0, None),
    };
    let kwh = words::used_now_and_there(now.1.kwh.middle, there.1.kwh.middle);
    let bases = [&now, &there].map(|(title, answer)| {
        view! { <p class="note"><b>{title.clone()}</b>": "{rests_on(answer)}</p> }
    });
    let parts = view! { <Parts now=now.clone() there=there.clone() /> };
    let places = vec![now, there];
    view! {
        <div class="cards">
            <section class="card">
                <h2>{words::same_household()}</h2>
                <p class="answer"><strong>{big}</strong><span>{unit}</span></p>
                <p class="rests"><span class=class>{chip}</span><span>{told}" "{kwh}</span></p>
                <Costs places=places.clone() />
                {bases.into_iter().collect_view()}
            </section>
            <section class="card">
                <Weekday places=places.clone() />
                {parts}
                <Months places tariff />
                <p class="links"><a href=back>{words::move_back()}</a></p>
            </section>
        </div>
    }
    .into_any()
}

/// The difference by time of day.
#[component]
fn Parts(now: (String, EstimateAnswer), there: (String, EstimateAnswer)) -> impl IntoView {
    let parts = day_parts(&now.1.weekday_w).into_iter().zip(day_parts(&there.1.weekday_w));
    let rows = words::day_parts().into_iter().zip(parts).map(|(name, (one, other))| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{format::tenths(one)}</td>
                <td>{format::tenths(other)}</td>
                <td>{words::signed_tenths(other - one)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div class="scrolls" tabindex="0" role="group" aria-label=words::day_parts_heading()>
            <table class="small">
                <caption>{words::day_parts_heading()}</caption>
                <thead>
                    <tr>
                        <th scope="col">{words::when()}</th>
                        <th scope="col">{now.0}</th>
                        <th scope="col">{there.0}</th>
                        <th scope="col">{words::difference()}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
