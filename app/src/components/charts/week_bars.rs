//! The last seven days.

use charts::Axis;
use leptos::prelude::*;
use metering::UtcSecond;
use metering::api::{ConsumptionSeries, Status};

use crate::format::{self, Day};
use crate::words;

const WIDTH: f64 = 392.0;
const HEIGHT: f64 = 148.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 18.0;
const FLOOR: f64 = 122.0;
/// A local day is at most this long (when clocks go back).
const DAY_S_MAX: i64 = 25 * 3600;

/// A day that was measured in less of its time than this is no whole day, %.
const WHOLE_PERCENT: u8 = 90;

/// A bar a day; a day that is not over or was not measured as a whole is paler, and says so.
#[component]
pub(crate) fn WeekBars(
    /// What is drawn: by day.
    series: ConsumptionSeries,
    /// The server's clock.
    now: UtcSecond,
) -> impl IntoView {
    let points = series.series;
    let heading = words::week_heading(points.last().map(|point| point.start), now);
    let highest = points.iter().filter_map(|point| point.kwh_per_home).fold(0.0, f64::max);
    let axis = Axis::up_to(highest, 2);
    let slot = (WIDTH - LEFT) / points.len().max(1) as f64;
    let y = |kwh: f64| FLOOR - kwh / axis.top() * (FLOOR - TOP);
    let lines = axis.values().map(|value| {
        let (y, label) = (y(value), axis.label(value));
        view! {
            <path class="grid" d=format!("M{LEFT} {y:.1}H{WIDTH}") />
            <text x=LEFT - 7.0 y=format!("{:.1}", y + 3.5) text-anchor="end">{label}</text>
        }
    });
    let lines = lines.collect_view();
    let mut rows = Vec::new();
    let bars = points.iter().enumerate().map(|(number, point)| {
        let day = Day::beginning_at(point.start);
        let running = now.0 < point.start.0 + DAY_S_MAX && number + 1 == points.len();
        let left = LEFT + slot * number as f64 + slot * 0.13;
        let middle = LEFT + slot * (number as f64 + 0.5);
        let said = words::day_figure(point.status, point.kwh_per_home, point.covered_percent, running);
        let partial = running || point.covered_percent.is_some_and(|percent| percent < WHOLE_PERCENT);
        rows.push((format!("{} {}", day.long(), day.year), said));
        let top = y(point.kwh_per_home.unwrap_or(0.0));
        let class = match (point.status, partial) {
            (_, true) => "bar-day partial",
            (Status::Modelled, _) => "bar-day modelled",
            _ => "bar-day",
        };
        view! {
            <rect
                class=class
                x=format!("{left:.1}")
                y=format!("{top:.1}")
                width=format!("{:.1}", slot * 0.74)
                height=format!("{:.1}", FLOOR - top)
                rx="2.5"
            />
            <text class="value" x=format!("{middle:.1}") y=format!("{:.1}", top - 5.0) text-anchor="middle">
                {point.kwh_per_home.map(format::tenths)}
            </text>
            <text x=format!("{middle:.1}") y=FLOOR + 18.0 text-anchor="middle">
                {if running { words::today() } else { day.short_weekday() }}
            </text>
        }
    });
    let bars = bars.collect_view();
    let rows =
        rows.into_iter().map(|(day, said)| view! { <tr><th scope="row">{day}</th><td>{said}</td></tr> });
    let rows = rows.collect_view();
    view! {
        <svg class="chart" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=heading>
            {lines}
            {bars}
        </svg>
        <details class="as-table">
            <summary>{words::as_table()}</summary>
            <table>
                <thead><tr><th scope="col">{words::day()}</th><th scope="col">{words::kwh_a_home()}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
    .into_any()
}
