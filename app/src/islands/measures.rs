//! The switch between what the map can show.

use leptos::prelude::*;
use metering::api::Measure;

use crate::page::Page;
use crate::reactive::flag;
use crate::words;

/// One of the measures. Without scripts it is a form; the page has its button.
#[island]
pub fn Measures() -> impl IntoView {
    let page = Page::get();
    let choices = Measure::CHOICES.map(|measure| {
        let chosen = flag(move || page.view.with(|view| view.measure) == measure);
        let choose = move |_| {
            page.playing.set(false);
            page.change(|view| {
                view.measure = measure;
                view.days = view.days.filter(|_| measure.has_times());
            });
        };
        let checked = page.view.with_untracked(|view| view.measure) == measure;
        // Without prices there are no costs.
        let none = measure == Measure::Cost && page.start.with_value(|start| start.currency.is_none());
        view! {
            <label hidden=none>
                <input
                    type="radio"
                    name="measure"
                    value=measure.as_str()
                    checked=checked
                    prop:checked=chosen
                    on:change=choose
                />
                <span>{words::measure(measure)}</span>
            </label>
        }
    });
    view! {
        <form id="measures" class="card measures" action="/">
            <div class="segments" role="radiogroup" aria-label=words::measures_label()>
                {choices.into_iter().collect::<Vec<_>>()}
            </div>
        </form>
    }
}
