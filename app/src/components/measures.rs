//! The switch between what the map can show.

use leptos::prelude::*;
use metering::api::Measure;

use crate::page::Page;
use crate::words;

/// One of the measures. Without scripts it is a form with a button.
#[component]
pub fn Measures() -> impl IntoView {
    let page = Page::get();
    let choices = Measure::ALL.map(|measure| {
        view! {
            <label>
                <input
                    type="radio"
                    name="measure"
                    value=measure.as_str()
                    checked=page.measure.get_untracked() == measure
                    prop:checked=move || page.measure.get() == measure
                    on:change=move |_| page.change(|view| view.measure = measure)
                />
                <span>{words::measure(measure)}</span>
            </label>
        }
    });
    view! {
        <form class="card measures segments" action="/" role="radiogroup" aria-label=words::MEASURES_LABEL>
            {choices.into_iter().collect_view()}
            <noscript inner_html=format!("<button>{}</button>", words::SHOW)></noscript>
        </form>
    }
}
