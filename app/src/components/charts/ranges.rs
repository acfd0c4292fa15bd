//! Ranges with their middles, above each other on one scale.

use charts::Axis;
use leptos::prelude::*;
use metering::api::Spread;

const WIDTH: f64 = 392.0;
/// Where the scale begins and ends: its first and last labels are centred there.
const LEFT: f64 = 14.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 16.0;
/// A row's name, and each bar below it.
const NAME: f64 = 24.0;
const BAR: f64 = 14.0;
const THICK: f64 = 9.0;
const FOOT: f64 = 26.0;

/// A row: one range, or two to be compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    /// What it is of.
    pub(crate) name: String,
    /// At most two.
    pub(crate) spreads: Vec<Spread>,
    /// What it comes to.
    pub(crate) text: String,
}

/// The rows, from zero on. Their table is the caller's.
#[component]
pub(crate) fn Ranges(
    /// What is drawn.
    ranges: Vec<Range>,
    /// What it shows, for those who do not see it.
    label: String,
    /// How a value of the scale is written.
    label_of: impl Fn(f64) -> String + 'static,
) -> impl IntoView {
    let highest =
        ranges.iter().flat_map(|range| &range.spreads).map(|spread| spread.high).fold(0.0, f64::max);
    let axis = Axis::up_to(highest, 4);
    let x = |value: f64| LEFT + value / axis.top() * (RIGHT - LEFT);
    let mut y = TOP;
    let mut rows = Vec::new();
    for Range { name, spreads, text } in ranges {
        let head = y;
        y += NAME - BAR;
        let bars = spreads.into_iter().enumerate().map(|(number, Spread { low, middle, high })| {
            let top = y + BAR * number as f64;
            view! {
                <rect class=format!("range of{number}") x=x(low) y=top width=x(high) - x(low) height=THICK rx=THICK / 2.0 />
                <rect class=format!("middle of{number}") x=x(middle) - 1.5 y=top - 2.0 width=3 height=THICK + 4.0 rx=1.5 />
            }
        });
        let bars = bars.collect::<Vec<_>>();
        y += BAR * bars.len() as f64 + NAME;
        rows.push(view! {
            <text class="name" x=LEFT y=head>{name}</text>
            <text class="total" x=RIGHT y=head text-anchor="end">{text}</text>
            {bars}
        });
    }
    let floor = y - NAME + 4.0;
    let grid = axis.values().map(|value| {
        view! {
            <path class="grid" d=format!("M{:.1} {TOP}V{floor}", x(value)) />
            <text x=format!("{:.1}", x(value)) y=floor + 16.0 text-anchor="middle">{label_of(value)}</text>
        }
    });
    let grid = grid.collect_view();
    view! {
        <svg class="chart ranges" viewBox=format!("0 0 {WIDTH} {}", floor + FOOT) role="img" aria-label=label>
            {grid}
            {rows}
        </svg>
    }
    .into_any()
}
