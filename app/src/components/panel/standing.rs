//! Where a figure stands among all areas.

use leptos::prelude::*;
use metering::api::Measure;

use crate::classes::{position, spread};
use crate::page::Page;
use crate::words;

/// The map's own scale with a mark for this area and a dotted one for the whole: an area in the middle
/// has as many areas below it as above.
#[component]
pub fn Standing(
    /// What the figure is of.
    measure: Measure,
    /// The area's.
    value: f64,
    /// The whole's.
    around: Option<f64>,
    /// The whole's name.
    whole: String,
) -> impl IntoView {
    let page = Page::get();
    let strip = move || {
        let head = page.head().ok().filter(|head| head.measure == measure && !head.classes.is_empty())?;
        let classes = head.classes.len() + 1;
        let step = 100.0 / classes as f64;
        let colours = (0..classes).map(|class| {
            let colour = format!("k{}", spread(class, classes));
            view! { <rect class=colour x=step * class as f64 y="5" width=step height="8" /> }
        });
        let mark = |value: f64| format!("{:.1}", position(value, &head.classes) * 100.0);
        let mine = mark(value);
        let theirs = around.map(mark);
        Some(view! {
            <svg viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true">
                {colours.collect_view()}
                {theirs.map(|x| view! { <path class="theirs" d=format!("M{x} 1V17") /> })}
                <path class="mine-halo" d=format!("M{mine} 1V17") />
                <path class="mine" d=format!("M{mine} 1V17") />
            </svg>
            <p aria-hidden="true"><span>{words::FEWER}</span><span>{words::dotted(&whole)}</span><span>{words::MORE}</span></p>
        })
    };
    view! { <div class="standing">{strip}</div> }
}
