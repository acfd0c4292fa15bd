//! What somebody's own use comes to, as it is shown.

use charts::{Line, Lines};
use leptos::prelude::*;
use metering::format;
use metering::tariff::{HALF_HOURS, MONTHS, Tariff, YearOfUse};
use metering::time::NIGHT;

use super::{Place, Settings, State, here};
use crate::own_use::{OwnUse, at_usual_hours};
use crate::words;

/// Whatever can be said of it.
pub(super) fn known(
    own: &OwnUse,
    settings: &Settings,
    zone: StoredValue<String>,
    state: RwSignal<State>,
) -> AnyView {
    let year = own.year();
    let kwh = year.kwh();
    let held_against: Vec<String> = settings.places.iter().flat_map(|place| against(kwh, place)).collect();
    let held_against = held_against.into_iter().chain(moved(kwh, settings));
    let held_against = held_against.map(|text| view! { <li>{text}</li> }).collect_view();
    view! {
        <div class="own-use">
            <p class="answer"><strong>{format::whole(kwh)}</strong><span>{words::unit()}</span></p>
            <p class="rests">{words::rests_on(own)}</p>
            {meters(own, zone, state)}
            <ul>{held_against}</ul>
            {costs(&year, settings)}
            {weekday(own, settings)}
            {details(own)}
            <p><button type="button" on:click=move |_| here::forget(state)>{words::forget()}</button></p>
        </div>
    }
    .into_any()
}

/// How it stands beside a place.
fn against(kwh: f64, place: &Place) -> Vec<String> {
    let household = place.household_kwh.map(|spread| words::among(kwh, &place.title, spread));
    let mean = place.mean_home_kwh.filter(|&mean| mean > 0.0);
    let mean = mean.map(|mean| words::beside_mean(kwh, &place.title, mean));
    household.into_iter().chain(mean).collect()
}

/// What it would be after a move.
fn moved(kwh: f64, settings: &Settings) -> Option<String> {
    let [now, there] = &settings.places[..] else { return None };
    let middle =
        |place: &Place| place.household_kwh.map(|spread| spread.middle).filter(|&middle| middle > 0.0);
    let factor = middle(there)? / middle(now)?;
    settings.is_move.then(|| words::elsewhere(kwh, &now.title, &there.title, factor))
}

/// Which meter of several it is. Only as long as the file is there.
fn meters(own: &OwnUse, zone: StoredValue<String>, state: RwSignal<State>) -> Option<AnyView> {
    if own.meters.is_empty() || !here::has_file() {
        return None;
    }
    let options = own.meters.iter().map(|meter| {
        let is_it = own.meter.as_ref() == Some(meter);
        view! { <option value=meter.clone() selected=is_it>{meter.clone()}</option> }
    });
    let options = options.collect_view();
    let chosen =
        move |event: leptos::ev::Event| zone.with_value(|zone| here::read_meter(&event, zone, state));
    Some(view! { <label class="which">{words::which_meter()}" "<select on:change=chosen>{options}</select></label> }.into_any())
}

/// Under each tariff, at one's own hours and at usual ones.
fn costs(mine: &YearOfUse, settings: &Settings) -> Option<AnyView> {
    let usual = at_usual_hours(mine.kwh());
    let costs: Vec<(String, f64, f64)> = settings
        .tariffs
        .iter()
        .filter_map(|prices| {
            let tariff = Tariff::of_prices(prices)?;
            Some((prices.name.clone(), tariff.cost(mine).year() / 100.0, tariff.cost(&usual).year() / 100.0))
        })
        .collect();
    let least = costs.iter().min_by(|one, other| one.1.total_cmp(&other.1))?.clone();
    let most = costs.iter().max_by(|one, other| one.1.total_cmp(&other.1))?.clone();
    let money = |amount: f64| format::money(&settings.currency, amount);
    let saved = (most.1 - least.1).round();
    let cheapest = (saved >= 1.0).then(|| words::cheapest(&least.0, &money(saved), &most.0));
    let rows = costs.iter().map(|(name, mine, usual)| {
        view! {
            <tr>
                <th scope="row">{name.clone()}</th>
                <td>{money(mine / MONTHS as f64)}</td>
                <td>{money(*mine)}</td>
                <td>{money(*usual)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    Some(
        view! {
            <h3>{words::tariffs()}</h3>
            {cheapest.map(|text| view! { <p>{text}</p> })}
            <div class="scrolls" tabindex="0" role="group" aria-label=words::tariffs()>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{words::tariff()}</th>
                            <th scope="col">{words::a_month()}</th>
                            <th scope="col">{words::a_year()}</th>
                            <th scope="col">{words::at_usual_hours()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any(),
    )
}

/// The weekday, beside those of such households in the places.
fn weekday(own: &OwnUse, settings: &Settings) -> AnyView {
    let line = |name: &str, values: &[f64]| Line {
        name: name.to_owned(),
        values: values.iter().map(|&value| Some(value)).collect(),
    };
    let known = settings.places.iter().filter(|place| place.weekday_w.len() == HALF_HOURS);
    let others = known.map(|place| line(&place.title, &place.weekday_w));
    let lines: Vec<Line> =
        std::iter::once(line(words::you(), &own.weekday_w())).chain(others).take(4).collect();
    let (steps, ticks) = charts::half_hours();
    view! {
        <h3>{words::day()}</h3>
        <Lines lines label=words::day().to_owned() steps ticks step=words::from() shaded=NIGHT />
    }
    .into_any()
}

/// What counted, what was refused, and what was taken for granted.
fn details(own: &OwnUse) -> AnyView {
    let refusals = own.refusals.iter().map(|text| view! { <li>{text.clone()}</li> }).collect_view();
    let assumptions = own.assumptions.iter().map(|text| view! { <li>{text.clone()}</li> }).collect_view();
    view! {
        <details class="as-table">
            <summary>{words::details()}</summary>
            <p>{words::counts(own)}</p>
            <ul>{refusals}{assumptions}</ul>
        </details>
    }
    .into_any()
}
