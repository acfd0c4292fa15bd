//! The one big figure, what it rests on and how it compares.

use leptos::prelude::*;
use metering::api::{AreaCard, Figure, LiveFrame, Measure, Status};

use super::standing::Standing;
use crate::page::Page;
use crate::{format, words};

/// The figure of the measure that the map shows; the others follow in small.
#[component]
pub fn Headline(
    /// The open area's.
    card: AreaCard,
) -> impl IntoView {
    let page = Page::get();
    let card = StoredValue::new(card);
    let live = live_figure(page, card);
    let main = move || {
        let measure = page.measure.get();
        card.with_value(|card| {
            let mut figure = figure_of(card, measure);
            if let (Measure::Now, Some((status, value))) = (measure, live.get()) {
                (figure.status, figure.value) = (status, value);
            }
            main_figure(card, figure, page)
        })
    };
    let others = move || {
        let measure = page.measure.get();
        card.with_value(|card| {
            let other = |figure: &Figure| (figure.measure != measure).then(|| small_figure(figure));
            card.figures.iter().filter_map(other).collect_view()
        })
    };
    view! {
        {main}
        <dl class="others">{others}</dl>
    }
}

fn figure_of(card: &AreaCard, measure: Measure) -> Figure {
    let found = card.figures.iter().find(|figure| figure.measure == measure).cloned();
    found.unwrap_or_else(|| Figure {
        measure,
        unit: measure.unit().to_owned(),
        status: Status::NoData,
        value: None,
        shown_for: None,
        around: None,
    })
}

/// What the feed last said of this area.
fn live_figure(page: Page, card: StoredValue<AreaCard>) -> Memo<Option<(Status, Option<f64>)>> {
    Memo::new(move |before: Option<&Option<_>>| {
        let news = page.live.frame.with(|frame| {
            let (LiveFrame::Snapshot { areas, .. } | LiveFrame::Delta { areas, .. }) = frame.as_ref()? else {
                return None;
            };
            let area = card.with_value(|card| areas.iter().find(|area| area.code == card.area.code))?;
            Some((area.status, area.mean_w))
        });
        news.or_else(|| before.cloned().flatten())
    })
}

fn main_figure(card: &AreaCard, figure: Figure, page: Page) -> impl IntoView + use<> {
    let measure = figure.measure;
    let wider = figure.shown_for.as_ref().map(|area| area.name.as_str());
    let rests = words::rests_on(figure.status, card.homes.as_deref(), wider, card.model_source.as_deref());
    let whole = page.first.with_value(|first| first.name.clone());
    let compared = match (figure.value, figure.around) {
        (Some(value), Some(around)) => words::comparison(measure, value, around, &whole),
        _ => String::new(),
    };
    let value = figure.value;
    let around = figure.around;
    let chip = format!("chip {}", chip_class(figure.status));
    view! {
        <p class="answer" class:empty=value.is_none()>
            <strong>{value.map_or_else(|| words::status(figure.status).to_owned(), |value| format::figure(measure, value))}</strong>
            <span>{value.map(|_| words::unit_in_words(measure))}</span>
        </p>
        {value.map(|value| view! { <Standing measure value around whole=whole.clone() /> })}
        <p class="rests">
            <span class=chip>{words::status(figure.status)}</span>
            <span>{rests}" "<b>{compared}</b></span>
        </p>
    }
}

const fn chip_class(status: Status) -> &'static str {
    match status {
        Status::Measured => "measured",
        Status::Merged => "merged",
        Status::Modelled => "modelled",
        Status::Suppressed => "hidden",
        Status::NoData => "none",
    }
}

fn small_figure(figure: &Figure) -> impl IntoView + use<> {
    let text = words::figure_or_reason(figure.measure, figure.status, figure.value);
    view! {
        <div>
            <dt>{words::measure(figure.measure)}</dt>
            <dd>{text}</dd>
        </div>
    }
}
