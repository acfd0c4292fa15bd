//! The place on the page: a file goes in, and what it comes to comes out.

#![expect(unreachable_pub, reason = "the island macro makes its parts public")]

use leptos::prelude::*;
use metering::api::{Spread, TariffPrices};
use serde::{Deserialize, Serialize};

use crate::own_use::OwnUse;
use crate::words;

#[cfg(feature = "hydrate")]
mod browser;
mod known;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
use browser as here;
#[cfg(feature = "hydrate")]
pub use browser::speak_as_the_page;
use known::known;
#[cfg(not(feature = "hydrate"))]
use server as here;

/// What own use is held against.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Settings {
    /// The local time of the map's people, as POSIX has it: `GMT0BST,M3.5.0/1,M10.5.0`.
    pub zone: String,
    /// ISO 4217.
    pub currency: String,
    /// What energy costs.
    pub tariffs: Vec<TariffPrices>,
    /// Places; where it is a move, the one where the household is now, and then the one where it would be.
    pub places: Vec<Place>,
    /// Whether it is.
    pub is_move: bool,
}

/// A place that own use is held against.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Place {
    /// What it is called.
    pub title: String,
    /// What such a household uses there in a year, kWh, if it is known what household.
    pub household_kwh: Option<Spread>,
    /// What the mean home there uses in a year, kWh.
    pub mean_home_kwh: Option<f64>,
    /// The weekday of such a household, W by half-hour; empty where it is not known.
    pub weekday_w: Vec<f64>,
}

/// How far the file is.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only in a browser are files read"))]
pub(crate) enum State {
    /// The program is not there yet: nothing can be chosen.
    #[default]
    Waiting,
    /// There is no file.
    Nothing,
    /// What there was is forgotten.
    Forgotten,
    /// It is being read: so much of it was, %.
    Reading(u32),
    /// It can't be.
    Failed(String),
    /// It was, now or earlier in this tab.
    Known(Box<OwnUse>),
}

/// Somebody's own meter data: their file is read here, and nowhere else.
#[island]
pub fn OwnData(
    /// What it is held against.
    settings: Settings,
) -> impl IntoView {
    let state = RwSignal::new(State::Waiting);
    Effect::new(move |_| {
        let remembered = here::remembered().map(|own| State::Known(Box::new(own)));
        state.set(remembered.unwrap_or(State::Nothing));
    });
    let is_over = RwSignal::new(false);
    let zone = StoredValue::new(settings.zone.clone());
    let chosen =
        move |event: leptos::ev::Event| zone.with_value(|zone| here::read_chosen(&event, zone, state));
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        is_over.set(false);
        zone.with_value(|zone| here::read_dropped(&event, zone, state));
    };
    let over = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let said = move || match state.get() {
        State::Waiting | State::Nothing => String::new(),
        State::Forgotten => words::forgotten().to_owned(),
        State::Reading(percent) => words::reading(percent),
        State::Failed(why) => why,
        State::Known(own) => words::read(&own),
    };
    let has_failed = move || matches!(state.get(), State::Failed(_));
    let is_waiting = move || state.get() == State::Waiting;
    let comes_to = move || match state.get() {
        State::Known(own) => Some(known(&own, &settings, zone, state)),
        _ => None,
    };
    view! {
        <p>{words::lead()}</p>
        <label
            class="drop"
            class:over=is_over
            on:dragover=over
            on:dragleave=move |_| is_over.set(false)
            on:drop=dropped
        >
            <b>{words::choose()}</b>
            <span>{words::kinds()}</span>
            <input type="file" accept=".csv,.xml,.txt,text/csv,text/xml" disabled=is_waiting on:change=chosen />
        </label>
        <p class="said" class:failed=has_failed role="status">{said}</p>
        {comes_to}
    }
}
