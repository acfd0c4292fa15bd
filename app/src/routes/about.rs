//! How the figures come about.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use metering::disclosure::DisclosureRules;

use crate::components::PageFrame;
use crate::format;
use crate::server_fns::figures::get_status;
use crate::site::SiteStatus;
use crate::words;

/// The page about the method: what is simulated, what is hidden, and whom to thank.
#[component]
pub(super) fn About() -> impl IntoView {
    let status = Resource::new_blocking(|| (), |()| get_status());
    view! {
        <Title text=words::page_title(words::NAV_ABOUT) />
        <PageFrame here="/about">
            <h1>"How these figures come about"</h1>
            <Suspense fallback=|| ()>
                {move || Suspend::new(async move {
                    match status.await {
                        Ok(status) => Either::Left(method(status)),
                        Err(error) => Either::Right(view! { <p class="note">{error.to_string()}</p> }),
                    }
                })}
            </Suspense>
        </PageFrame>
    }
    .into_any()
}

fn method(status: SiteStatus) -> impl IntoView {
    let rules = status.disclosure;
    let homes = if status.simulated_homes > 0 {
        format!(
            "The {} homes behind the measured figures are simulated. A program imagines households (their size, \
             their heating, when they get up) and reports what each would use, so that the whole system can \
             be seen at work. They follow published averages; no real home is among them, and no figure \
             marked Measured says anything about a real neighbour.",
            format::whole(status.simulated_homes as f64),
        )
    } else {
        "No home here is simulated. Figures marked Measured come from meters that report to this site."
            .to_owned()
    };
    let credits = status.attribution.into_iter().map(|credit| view! { <li>{credit}</li> }).collect_view();
    view! {
        <section id="simulated">
            <h2>"Where the figures come from"</h2>
            <p class="lead">{homes}</p>
            <p>
                "Each meter reports how much was used over a few minutes or half an hour. The reports of an area "
                "are added up by half-hour, and divided by the time they cover: that is the average home’s power. "
                "Reports that come late, twice or corrected change the half-hour they belong to, and each is "
                "counted once."
            </p>
            <p>
                "A year’s use is what the homes of an area used in twelve months, for one home. As long as they "
                "were measured for less, it is scaled to the whole year by the standard load profile of homes (H25), "
                "which says how much of a year’s use falls on each half-hour of the calendar. The panel names the days that "
                "a figure rests on."
            </p>
            <p>
                "The map can also be of one month, week or day of the past. Then it says what a home used a day, not scaled to "
                "anything, and its colours are those of the last year’s scale, made wider by half, so that they mean the same on "
                "all days. What a home pays is its year’s use under a flat tariff, with the standing charge and VAT, in "
                "steps of ten."
            </p>
            <p>{words::days_of_holidays(status.holidays.as_deref())}</p>
        </section>
        <section id="words">
            <h2>"What the words mean"</h2>
            <dl class="terms">
                <dt><span class="chip measured">"Measured"</span></dt>
                <dd>"From meters in the area itself."</dd>
                <dt><span class="chip merged">"Measured, wider area"</span></dt>
                <dd>"Too few homes are measured here, or one is most of them, so the figure is that of the larger area around it, which is named."</dd>
                <dt><span class="chip modelled">"Modelled"</span></dt>
                <dd>"No home is measured. The figure comes from published statistics: of the area where there are such, else of the larger area around it."</dd>
                <dt><span class="chip hidden">"Hidden"</span></dt>
                <dd>"There are meters, but so few, or one so large, that the figure would tell about single homes."</dd>
                <dt><span class="chip none">"No data"</span></dt>
                <dd>"Nothing is known."</dd>
            </dl>
        </section>
        <section id="privacy">
            <h2>"How homes stay private"</h2>
            <p>
                "What a home uses by the minute tells when people sleep, leave and come back. So a figure is shown "
                "only if enough homes are in it:"
            </p>
            <ul>
                <li>{format!("for a week or longer, at least {} homes;", rules.homes_period)}</li>
                <li>{format!("for less, such as the current half-hour, at least {} homes;", rules.homes_live)}</li>
                <li>
                    {format!(
                        "for a week or longer, no home may be more than {} % of it, nor of what is left of an area when the shown \
                         areas within it are taken away;",
                        DisclosureRules::LARGEST_SHARE_MAX_PERCENT
                    )}
                </li>
                <li>"a figure changes only when ten homes or more have changed it, so that what changed it is nobody’s alone;"</li>
                <li>"where hiding one area would let it be worked out from its neighbours, another is hidden too;"</li>
                <li>
                    {format!(
                        "how homes differ is told of {} homes or more, and each end of it is the mean of {} homes; it changes \
                         only when a week or ten homes more are in it;",
                        DisclosureRules::PERCENTILE_HOMES_MIN,
                        DisclosureRules::HOMES_OF_A_PERCENTILE
                    )}
                </li>
                <li>"figures are rounded, and numbers of homes are given in bands."</li>
            </ul>
        </section>
        <section id="own">
            <h2>"Your own meter data"</h2>
            <p>
                "On the pages Estimate and Compare you may open a file of your own meter’s readings. It is read by a program in your "
                "browser and is not sent to us or to anybody. What it comes to is kept in that tab until you close it or press “Forget it”."
            </p>
        </section>
        <section id="open">
            <h2>"The same for programs"</h2>
            <p>"All of it can be asked for over HTTP, without a key: "<a href="/api">"the API"</a>". As files to keep: "<a href="/data">{words::DATA_HEADING}</a>"."</p>
        </section>
        <section id="credits">
            <h2>"Whose work this rests on"</h2>
            <ul>{credits}<li>"Standard load profile H25: BDEW, as carried by demandlib (MIT)."</li><li>"Leaflet moves the map; its letters are Inter."</li></ul>
        </section>
    }
    .into_any()
}
