//! Areas side by side, as a picture to keep.

use std::fmt::Write as _;

use app::words;
use charts::Axis;
use metering::api::{ComparedArea, Comparison, Measure, Status};
use metering::format::{self, Day};

use super::{colour, escaped, in_lines};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = WIDTH - LEFT;
/// Where the first area's column begins.
const COLUMNS: f64 = 300.0;
const ROW: f64 = 52.0;
const CHART: (f64, f64) = (520.0, 250.0);

/// How long a step is drawn that has no other beside it.
const ALONE: f64 = 12.0;

/// How the lines of the areas are told apart, as in the page's charts.
const LINES: [(&str, &str); 4] =
    [(colour::GREEN, ""), (colour::VIOLET, "7 5"), (colour::AMBER, "1 5"), (colour::INK, "9 5 1 5")];

/// The drawing: a table of the figures, the weekdays, and the months.
pub(crate) fn comparison(titles: &[String], said: &Comparison) -> String {
    let (areas, mut y, mut body) = (&said.areas, 150.0, String::new());
    let (ink, soft) = (colour::INK, colour::SOFT);
    let column = |number: usize| COLUMNS + (RIGHT - COLUMNS) / areas.len().max(1) as f64 * number as f64;
    let letters = (64 / areas.len().max(1)).min(34);
    for (number, title) in titles.iter().enumerate() {
        let (x, (stroke, dashes)) = (column(number), LINES[number % LINES.len()]);
        for (line, text) in in_lines(title, letters, 2).iter().enumerate() {
            let y = y - 26.0 + 24.0 * line as f64;
            text_at(&mut body, (x, y), (19, 700, ink), text);
        }
        let y = y + 12.0;
        let _ = write!(
            body,
            "<path d=\"M{x} {y}h56\" stroke=\"{stroke}\" stroke-width=\"3\" stroke-dasharray=\"{dashes}\"/>"
        );
    }
    y += 30.0;
    for (name, cells) in rows(said) {
        let _ = write!(body, "<path d=\"M{LEFT} {y}H{RIGHT}\" stroke=\"{}\"/>", colour::LINE);
        text_at(&mut body, (LEFT, y + 33.0), (17, 400, soft), &name);
        for (number, cell) in cells.iter().enumerate() {
            let cell = in_lines(cell, letters, 1).concat();
            text_at(&mut body, (column(number), y + 33.0), (19, 400, ink), &cell);
        }
        y += ROW;
    }
    let charts = y + 60.0;
    let days: Vec<Vec<Option<f64>>> =
        areas.iter().map(|area| area.profile.half_hours.iter().map(|point| point.mean_w).collect()).collect();
    let (_, hours) = charts::half_hours();
    let months: Vec<Vec<Option<f64>>> = areas
        .iter()
        .map(|area| area.months.series.iter().map(|point| point.kwh_per_home).collect())
        .collect();
    let names = areas.iter().find(|area| !area.months.series.is_empty()).map_or_else(Vec::new, month_names);
    let day = areas.first().map(|area| words::day_heading(&area.profile.day, &area.profile.month));
    let mut height = charts;
    for (number, (title, lines, ticks)) in
        [(day.unwrap_or_default(), days, hours), (words::compare_months().to_owned(), months, names)]
            .into_iter()
            .filter(|(_, lines, _)| lines.iter().flatten().any(Option::is_some))
            .enumerate()
    {
        chart(&mut body, (LEFT + (CHART.0 + 64.0) * number as f64, charts), &title, &lines, &ticks);
        height = charts + CHART.1 + 60.0;
    }
    let rests = said.prices.as_ref().map(|prices| {
        words::prices(
            &prices.source,
            &format::days_between(&prices.from, prices.to.as_deref()),
            prices.vat_percent,
        )
    });
    for line in in_lines(&rests.unwrap_or_default(), 130, 3) {
        text_at(&mut body, (LEFT, height), (14, 400, soft), &line);
        height += 20.0;
    }
    height += 30.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"Inter, sans-serif\"><rect width=\"{WIDTH}\" height=\"{height}\" fill=\"{}\"/>\
         <text x=\"{LEFT}\" y=\"70\" font-size=\"30\" font-weight=\"700\" fill=\"{ink}\">{}</text>{body}</svg>",
        colour::CARD,
        escaped(words::compare_heading()),
    )
}

fn text_at(svg: &mut String, (x, y): (f64, f64), (size, weight, fill): (u32, u32, &str), text: &str) {
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{fill}\">{}</text>",
        escaped(text)
    );
}

/// The figures, by what they are.
fn rows(said: &Comparison) -> Vec<(String, Vec<String>)> {
    let areas = &said.areas;
    let of_measure = |measure: Measure| {
        let cell = |area: &ComparedArea| {
            let figure = area.card.figure(measure);
            let (status, value) =
                figure.map_or((Status::NoData, None), |figure| (figure.status, figure.value));
            words::figure_or_reason(measure, status, value)
        };
        (words::measure(measure).to_owned(), areas.iter().map(cell).collect())
    };
    let currency = said.prices.as_ref().map_or("", |prices| prices.currency.as_str());
    let tariffs = areas.iter().find(|area| !area.costs.is_empty()).map_or(&[][..], |area| &area.costs);
    let of_tariff = |tariff: &metering::api::TariffCost| {
        let cell = |area: &ComparedArea| {
            let cost = area.costs.iter().find(|cost| cost.tariff == tariff.tariff);
            cost.map_or_else(
                || words::NOT_KNOWN.to_owned(),
                |cost| words::a_year(&format::money(currency, cost.a_year)),
            )
        };
        (tariff.name.clone(), areas.iter().map(cell).collect())
    };
    Measure::OWN.into_iter().map(of_measure).chain(tariffs.iter().map(of_tariff)).collect()
}

fn month_names(area: &ComparedArea) -> Vec<(usize, String)> {
    let name = |start| format::month(&Day::beginning_at(start).month_in_digits())[..3].to_owned();
    area.months.series.iter().map(|point| name(point.start)).enumerate().collect()
}

/// Lines over the same steps, broken where nothing is known.
fn chart(
    svg: &mut String,
    (left, top): (f64, f64),
    title: &str,
    lines: &[Vec<Option<f64>>],
    ticks: &[(usize, String)],
) {
    let (width, height) = CHART;
    let steps = lines.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let axis = Axis::up_to(lines.iter().flatten().flatten().copied().fold(0.0, f64::max), 3);
    let x = |step: usize| left + 44.0 + (width - 44.0) / steps as f64 * (step as f64 + 0.5);
    let y = |value: f64| top + height - value / axis.top() * (height - 30.0);
    text_at(svg, (left, top), (17, 700, colour::INK), title);
    for value in axis.values() {
        let at = y(value);
        let _ = write!(
            svg,
            "<path d=\"M{:.1} {at:.1}H{:.1}\" stroke=\"{}\"/>",
            left + 44.0,
            left + width,
            colour::LINE
        );
        text_at(svg, (left, at + 5.0), (13, 400, colour::SOFT), &axis.label(value));
    }
    for (step, text) in ticks {
        text_at(svg, (x(*step) - 14.0, top + height + 22.0), (13, 400, colour::SOFT), text);
    }
    for (values, (stroke, dashes)) in lines.iter().zip(LINES) {
        let path = charts::path(values, ALONE, x, y);
        let _ = write!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2.5\" stroke-dasharray=\"{dashes}\" \
             stroke-linecap=\"round\"/>"
        );
    }
}
