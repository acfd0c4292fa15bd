//! The area that is open: on a wide screen a card at the side, on a phone a sheet that is pulled up.

use leptos::either::Either;
use leptos::prelude::*;
use metering::api::{AreaCard, ConsumptionSeries, Profile};

use crate::error::AppError;
use crate::page::Page;
use crate::server_fns::figures::{get_card, get_consumption, get_profile};
use crate::view_state::View;
use crate::words;

mod actions;
mod headline;
mod sheet;
mod standing;

use actions::Actions;
use headline::Headline;
use sheet::Handle;

/// What the panel shows: asked for on the server with the page, then by the browser.
#[derive(Clone, Copy)]
pub struct PanelData {
    card: Resource<Option<Result<AreaCard, AppError>>>,
    profile: Resource<Option<Result<Profile, AppError>>>,
    week: Resource<Option<Result<ConsumptionSeries, AppError>>>,
    day: RwSignal<&'static str>,
    again: RwSignal<u32>,
}

impl PanelData {
    /// Follows the area that the URL names.
    pub fn new(view: Memo<View>) -> Self {
        let area = Memo::new(move |_| view.with(|view| view.area.clone()));
        let (day, again) = (RwSignal::new("weekday"), RwSignal::new(0));
        let card = Resource::new(
            move || (area.get(), again.get()),
            |(area, _)| async move { Some(get_card(area?).await) },
        );
        let profile = Resource::new(
            move || (area.get(), day.get(), again.get()),
            |(area, day, _)| async move { Some(get_profile(area?, day.to_owned()).await) },
        );
        let week = Resource::new(
            move || (area.get(), again.get()),
            |(area, _)| async move { Some(get_consumption(area?, "day".to_owned()).await) },
        );
        Self { card, profile, week, day, again }
    }

    /// The open area's name, for the page's title.
    pub async fn title(self) -> Option<String> {
        Some(name_of(&self.card.await?.ok()?).to_owned())
    }
}

/// What people call an area.
fn name_of(card: &AreaCard) -> &str {
    card.area.near.as_deref().unwrap_or(&card.area.name)
}

/// The panel. It is there, empty and hidden, also when no area is open.
#[component]
pub fn Panel(
    /// What it shows.
    data: PanelData,
) -> impl IntoView {
    let page = Page::get();
    let open = move || page.view.with(|view| view.area.is_some());
    let up = RwSignal::new(false);
    let key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            page.change(|view| view.area = None);
        }
    };
    view! {
        <aside class="card panel" class:open=open class:up=up aria-labelledby="area-name" on:keydown=key>
            <Handle up />
            <Transition fallback=Skeleton>
                {move || Suspend::new(async move {
                    match data.card.await {
                        None => ().into_any(),
                        Some(Ok(card)) => view! { <Area card data /> }.into_any(),
                        Some(Err(error)) => view! { <Failed error data /> }.into_any(),
                    }
                })}
            </Transition>
        </aside>
    }
}

#[component]
fn Area(card: AreaCard, data: PanelData) -> impl IntoView {
    let page = Page::get();
    let whole = page.first.with_value(|first| first.name.clone());
    let name = name_of(&card).to_owned();
    view! {
        <div class="head">
            <h2 id="area-name">{name}</h2>
            <p class="where">{whereabouts(&card, &whole)}</p>
            <Close />
        </div>
        <div class="body">
            <Headline card=card.clone() />
            <Charts data whole />
        </div>
        <Actions />
    }
}

/// `Hackney 016 · Hackney · 3,412 homes`: what tells the place from others of its name.
fn whereabouts(card: &AreaCard, whole: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    if card.area.near.is_some() {
        parts.push(card.area.name.clone());
    }
    parts.extend(card.parents.iter().map(|parent| parent.name.clone()).filter(|parent| parent != whole));
    if let Some(homes) = card.homes_published {
        parts.push(format!("{} homes", crate::format::whole(f64::from(homes))));
    }
    parts.dedup();
    if parts.is_empty() {
        parts.push(whole.to_owned());
    }
    parts.join(" · ")
}

#[component]
fn Charts(data: PanelData, whole: String) -> impl IntoView {
    let page = Page::get();
    let now = page.first.with_value(|first| first.status.now);
    let whole = StoredValue::new(whole);
    let days = words::DAYS.map(|(day, text)| {
        view! {
            <label>
                <input
                    type="radio"
                    name="day"
                    value=day
                    checked=day == "weekday"
                    prop:checked=move || data.day.get() == day
                    on:change=move |_| data.day.set(day)
                />
                <span>{text}</span>
            </label>
        }
    });
    let profile = move || Suspend::new(async move {
        match data.profile.await {
            Some(Ok(profile)) => {
                let heading = words::day_heading(&profile.day, &profile.month);
                Either::Left(view! {
                    <h3>{heading}</h3>
                    {shown_for(profile.shown_for.as_ref())}
                    {if profile.half_hours.iter().any(|point| point.mean_w.is_some()) {
                        Either::Left(view! { <super::DayShape profile whole=whole.get_value() /> })
                    } else {
                        Either::Right(view! { <p class="note">{words::no_day(profile.status)}</p> })
                    }}
                })
            }
            _ => Either::Right(()),
        }
    });
    let week = move || Suspend::new(async move {
        match data.week.await {
            Some(Ok(series)) if series.series.iter().any(|point| point.kwh_per_home.is_some()) => {
                Either::Left(view! {
                    <h3>{words::WEEK_HEADING}</h3>
                    {shown_for(series.shown_for.as_ref())}
                    <super::WeekBars series now />
                })
            }
            _ => Either::Right(()),
        }
    });
    view! {
        <section class="graph day">
            <fieldset class="segments small">
                <legend class="sr">{words::DAYS_LABEL}</legend>
                {days.into_iter().collect_view()}
            </fieldset>
            <Transition fallback=|| view! { <div class="bone graph-bone"></div> }>{profile}</Transition>
        </section>
        <section class="graph week">
            <Transition fallback=|| view! { <div class="bone graph-bone"></div> }>{week}</Transition>
        </section>
    }
}

/// Says whose figures these are, where they are a wider area's.
fn shown_for(area: Option<&metering::api::AreaName>) -> Option<impl IntoView + use<>> {
    let text = words::shown_for(&area?.name);
    Some(view! { <p class="note">{text}</p> })
}

#[component]
fn Close() -> impl IntoView {
    let page = Page::get();
    let away = move || page.view.with(|view| View { area: None, ..view.clone() }.url());
    let close = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        page.change(|view| view.area = None);
    };
    view! {
        <a class="close" href=away aria-label=words::CLOSE on:click=close>
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8" /></svg>
        </a>
    }
}

#[component]
fn Failed(error: AppError, data: PanelData) -> impl IntoView {
    let page = Page::get();
    let unknown = matches!(error, AppError::NotFound { .. } | AppError::Refused { .. });
    crate::status::set(if unknown { 404 } else { error.status() });
    let code = page.view.with_untracked(|view| view.area.clone().unwrap_or_default());
    let text = if unknown { words::unknown_area(&code) } else { error.to_string() };
    let again = move |_| data.again.update(|count| *count += 1);
    view! {
        <div class="head">
            <h2 id="area-name">{if unknown { words::UNKNOWN_AREA } else { words::FAILED }}</h2>
            <Close />
        </div>
        <div class="body">
            <p class="note" role="status">{text}</p>
            {error.may_pass().then(|| view! {
                <button type="button" class="plain" on:click=again>{words::RETRY}</button>
            })}
        </div>
    }
}

/// The panel's shape while nothing is known: in place, so that nothing jumps.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="head"><h2 id="area-name" class="bone" aria-label=words::LOADING></h2></div>
        <div class="body" aria-busy="true">
            <div class="bone line"></div>
            <div class="bone figure"></div>
            <div class="bone line"></div>
            <div class="bone graph-bone"></div>
        </div>
    }
}
