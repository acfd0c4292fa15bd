//! What a household pays under each tariff, in a place or in two.

use leptos::prelude::*;
use metering::api::{EstimateAnswer, EstimatedCost, Prices, Spread};

use crate::components::{Range, Ranges};
use crate::household::cost;
use crate::{format, words};

/// Of a year.
pub(super) const MONTHS: f64 = metering::tariff::MONTHS as f64;

/// A tariff that is chosen, or the first.
pub(super) fn chosen<'a>(answer: &'a EstimateAnswer, tariff: Option<&str>) -> Option<&'a EstimatedCost> {
    tariff.and_then(|tariff| cost(answer, tariff)).or_else(|| answer.costs.first())
}

/// The currency of its prices.
pub(super) fn currency(answer: &EstimateAnswer) -> String {
    answer.prices.as_ref().map(|prices| prices.currency.clone()).unwrap_or_default()
}

fn a_month(a_year: Spread) -> Spread {
    let Spread { low, middle, high } = a_year;
    Spread { low: low / MONTHS, middle: middle / MONTHS, high: high / MONTHS }
}

/// Each tariff's range in each place, what it comes to, and all of it as a table.
#[component]
pub(super) fn Costs(
    /// One place, or where the household is now and where it would be.
    places: Vec<(String, EstimateAnswer)>,
) -> impl IntoView {
    let (_, last) = places.last()?.clone();
    let money = {
        let currency = currency(&last);
        move |amount: f64| format::money(&currency, amount)
    };
    let ranges = last.costs.iter().map(|tariff| {
        let spreads =
            places.iter().filter_map(|(_, answer)| Some(a_month(cost(answer, &tariff.tariff)?.a_year)));
        let spreads: Vec<Spread> = spreads.collect();
        let text = match spreads[..] {
            [now, there] => words::more_money(&money, (there.middle - now.middle).round()),
            [there] => money(there.middle),
            _ => String::new(),
        };
        Range { name: words::tariff_name(&tariff.name).to_owned(), spreads, text }
    });
    let ranges: Vec<Range> = ranges.collect();
    let rows = last.costs.iter().flat_map(|tariff| {
        let of_place = |(title, answer): &(String, EstimateAnswer)| {
            let Spread { low, middle, high } = cost(answer, &tariff.tariff)?.a_year;
            Some(view! {
                <tr>
                    <th scope="row">{words::tariff_name(&tariff.name).to_owned()}</th>
                    <td>{title.clone()}</td>
                    <td>{money(middle / MONTHS)}</td>
                    <td>{money(middle)}</td>
                    <td>{words::four_of_five(&money(low), &money(high))}</td>
                </tr>
            })
        };
        places.iter().filter_map(of_place).collect::<Vec<_>>()
    });
    let rows = rows.collect_view();
    let notes = notes_of(&last);
    Some(view! {
        <h2>{words::estimate_by_tariff()}</h2>
        <Ranges ranges label=words::estimate_by_tariff().to_owned() label_of=money />
        <details class="as-table">
            <summary>{words::as_table()}</summary>
            <div class="scrolls" tabindex="0" role="group" aria-label=words::estimate_by_tariff()>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{words::tariff()}</th>
                            <th scope="col">{words::place()}</th>
                            <th scope="col">{words::per_month()}</th>
                            <th scope="col">{words::per_year()}</th>
                            <th scope="col">{words::four_of_five_a_year()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
        {notes.map(|notes| view! { <p class="note">{notes}</p> })}
    })
}

/// Whose prices they are, and how some were derived.
fn notes_of(answer: &EstimateAnswer) -> Option<String> {
    let Prices { source, from, to, vat_percent, .. } = answer.prices.as_ref()?;
    let prices = words::prices_of(source, &format::days_between(from, to.as_deref()), *vat_percent);
    Some(prices + &words::derived(answer.costs.iter().map(|cost| (&cost.name, &cost.note))))
}
