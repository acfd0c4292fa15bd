//! What the colours mean, in words.

use leptos::prelude::*;
use metering::api::Measure;

use crate::classes::spread;
use crate::error::AppError;
use crate::page::Page;
use crate::site_map::MapHead;
use crate::{format, words};

/// The legend. It is the server's at first and the newest figures' from then on.
#[component]
pub fn Legend() -> impl IntoView {
    let page = Page::get();
    let measure = move || page.measure.get();
    view! {
        <section class="card legend" aria-labelledby="legend-heading">
            <h2 id="legend-heading">{move || words::legend(measure())}</h2>
            <p class="explain">{move || words::explain(measure())}</p>
            {move || scale(page.measure.get(), page.head())}
            <ul class="swatches">
                <li><i class="swatch pale"></i>{words::MODELLED}</li>
                <li><i class="swatch hidden"></i>{words::HIDDEN}</li>
                <li><i class="swatch none"></i>{words::NO_DATA}</li>
            </ul>
            <LevelChoice />
        </section>
    }
}

/// The scale with its bounds; what is missing, in words, where there is none.
fn scale(measure: Measure, head: Result<MapHead, AppError>) -> AnyView {
    let head = match head {
        // The measure has just been switched: the figures of the one before are still there.
        Ok(head) if head.measure != measure => return view! { <div class="scale waiting"></div> }.into_any(),
        Ok(head) if !head.any => return view! { <p class="note">{words::NOTHING_YET}</p> }.into_any(),
        Ok(head) => head,
        Err(error) => return view! { <p class="note">{error.to_string()}</p> }.into_any(),
    };
    let classes = head.classes.len() + 1;
    let steps = (0..classes).map(|class| {
        let words = words::class_range(measure, &head.classes, class);
        let bound = head.classes.get(class).map(|bound| format::figure(measure, *bound));
        view! {
            <li>
                <i class=format!("k{}", spread(class, classes)) title=words.clone()></i>
                <span class="sr">{words}</span>
                <span class="bound" aria-hidden="true">{bound}</span>
            </li>
        }
    });
    view! { <ol class="scale">{steps.collect_view()}</ol> }.into_any()
}

/// Which areas are drawn: by zoom, or one level whatever the zoom.
#[component]
fn LevelChoice() -> impl IntoView {
    let page = Page::get();
    let pinned = move || page.view.with(|view| view.level.clone().unwrap_or_default());
    let now = move || {
        page.first.with_value(|first| {
            let level = page.level.get();
            first.levels.iter().find(|info| info.name == level).map(|info| info.plural.clone())
        })
    };
    let by_zoom = move || match now() {
        Some(plural) => format!("{}: {}", words::LEVEL_BY_ZOOM, plural),
        None => words::LEVEL_BY_ZOOM.to_owned(),
    };
    let options = page.first.with_value(|first| {
        let option = |name: String, text: String| view! { <option value=name>{text}</option> };
        first.levels.iter().map(|level| option(level.name.clone(), level.plural.clone())).collect_view()
    });
    let choose = move |event| {
        let level = event_target_value(&event);
        page.change(|view| view.level = (!level.is_empty()).then_some(level));
    };
    view! {
        <label class="level">
            <span>{words::LEVEL_LABEL}</span>
            <select prop:value=pinned on:change=choose>
                <option value="">{by_zoom}</option>
                {options}
            </select>
        </label>
    }
}
