//! The mean day of a home.

use charts::Axis;
use leptos::prelude::*;
use metering::api::{Profile, ProfilePoint};
use metering::time::NIGHT;

use crate::{format, words};

const WIDTH: f64 = 392.0;
const HEIGHT: f64 = 168.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 10.0;
const FLOOR: f64 = 142.0;

fn x(half_hour: f64) -> f64 {
    LEFT + half_hour / 48.0 * (WIDTH - LEFT - 2.0)
}

fn y(watts: f64, axis: &Axis) -> f64 {
    FLOOR - watts / axis.top() * (FLOOR - TOP)
}

/// A line through what there is, at the middle of each half-hour; it breaks where nothing is.
fn line(points: &[ProfilePoint], get: impl Fn(&ProfilePoint) -> Option<f64>, axis: &Axis) -> String {
    let mut path = String::new();
    let mut joined = false;
    for (number, point) in points.iter().enumerate() {
        let Some(watts) = get(point) else {
            joined = false;
            continue;
        };
        let command = if joined { 'L' } else { 'M' };
        path.push_str(&format!("{command}{:.1} {:.1}", x(number as f64 + 0.5), y(watts, axis)));
        joined = true;
    }
    path
}

/// Between the tenth and the ninetieth of a hundred homes, where both are known all day long.
fn band(points: &[ProfilePoint], axis: &Axis) -> Option<String> {
    let ends: Option<Vec<(f64, f64)>> = points.iter().map(|point| point.p10_w.zip(point.p90_w)).collect();
    let ends = ends.filter(|ends| !ends.is_empty())?;
    let at = |number: usize, watts: f64| format!("{:.1} {:.1}", x(number as f64 + 0.5), y(watts, axis));
    let there = ends.iter().enumerate().map(|(number, &(_, p90))| at(number, p90));
    let back = ends.iter().enumerate().rev().map(|(number, &(p10, _))| at(number, p10));
    Some(format!("M{}Z", there.chain(back).collect::<Vec<_>>().join("L")))
}

/// When the use is highest; as long as not all of the day is known, how much of it is.
fn summary(points: &[ProfilePoint]) -> String {
    let known: Vec<(f64, &str)> =
        points.iter().filter_map(|point| Some((point.mean_w?, point.time.as_str()))).collect();
    if known.len() < points.len() {
        return words::half_hours_known(known.len(), points.len());
    }
    let highest = known.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    highest.map(|(watts, time)| words::peak(time, *watts)).unwrap_or_default()
}

/// 48 half-hours of a home's mean power, with the home of the area around as a dotted line.
#[component]
pub(crate) fn DayShape(
    /// What is drawn.
    profile: Profile,
    /// Whose home the dotted line is; without one there is no such line.
    around: Option<String>,
) -> impl IntoView {
    let points = &profile.half_hours;
    // What the night share counts.
    let night = (x(NIGHT.start as f64), x(NIGHT.end as f64));
    let theirs = |point: &ProfilePoint| point.around_w.filter(|_| around.is_some());
    let drawn = points.iter().flat_map(|point| [point.mean_w, theirs(point), point.p90_w]);
    let axis = Axis::up_to(drawn.flatten().fold(0.0, f64::max), 3);
    let band = band(points, &axis);
    let has_band = band.is_some();
    // Percentiles that are known of some homes are in the table, whether there is a band or not.
    let has_middle = points.iter().any(|point| point.p50_w.is_some());
    let mean = line(points, |point| point.mean_w, &axis);
    let dotted = line(points, theirs, &axis);
    let first = points.iter().position(|point| point.mean_w.is_some()).unwrap_or_default();
    let area = if mean.matches('M').count() == 1 && !has_band {
        format!("{mean}V{FLOOR}H{:.1}Z", x(first as f64 + 0.5))
    } else {
        String::new()
    };
    let summary = summary(points);
    let key = around.as_ref().map(|around| view! { <span class="key">{words::dotted(around)}</span> });
    let key = view! {
        {has_band.then(|| view! { <span class="key band">{words::band_of_day()}</span> })}
        {key}
    };
    let lines = axis.values().map(|value| {
        let (y, label) = (y(value, &axis), axis.label(value));
        view! {
            <path class="grid" d=format!("M{LEFT} {y:.1}H{WIDTH}") />
            <text x=LEFT - 7.0 y=format!("{:.1}", y + 3.5) text-anchor="end">{label}</text>
        }
    });
    let hours = [
        (0, "00:00", "start"),
        (12, "06:00", "middle"),
        (24, "12:00", "middle"),
        (36, "18:00", "middle"),
        (48, "24:00", "end"),
    ];
    let hours = hours.map(|(half_hour, text, anchor)| {
        view! { <text x=format!("{:.1}", x(f64::from(half_hour))) y=FLOOR + 18.0 text-anchor=anchor>{text}</text> }
    });
    let rows = points.iter().map(|point| {
        let watts = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), format::whole);
        view! {
            <tr><th scope="row">{point.time.clone()}</th><td>{watts(point.mean_w)}</td>{has_middle.then(|| [point.p10_w, point.p50_w, point.p90_w].map(|value| view! { <td>{watts(value)}</td> }))}{around.is_some().then(|| view! { <td>{watts(point.around_w)}</td> })}</tr>
        }
    });
    let rows = rows.collect_view();
    let head = around.as_ref().map(|around| view! { <th scope="col">{format!("{around}, W")}</th> });
    let percentiles =
        has_middle.then(|| words::percentiles_w().map(|text| view! { <th scope="col">{text}</th> }));
    view! {
        <svg class="chart" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=summary.clone()>
            <rect class="night" x=night.0 y=TOP width=night.1 - night.0 height=FLOOR - TOP />
            {lines.collect_view()}
            <path class="area" d=area />
            {band.map(|band| view! { <path class="band" d=band /> })}
            <path class="around" d=dotted />
            <path class="mean" d=mean />
            {hours.into_iter().collect_view()}
        </svg>
        <p class="reading"><span>{summary}</span>{key}</p>
        <details class="as-table">
            <summary>{words::as_table()}</summary>
            <table>
                <thead><tr><th scope="col">{words::from()}</th><th scope="col">{words::here_w()}</th>{percentiles}{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_day_has_a_highest_half_hour() {
        let point = |mean_w| ProfilePoint { time: "18:30".to_owned(), mean_w, ..ProfilePoint::default() };
        assert_eq!(summary(&[point(Some(1.0)), point(None)]), "1 of 2 half-hours are known so far.");
        assert!(summary(&[point(Some(1.0)), point(Some(2.0))]).starts_with("Highest at 18:30"));
    }

    #[test]
    fn a_band_is_of_a_whole_day() {
        let point = |p10_w| ProfilePoint { p10_w, p90_w: Some(2.0), ..ProfilePoint::default() };
        let axis = Axis::up_to(2.0, 2);
        assert_eq!(band(&[point(Some(1.0)), point(None)], &axis), None);
        let path = band(&[point(Some(1.0)), point(Some(1.0))], &axis).unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (1, 3), "{path}");
    }

    #[test]
    fn a_line_breaks_where_nothing_is() {
        let point = |mean_w| ProfilePoint { mean_w, ..ProfilePoint::default() };
        let points = [point(Some(0.0)), point(Some(1.0)), point(None), point(Some(1.0))];
        let axis = Axis::up_to(1.0, 2);
        let path = line(&points, |point| point.mean_w, &axis);
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
        assert!(!path.contains("NaN"));
    }
}
