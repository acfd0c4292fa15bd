//! What the panel shows of an area: rendered with the page, and alone when an area is opened later.

use std::hash::{DefaultHasher, Hash, Hasher};

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use metering::UtcSecond;
use metering::api::{AreaCard, AreaName, ConsumptionSeries, Measure, Profile, Status};

use super::charts::{DayShape, WeekBars};
use super::pinned::PinLink;
use crate::error::AppError;
use crate::first_map::{local_time, open_area};
use crate::services::Services;
use crate::site_map::{MapHead, OpenArea};
use crate::view_state::View;
use crate::words;

mod headline;
mod standing;

use headline::Headline;
pub(crate) use headline::chip;

/// What the panel shows, and where it is shown.
pub(crate) struct PanelData {
    view: View,
    whole: String,
    now: UtcSecond,
    /// The time that the figures are of, where that is not about now.
    as_of: Option<String>,
    scale: Option<Scale>,
    /// What the area is called; as the URL has it where it is not known.
    name: String,
    open: Option<OpenArea>,
    area: Result<Known, AppError>,
}

/// All figures of the open area's level: what its own is held against.
pub(crate) struct Scale {
    head: MapHead,
    figures: Vec<(Status, Option<f64>)>,
    plural: String,
}

/// From this age on it is said of when figures are.
const TELLS_AGE_FROM_S: i64 = 60;

/// A rank is told only where no more areas than these share a figure, on average.
const RANKED_APART: usize = 20;

impl Scale {
    /// Where a figure stands among them, in words. What was measured is not ranked with what was modelled.
    fn rank(&self, value: f64, status: Status) -> String {
        let known: Vec<(Status, f64)> =
            self.figures.iter().filter_map(|&(status, value)| Some((status, value?))).collect();
        let modelled = |status| status == Status::Modelled;
        if known.iter().any(|&(other, _)| modelled(other) != modelled(status)) {
            return String::new();
        }
        // Figures that stand for many areas each, such as borough means, rank those and not the areas.
        let mut different: Vec<f64> = known.iter().map(|&(_, value)| value).collect();
        different.sort_by(f64::total_cmp);
        different.dedup();
        if different.len() * RANKED_APART < known.len() {
            return String::new();
        }
        let lower = known.iter().filter(|&&(_, other)| other < value).count();
        let all = known.len() == self.figures.len();
        words::rank(lower, known.len().saturating_sub(1), &self.plural, all)
    }
}

/// What is known of an area.
struct Known {
    card: AreaCard,
    profile: Result<Profile, AppError>,
    week: Result<ConsumptionSeries, AppError>,
}

impl PanelData {
    /// Asks for everything. None where no area is open.
    pub(crate) async fn ask(services: &Services, view: &View, day: &str) -> Option<Self> {
        let text = view.area.as_deref()?;
        let area = match metering::AreaCode::parse(text) {
            Ok(code) => Self::known(services, &code, day).await,
            Err(error) => Err(AppError::refused("area", text, error.to_string())),
        };
        let geography = &services.geography;
        let index = metering::AreaCode::parse(text).ok().and_then(|code| geography.index_of(&code));
        let now = services.figures.status().now;
        let old = |known: &Known| now.0 - known.card.as_of.0 >= TELLS_AGE_FROM_S;
        let as_of = area.as_ref().ok().filter(|known| old(known)).map(|known| known.card.as_of);
        Some(Self {
            name: index.map_or_else(|| text.to_owned(), |index| geography.title(index).to_owned()),
            open: index.map(|index| open_area(geography, index)),
            view: view.clone(),
            whole: services.geography.name().to_owned(),
            now,
            as_of: as_of.map(|as_of| local_time(as_of, geography.time_zone())),
            scale: Self::scale(services, view, area.as_ref().ok()).await,
            area,
        })
    }

    async fn known(services: &Services, code: &metering::AreaCode, day: &str) -> Result<Known, AppError> {
        let figures = &services.figures;
        // Each may wait a little for what is read again: all of them at once.
        let (card, profile, week) = futures::join!(
            figures.card(code),
            figures.profile(code, None, day),
            figures.consumption(code, None, None, "day"),
        );
        Ok(Known { card: card?, profile, week })
    }

    /// The scale of the area's own level: a borough stands among boroughs.
    async fn scale(services: &Services, view: &View, area: Option<&Known>) -> Option<Scale> {
        let level = &area?.card.area.level;
        let map = services.figures.map(level, view.measure, None, None).await.ok()?;
        let named = services.geography.level_named(level)?;
        Some(Scale {
            head: MapHead::of(&map, None),
            figures: map.areas.iter().map(|area| (area.status, area.value)).collect(),
            plural: words::level(&services.geography.level(named).names.plural).to_owned(),
        })
    }

    /// The title of the page with this area open.
    pub(crate) fn title(&self) -> String {
        words::title(self.area.is_ok().then_some(self.name.as_str()))
    }

    /// What the page with this area open is about, for those who list it.
    pub(crate) fn summary(&self) -> String {
        let card = self.area.as_ref().ok().map(|known| &known.card);
        let annual = card.and_then(|card| card.figure(Measure::Annual)?.value);
        words::summary(self.area.is_ok().then_some(self.name.as_str()), annual)
    }

    /// What the map needs to know of the area.
    pub(crate) fn open(&self) -> Option<&OpenArea> {
        self.open.as_ref()
    }

    /// A fingerprint of the figures but those of now.
    pub(crate) fn past(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        if let Ok(Known { card, profile, week }) = &self.area {
            let figures = card.figures.iter().filter(|figure| figure.measure != Measure::Now);
            let past = (figures.collect::<Vec<_>>(), profile.as_ref().ok(), week.as_ref().ok());
            // What can't be written has no figures.
            serde_json::to_string(&past).unwrap_or_default().hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The HTTP status of a page of this area.
    pub(crate) fn status(&self) -> u16 {
        match &self.area {
            Ok(_) => 200,
            Err(AppError::NotFound { .. } | AppError::Refused { .. }) => 404,
            Err(error) => error.status(),
        }
    }
}

/// The panel's content.
#[component]
pub(crate) fn PanelContent(
    /// What it shows.
    data: PanelData,
) -> impl IntoView {
    let PanelData { view, whole, now, as_of, scale, name, area, .. } = data;
    let (away, measure) = (View { area: None, ..view.clone() }.url(), view.measure);
    let Known { card, profile, week } = match area {
        Ok(known) => known,
        Err(error) => return view! { <Failed error code=view.area.unwrap_or_default() away /> }.into_any(),
    };
    let place = whereabouts(&card, &name, &whole);
    let around = card.parents.last().cloned();
    let compare = crate::comparison::url(std::iter::once(card.area.code.as_str()));
    let estimate = format!("/estimate?area={}", card.area.code);
    let code = card.area.code.to_string();
    view! {
        <div class="head">
            <h2>{name}</h2>
            <p class="where">{place}</p>
            <Close away />
        </div>
        <div class="body">
            <Headline card=card.clone() measure scale />
            {as_of.map(|as_of| view! { <p class="note">{words::figures_as_of(&as_of)}</p> })}
            <Day card profile around />
            <Week week now />
            <p>
                <a href=estimate>{words::estimate_here()}</a>" · "<a href=compare>{words::compare_with()}</a>" · "
                <PinLink view code />
            </p>
        </div>
    }
    .into_any()
}

/// `Hackney 016 · Hackney · 3,412 homes`: what tells the place from others of its name.
fn whereabouts(card: &AreaCard, name: &str, whole: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !name.contains(&card.area.name) {
        parts.push(card.area.name.clone());
    }
    parts.extend(card.parents.iter().map(|parent| parent.name.clone()).filter(|parent| parent != whole));
    parts.push(match card.homes_published {
        Some(homes) => words::published_homes(homes),
        None => whole.to_owned(),
    });
    parts.dedup();
    parts.join(" · ")
}

/// The shape of the day, with a switch between the days of the week.
#[component]
fn Day(card: AreaCard, profile: Result<Profile, AppError>, around: Option<AreaName>) -> impl IntoView {
    let profile = match profile {
        Ok(profile) => profile,
        Err(error) => return Either::Left(view! { <p class="note">{words::trouble(&error)}</p> }),
    };
    let chosen = profile.day.clone();
    let days = words::days().map(|(day, text)| {
        view! {
            <label>
                <input type="radio" name="day" value=day checked=day == chosen />
                <span>{text}</span>
            </label>
        }
    });
    // Where the day is already that of the area around, there is nothing to hold it against.
    let theirs = profile.half_hours.iter().any(|point| point.around_w.is_some());
    let around = around
        .filter(|around| theirs && profile.shown_for.as_ref() != Some(around))
        .map(|around| around.name);
    let wider = profile.shown_for.as_ref().map(shown_for);
    let heading = words::day_heading(&profile.day, &profile.month);
    let no_day = words::no_day(&card, profile.status, &profile.month);
    let known = profile.half_hours.iter().any(|point| point.mean_w.is_some());
    Either::Right(view! {
        <section class="graph day">
            <fieldset class="segments small">
                <legend class="sr">{words::days_label()}</legend>
                {days.into_iter().collect_view()}
            </fieldset>
            <h3>{heading}</h3>
            {wider}
            {if known {
                Either::Left(view! { <DayShape profile around /> })
            } else {
                Either::Right(view! { <p class="note">{no_day}</p> })
            }}
        </section>
    })
}

/// The last seven days, where there is one with a figure.
#[component]
fn Week(week: Result<ConsumptionSeries, AppError>, now: UtcSecond) -> impl IntoView {
    match week {
        Ok(series) if series.series.iter().any(|point| point.kwh_per_home.is_some()) => EitherOf3::A(view! {
            <section class="graph week">
                <h3>{words::week_heading(series.series.last().map(|point| point.start), now)}</h3>
                {series.shown_for.as_ref().map(shown_for)}
                <WeekBars series now />
            </section>
        }),
        Ok(_) => EitherOf3::B(()),
        Err(error) => EitherOf3::C(view! { <p class="note">{words::trouble(&error)}</p> }),
    }
}

/// Says whose figures these are, where they are a wider area's.
fn shown_for(area: &AreaName) -> impl IntoView + use<> {
    let text = words::shown_for(&area.name);
    view! { <p class="note">{text}</p> }
}

#[component]
fn Close(away: String) -> impl IntoView {
    view! {
        <a class="close" href=away aria-label=words::close()>
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8" /></svg>
        </a>
    }
    .into_any()
}

/// The area is not there, or its figures are not to be had just now.
#[component]
fn Failed(error: AppError, code: String, away: String) -> impl IntoView {
    let unknown = matches!(error, AppError::NotFound { .. } | AppError::Refused { .. });
    let text = if unknown { words::unknown_area(&code) } else { words::trouble(&error) };
    view! {
        <div class="head">
            <h2>{if unknown { words::unknown() } else { words::failed() }}</h2>
            <Close away />
        </div>
        <div class="body failed">
            <p class="note" role="status">{text}</p>
            {error.may_pass().then(|| view! {
                <button type="button" class="plain again">{words::retry()}</button>
            })}
        </div>
    }
    .into_any()
}
