//! An area, as it is shown where somebody shares its page.

use std::fmt::Write as _;

use app::words;
use geography::{AreaIndex, Geography};
use metering::api::{ComparedArea, Comparison, Measure, Prices};
use metering::format;

use super::{colour, escaped, in_lines};

/// As the networks want it, in pixels.
const SIZE: (f64, f64) = (1200.0, 630.0);

/// The window with the map.
const MAP: (f64, f64, f64, f64) = (700.0, 60.0, 440.0, 510.0);

/// An area is drawn with so much around it, of its own size.
const AROUND: f64 = 0.9;

/// The drawing: what it is called, what a home there uses and pays, and where it is.
pub(crate) fn preview(geography: &Geography, area: AreaIndex, said: &Comparison) -> Option<String> {
    let compared = said.areas.first()?;
    let (width, height) = SIZE;
    let (paper, ink, soft, green) = (colour::PAPER, colour::INK, colour::SOFT, colour::GREEN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"Inter\"><rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>\
         <text x=\"60\" y=\"92\" font-size=\"30\" font-weight=\"700\" fill=\"{green}\">{}</text>",
        escaped(words::NAME)
    );
    let title = in_lines(geography.title(area), 17, 2);
    let mut y = 200.0;
    for line in &title {
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<text x=\"60\" y=\"{y}\" font-size=\"64\" font-weight=\"700\" fill=\"{ink}\">{}</text>",
            escaped(line)
        );
        y += 72.0;
    }
    let parents: Vec<&str> = compared.card.parents.iter().map(|parent| parent.name.as_str()).collect();
    for line in in_lines(&parents.join(" · "), 40, 1) {
        let _ = write!(
            svg,
            "<text x=\"60\" y=\"{}\" font-size=\"28\" fill=\"{soft}\">{}</text>",
            y - 20.0,
            escaped(&line)
        );
    }
    for (number, (text, size, weight, fill)) in
        figures(compared, said.prices.as_ref()).into_iter().enumerate()
    {
        let y = [440.0, 492.0, 548.0][number.min(2)];
        let _ = write!(
            svg,
            "<text x=\"60\" y=\"{y}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{fill}\">{}</text>",
            escaped(&text)
        );
    }
    svg.push_str(&map(geography, area, MAP));
    svg.push_str("</svg>");
    Some(svg)
}

/// An area in a few words: what a home there uses, what it pays, and what that rests on.
pub(crate) struct InBrief {
    /// What it uses in a year, or why that is not said.
    pub(crate) a_year: String,
    /// Whether it is said.
    pub(crate) is_known: bool,
    /// What it pays, where prices are known.
    pub(crate) a_month: Option<String>,
    /// What kind of figure it is.
    pub(crate) status: Option<&'static str>,
}

impl InBrief {
    /// Of one of some that are compared.
    pub(crate) fn of(area: &ComparedArea, prices: Option<&Prices>) -> Self {
        let figure = area.card.figure(Measure::Annual);
        let value = figure.and_then(|figure| figure.value);
        let a_year = match (figure, value) {
            (_, Some(value)) => format::with_unit(Measure::Annual, value) + " a year",
            (Some(figure), None) => words::figure_or_reason(Measure::Annual, figure.status, None),
            (None, None) => words::no_data().to_owned(),
        };
        let a_month = prices.zip(area.costs.first()).map(|(prices, cost)| {
            let a_month = words::a_month(&format::money(&prices.currency, cost.a_year / 12.0));
            format!("{a_month} ({})", cost.name)
        });
        let status = figure.map(|figure| words::status(figure.status));
        InBrief { a_year, is_known: value.is_some(), a_month, status }
    }
}

/// That, line by line, as it is drawn.
fn figures(compared: &ComparedArea, prices: Option<&Prices>) -> Vec<(String, u32, u32, &'static str)> {
    let InBrief { a_year, is_known, a_month, status } = InBrief::of(compared, prices);
    if !is_known {
        return vec![(a_year, 44, 700, colour::SOFT)];
    }
    let lines = [
        Some((a_year, 64, 700, colour::INK)),
        a_month.map(|a_month| (a_month, 32, 400, colour::INK)),
        status.map(|status| (status.to_owned(), 26, 400, colour::SOFT)),
    ];
    lines.into_iter().flatten().collect()
}

/// Where it is, as a drawing by itself.
pub(crate) fn where_it_is(geography: &Geography, area: AreaIndex) -> String {
    map(geography, area, (0.0, 0.0, 240.0, 240.0)).replacen(
        "<svg ",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\" ",
        1,
    )
}

/// Where it is: its outline, and that of what is around it, in a window.
fn map(geography: &Geography, area: AreaIndex, (x, y, width, height): (f64, f64, f64, f64)) -> String {
    let bounds = geography.area(area).bounds;
    let (west, north) = (f64::from(bounds.low.x), f64::from(bounds.low.y));
    let (own_width, own_height) = (f64::from(bounds.high.x) - west, f64::from(bounds.high.y) - north);
    // As large as fits, with room around, in the shape of the window.
    let scale = (own_width / width).max(own_height / height).max(f64::EPSILON) * (1.0 + 2.0 * AROUND);
    let (seen_width, seen_height) = (width * scale, height * scale);
    let (left, top) =
        (west + own_width / 2.0 - seen_width / 2.0, north + own_height / 2.0 - seen_height / 2.0);
    // All along the same outlines, or they would not meet.
    let path = |of: AreaIndex| geography.fine_path(of);
    let others: Vec<AreaIndex> = match geography.parent(area) {
        Some(parent) => geography.children(parent).collect(),
        None => geography.level(geography.coarsest()).indices().collect(),
    };
    let others: String = others.into_iter().filter(|&other| other != area).map(path).collect();
    let around = geography.ancestors(area).last().map(path).unwrap_or_default();
    let (card, ground, line, soft, green) =
        (colour::CARD, colour::GROUND, colour::LINE, colour::SOFT, colour::GREEN);
    format!(
        "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{left:.0} {top:.0} {seen_width:.0} \
         {seen_height:.0}\"><rect x=\"{left:.0}\" y=\"{top:.0}\" width=\"{seen_width:.0}\" height=\"{seen_height:.0}\" \
         fill=\"{ground}\"/><path d=\"{around}\" fill=\"{card}\" stroke=\"{soft}\" stroke-width=\"{:.1}\"/>\
         <path d=\"{others}\" fill=\"{card}\" stroke=\"{line}\" stroke-width=\"{:.1}\"/>\
         <path d=\"{}\" fill=\"{green}\" fill-opacity=\"0.22\" stroke=\"{green}\" stroke-width=\"{:.1}\"/></svg>",
        scale * 1.5,
        scale,
        path(area),
        scale * 4.0,
    )
}
