//! How the figures come about.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::PageFrame;
use crate::server_fns::figures::get_status;
use crate::site::SiteStatus;
use crate::words;

/// The page about the method: what is simulated, what is hidden, and whom to thank.
#[component]
pub(super) fn About() -> impl IntoView {
    let status = Resource::new_blocking(|| (), |()| get_status());
    view! {
        <Title text=words::page_title(words::nav_about()) />
        <PageFrame here="/about">
            <h1>{words::method_heading()}</h1>
            <Suspense fallback=|| ()>
                {move || Suspend::new(async move {
                    match status.await {
                        Ok(status) => Either::Left(method(status)),
                        Err(error) => Either::Right(view! { <p class="note">{words::trouble(&error)}</p> }),
                    }
                })}
            </Suspense>
        </PageFrame>
    }
    .into_any()
}

fn method(status: SiteStatus) -> impl IntoView {
    let [for_a_week, for_less, of_one] = words::privacy_numbers(&status.disclosure);
    let credits = status.attribution.into_iter().map(|credit| view! { <li>{credit}</li> }).collect_view();
    let terms = [
        ("measured", metering::api::Status::Measured, words::means_measured()),
        ("merged", metering::api::Status::Merged, words::means_merged()),
        ("modelled", metering::api::Status::Modelled, words::means_modelled()),
        ("hidden", metering::api::Status::Suppressed, words::means_hidden()),
        ("none", metering::api::Status::NoData, words::means_no_data()),
    ];
    let terms = terms.map(|(class, status, meaning)| {
        view! {
            <dt><span class=format!("chip {class}")>{words::status(status)}</span></dt>
            <dd>{meaning}</dd>
        }
    });
    view! {
        <section id="simulated">
            <h2>{words::method_origin()}</h2>
            <p class="lead">{words::method_homes(status.simulated_homes)}</p>
            <p>{words::method_readings()}</p>
            <p>{words::method_year()}</p>
            <p>{words::method_times()}</p>
            <p>{words::days_of_holidays(status.holidays.as_deref())}</p>
        </section>
        <section id="words">
            <h2>{words::method_words()}</h2>
            <dl class="terms">{terms.into_iter().collect_view()}</dl>
        </section>
        <section id="privacy">
            <h2>{words::method_privacy()}</h2>
            <p>{words::privacy_lead()}</p>
            <ul>
                <li>{for_a_week}</li>
                <li>{for_less}</li>
                <li>{of_one}</li>
                <li>{words::privacy_changes()}</li>
                <li>{words::privacy_neighbours()}</li>
                <li>{words::privacy_percentiles()}</li>
                <li>{words::privacy_rounded()}</li>
            </ul>
        </section>
        <section id="own">
            <h2>{words::method_own()}</h2>
            <p>{words::method_own_text()}</p>
            <p>{words::method_cookies()}</p>
        </section>
        <section id="open">
            <h2>{words::method_programs()}</h2>
            <p>{words::programs_ask()}" "<a href="/api">{words::programs_api()}</a>". "{words::programs_files()}" "<a href="/data">{words::data_heading()}</a>"."</p>
        </section>
        <section id="credits">
            <h2>{words::method_credits()}</h2>
            <ul>{credits}<li>{words::credit_profile()}</li><li>{words::credit_map()}</li></ul>
        </section>
    }
    .into_any()
}
