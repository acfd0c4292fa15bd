//! Which days the map is of: the card that the page's program brings to life.

use leptos::prelude::*;

use crate::site_map::Start;
use crate::times::{self, Span};
use crate::view_state::View;
use crate::words;

/// A year, or a month, a week or a day of what is known, and a slider through them that plays. Hidden where what is shown has no
/// times, or nothing is known yet.
#[component]
pub(crate) fn Times(
    /// What is shown.
    view: View,
    /// What the page begins with.
    start: Start,
) -> impl IntoView {
    let known = start.history;
    let of = known.zip(view.days);
    let number = of.map_or(0, |(known, days)| times::number_of(known, days));
    let last = of.map_or(0, |(known, days)| times::count(known, Span::of(days)) - 1);
    let label = view.days.map(times::label).unwrap_or_default();
    let options = Span::ALL.map(|span| {
        let selected = view.days.map(Span::of) == Some(span);
        view! { <option value=span.as_str() selected=selected>{words::span(span)}</option> }
    });
    view! {
        <div class="card times" role="group" aria-label=words::times_label() hidden=known.is_none() || !view.shown().has_times()>
            <select aria-label=words::times_span()>
                <option value="">{words::times_year()}</option>
                {options.into_iter().collect_view()}
            </select>
            <div hidden=of.is_none()>
                <button type="button" class="plain" aria-label=words::times_play()><span aria-hidden="true">{words::PLAY_SIGN}</span></button>
                <input type="range" min="0" max=last value=number aria-label=words::times_label() aria-valuetext=label.clone() />
                <output>{label}</output>
            </div>
        </div>
    }
    .into_any()
}
