//! Several lines over the same steps: days of half-hours, years of months.

#![expect(unreachable_pub, reason = "the component macro makes its parts public")]

use std::ops::Range;

use leptos::prelude::*;
use metering::format;
use metering::tariff::HALF_HOURS;

use crate::axis::Axis;

metering::texts! {
    /// Opens the table under a chart.
    pub as_table: "Show as table", "Pokaż jako tabelę";
}

/// Where there is no value.
pub const NOT_KNOWN: &str = "–";

const WIDTH: f64 = 392.0;
const HEIGHT: f64 = 196.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 10.0;
const FLOOR: f64 = 170.0;

/// How long a step is drawn that has no other beside it.
const ALONE: f64 = 6.0;

/// One line, and what it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// In the key, and above its column of the table.
    pub name: String,
    /// A value a step; it breaks where there is none.
    pub values: Vec<Option<f64>>,
}

/// The half-hours of a day as they are called, and those of them that are written below a chart.
pub fn half_hours() -> (Vec<String>, Vec<(usize, String)>) {
    let steps: Vec<String> =
        (0..HALF_HOURS).map(|half_hour| format!("{:02}:{:02}", half_hour / 2, half_hour % 2 * 30)).collect();
    let ticks = (0..HALF_HOURS).step_by(6).map(|step| (step, steps[step].clone())).collect();
    (steps, ticks)
}

/// A line as the path of an SVG: broken where there is no value. One that has none beside it is a dash, `alone` wide.
pub fn path(values: &[Option<f64>], alone: f64, x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut joined = false;
    for (step, value) in values.iter().enumerate() {
        let Some(value) = *value else {
            joined = false;
            continue;
        };
        let y = y(value);
        let is_alone = !joined && values.get(step + 1).copied().flatten().is_none();
        path.push_str(&match (is_alone, joined) {
            // A dash, or it would not be seen.
            (true, _) => format!("M{:.1} {y:.1}h{alone}", x(step) - alone / 2.0),
            (false, true) => format!("L{:.1} {y:.1}", x(step)),
            (false, false) => format!("M{:.1} {y:.1}", x(step)),
        });
        joined = true;
    }
    path
}

/// The lines, their key, and all of it as a table. Lines are told apart by colour and by dashes.
#[component]
pub fn Lines(
    /// What is drawn, at most four.
    lines: Vec<Line>,
    /// What it shows, for those who do not see it.
    label: String,
    /// What the steps are called, in the table.
    steps: Vec<String>,
    /// Some of them, where they are written below the lines.
    ticks: Vec<(usize, String)>,
    /// The head of the table's first column.
    step: &'static str,
    /// Steps with a shade behind them: the night.
    #[prop(optional)]
    shaded: Option<Range<usize>>,
) -> impl IntoView {
    let highest = lines.iter().flat_map(|line| &line.values).flatten().copied().fold(0.0, f64::max);
    let axis = Axis::up_to(highest, 3);
    let width = (WIDTH - LEFT - 2.0) / steps.len().max(1) as f64;
    let x = move |step: usize| LEFT + width * (step as f64 + 0.5);
    let y = |value: f64| FLOOR - value / axis.top() * (FLOOR - TOP);
    let shade = shaded.map(|Range { start, end }| {
        let left = x(start) - width / 2.0;
        view! { <rect class="night" x=left y=TOP width=width * (end - start) as f64 height=FLOOR - TOP /> }
    });
    let grid = axis.values().map(|value| {
        let y = y(value);
        view! {
            <path class="grid" d=format!("M{LEFT} {y:.1}H{WIDTH}") />
            <text x=LEFT - 7.0 y=format!("{:.1}", y + 3.5) text-anchor="end">{axis.label(value)}</text>
        }
    });
    let grid = grid.collect_view();
    let ticks = ticks.into_iter().map(|(step, text)| {
        view! { <text x=format!("{:.1}", x(step)) y=FLOOR + 18.0 text-anchor="middle">{text}</text> }
    });
    let ticks = ticks.collect_view();
    let drawn = lines.iter().enumerate().map(|(number, line)| {
        view! { <path class=format!("line l{number}") d=path(&line.values, ALONE, x, y) /> }
    });
    let drawn = drawn.collect_view();
    let key = lines.iter().enumerate().map(|(number, line)| {
        let sample = view! {
            <svg viewBox="0 0 28 6" aria-hidden="true"><path class=format!("line l{number}") d="M0 3H28" /></svg>
        };
        view! { <li>{sample}{line.name.clone()}</li> }
    });
    let key = key.collect_view();
    let heads = lines.iter().map(|line| view! { <th scope="col">{line.name.clone()}</th> }).collect_view();
    let rows = steps.into_iter().enumerate().map(|(number, name)| {
        let value = |line: &Line| {
            let value = line.values.get(number).copied().flatten();
            value.map_or_else(|| NOT_KNOWN.to_owned(), format::whole)
        };
        let cells = lines.iter().map(|line| view! { <td>{value(line)}</td> }).collect_view();
        view! { <tr><th scope="row">{name}</th>{cells}</tr> }
    });
    let rows = rows.collect_view();
    view! {
        <svg class="chart" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=label>
            {shade}
            {grid}
            {drawn}
            {ticks}
        </svg>
        <ul class="line-key">{key}</ul>
        <details class="as-table">
            <summary>{as_table()}</summary>
            <div class="scrolls" tabindex="0" role="group" aria-label=as_table()>
                <table>
                    <thead><tr><th scope="col">{step}</th>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_where_nothing_is() {
        let axis = Axis::up_to(2.0, 2);
        let y = |value: f64| FLOOR - value / axis.top() * (FLOOR - TOP);
        let path = path(&[Some(0.0), Some(2.0), None, Some(1.0)], ALONE, |step| step as f64, y);
        assert_eq!(path, format!("M0.0 {FLOOR:.1}L1.0 {TOP:.1}M0.0 {:.1}h6", (FLOOR + TOP) / 2.0));
    }
}
