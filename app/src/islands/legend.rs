//! What the colours mean, in words.

use leptos::prelude::*;

use crate::classes::{CLASSES_MAX, spread};
use crate::page::Page;
use crate::reactive::{flag, text};
use crate::site_map::MapHead;
use crate::{format, words};

/// The legend. It is the server's at first and the newest figures' from then on. It has a place for as
/// many classes as there are colours; those that are not needed are hidden.
#[island]
pub fn Legend() -> impl IntoView {
    let page = Page::get();
    let steps = (0..CLASSES_MAX).map(|class| view! { <Step class /> }).collect::<Vec<_>>();
    let note = text(move || missing(page));
    let waiting = text(move || if scale_of(page).is_some() { "scale" } else { "scale waiting" }.to_owned());
    view! {
        <section class="card legend" aria-labelledby="legend-heading">
            <h2 id="legend-heading">{text(move || words::legend_of(page.measure.get(), page.days.get()))}</h2>
            <p class="unit" aria-hidden="true">{text(move || words::unit_head(page.measure.get()).to_owned())}</p>
            <p class="explain">{text(move || words::explain(page.measure.get()).to_owned())}</p>
            <ol class=waiting>{steps}</ol>
            <p class="note">{note}</p>
            <ul class="swatches">
                <li><i class="swatch full"></i>{words::measured()}</li>
                <li><i class="swatch pale"></i>{words::modelled()}</li>
                <li><i class="swatch hidden"></i>{words::hidden()}</li>
                <li><i class="swatch none"></i>{words::no_data()}</li>
            </ul>
            <LevelChoice />
        </section>
    }
}

/// The bounds of what is shown. None while the figures of another measure are still there, or none at all.
fn scale_of(page: Page) -> Option<Vec<f64>> {
    page.head().filter(|head| head.any).map(|head| head.classes)
}

/// Why there is no scale, where nothing is known or all is the same. (Trouble has a notice of its own.)
fn missing(page: Page) -> String {
    match page.head() {
        Some(head) if !head.any => words::nothing_yet().to_owned(),
        Some(MapHead { same: Some(value), measure, .. }) => words::the_same(measure, value),
        _ => String::new(),
    }
}

/// A class of the scale: its colour, its upper bound, and the whole of it in words.
#[component]
fn Step(
    /// Which.
    class: usize,
) -> impl IntoView {
    let page = Page::get();
    let said = move || {
        let bounds = scale_of(page)?;
        (class <= bounds.len()).then(|| words::class_range(page.measure.get(), &bounds, class))
    };
    let colour = text(move || {
        let classes = scale_of(page).map_or(CLASSES_MAX, |bounds| bounds.len() + 1);
        format!("k{}", spread(class.min(classes - 1), classes))
    });
    let bound = text(move || {
        let bounds = scale_of(page).unwrap_or_default();
        bounds.get(class).map(|bound| format::figure(page.measure.get(), *bound)).unwrap_or_default()
    });
    view! {
        <li hidden=flag(move || said().is_none())>
            <i class=colour></i>
            <span class="sr">{text(move || said().unwrap_or_default())}</span>
            <span class="bound" aria-hidden="true">{bound}</span>
        </li>
    }
}

/// Which areas are drawn: by zoom, or one level whatever the zoom.
#[component]
fn LevelChoice() -> impl IntoView {
    let page = Page::get();
    let pinned = text(move || page.view.with(|view| view.level.clone().unwrap_or_default()));
    let by_zoom = text(move || {
        let level = page.level.get();
        let plural = page.start.with_value(|start| {
            start.levels.iter().find(|info| info.name == level).map(|info| info.plural.clone())
        });
        words::by_zoom(&plural.unwrap_or_default())
    });
    let options = page.start.with_value(|start| {
        let option = |name: String, text: String| view! { <option value=name>{text}</option> };
        start.levels.iter().map(|level| option(level.name.clone(), level.plural.clone())).collect::<Vec<_>>()
    });
    let choose = move |event| {
        let level = event_target_value(&event);
        page.change(|view| view.level = (!level.is_empty()).then_some(level));
    };
    view! {
        <label class="level">
            <span>{words::level_label()}</span>
            <select prop:value=pinned on:change=choose>
                <option value="">{by_zoom}</option>
                {options}
            </select>
        </label>
    }
}
