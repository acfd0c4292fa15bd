//! Where a figure stands among all areas of its level.

use leptos::prelude::*;

use crate::classes::{position, spread};
use crate::site_map::MapHead;
use crate::words;

/// The map's own scale with a mark for this area and a dotted one for the area around it: one in the
/// middle has as many areas below it as above.
#[component]
pub(super) fn Standing(
    /// The area's figure.
    value: f64,
    /// The figure of the area around it, and that area's name.
    around: Option<(f64, String)>,
    /// The scale.
    head: MapHead,
) -> impl IntoView {
    let classes = head.classes.len() + 1;
    let step = 100.0 / classes as f64;
    let colours = (0..classes).map(|class| {
        let (colour, x) = (format!("k{}", spread(class, classes)), format!("{:.2}", step * class as f64));
        view! { <rect class=colour x=x y="5" width=format!("{step:.2}") height="8" /> }
    });
    // At an end of the scale a mark is still on it.
    let x = |value: f64| (position(value, &head.classes) * 100.0).clamp(0.6, 99.4);
    let mine = format!("M{:.1} 1V17", x(value));
    // Longer than the area's own, so that it is seen where the two fall together.
    let theirs = around.as_ref().map(|(around, _)| {
        let d = format!("M{:.1} -2V20", x(*around));
        view! { <path class="theirs-halo" d=d.clone() /><path class="theirs" d=d /> }
    });
    let (least, most) = words::ends(head.measure, &head.classes);
    let dotted = around.map(|(_, name)| view! { <span>{words::dotted(&name)}</span> });
    view! {
        <div class="standing" aria-hidden="true">
            <svg viewBox="0 0 100 18" preserveAspectRatio="none">
                {colours.collect_view()}
                <path class="mine-halo" d=mine.clone() />
                <path class="mine" d=mine />
                {theirs}
            </svg>
            <p><span>{least}</span>{dotted}<span>{most}</span></p>
        </div>
    }
    .into_any()
}
