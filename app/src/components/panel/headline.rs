//! The one big figure, what it rests on and how it compares.

use leptos::prelude::*;
use metering::api::{AreaCard, Figure, Measure, Status};

use super::Scale;
use super::standing::Standing;
use crate::{format, words};

/// The figure of the measure that the map shows; the others follow in small.
#[component]
pub(super) fn Headline(
    /// The open area's.
    card: AreaCard,
    /// What the map shows.
    measure: Measure,
    /// The scale of the area's level.
    scale: Option<Scale>,
) -> impl IntoView {
    let figure = figure_of(&card, measure);
    let rests = words::rests_on(&card, &figure);
    let value = figure.value;
    // A wider area's figure is not compared with that area.
    let own = figure.status != Status::Merged;
    let around = figure.around.filter(|_| own).zip(card.parents.last().map(|whole| whole.name.clone()));
    let compared = match (value, &around, &scale) {
        (Some(value), Some((around, whole)), _) => words::comparison(measure, value, *around, whole),
        (Some(value), None, Some(scale)) if own => scale.rank(value, figure.status),
        _ => String::new(),
    };
    let answer =
        value.map_or_else(|| words::status(figure.status).to_owned(), |v| format::figure(measure, v));
    let class = match (value, measure) {
        (None, _) => "answer empty",
        (_, Measure::Now) => "answer now",
        _ => "answer",
    };
    let others = card.figures.iter().filter(|figure| figure.measure != measure).map(small).collect_view();
    let standing = value.zip(scale).map(|(value, scale)| view! { <Standing value around head=scale.head /> });
    view! {
        <p class=class>
            <strong>{answer}</strong>
            <span>{value.map(|_| words::unit_in_words(measure))}</span>
        </p>
        {standing}
        <p class="rests">
            {value.map(|_| view! {
                <span class=format!("chip {}", chip(figure.status))>{words::status(figure.status)}</span>
            })}
            <span>{rests}" "<b>{compared}</b></span>
        </p>
        <dl class="others">{others}</dl>
    }
    .into_any()
}

fn figure_of(card: &AreaCard, measure: Measure) -> Figure {
    card.figure(measure).cloned().unwrap_or_else(|| Figure {
        measure,
        unit: measure.unit().to_owned(),
        status: Status::NoData,
        value: None,
        shown_for: None,
        around: None,
        basis: None,
    })
}

/// How a status is drawn.
pub(crate) const fn chip(status: Status) -> &'static str {
    match status {
        Status::Measured => "measured",
        Status::Merged => "merged",
        Status::Modelled => "modelled",
        Status::Suppressed => "hidden",
        Status::NoData => "none",
    }
}

fn small(figure: &Figure) -> impl IntoView + use<> {
    let text = words::figure_or_reason(figure.measure, figure.status, figure.value);
    view! {
        <div>
            <dt>{words::measure(figure.measure)}</dt>
            <dd>{text}</dd>
        </div>
    }
    .into_any()
}
