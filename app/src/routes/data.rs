//! What the map shows, as files to keep.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use crate::components::PageFrame;
use crate::error::AppError;
use crate::services::Services;
use crate::{format, words};

/// The page of the downloads.
#[component]
pub(super) fn OpenData() -> impl IntoView {
    let content = match crate::services::services() {
        Ok(services) => Either::Left(files(&services)),
        Err(error) => Either::Right(failed(&error)),
    };
    view! {
        <Title text=words::page_title(words::data_heading()) />
        <Meta name="description" content=words::data_lead() />
        <PageFrame here="/data">
            <h1>{words::data_heading()}</h1>
            <p>{words::data_lead()}</p>
            {content}
        </PageFrame>
    }
    .into_any()
}

fn failed(error: &AppError) -> impl IntoView + use<> {
    crate::status::set(error.status());
    view! { <p class="note" role="status">{words::trouble(error)}</p> }
}

fn files(services: &Services) -> impl IntoView + use<> {
    let rows = services.geography.levels().iter().map(|level| {
        let name = format::sentence_case(words::level(&level.names.plural));
        let file = |kind: &str| format!("/download/{}.{kind}", level.name());
        let named = |what: &str| format!("{name}: {what}");
        // The names of both links begin with what is written on them.
        view! {
            <tr>
                <th scope="row">{name.clone()}</th>
                <td class="number">{format::whole(level.len() as f64)}</td>
                <td><a href=file("csv") download="" title=named(words::data_table())>{words::data_table()}</a></td>
                <td><a href=file("geojson") download="" title=named(words::data_map())>{words::data_map()}</a></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns =
        words::data_columns().map(|(name, meaning)| view! { <dt><code>{name}</code></dt><dd>{meaning}</dd> });
    let credits = services.figures.status().attribution.into_iter().map(|credit| view! { <li>{credit}</li> });
    let credits = credits.collect_view();
    view! {
        <div class="table-frame">
            <table class="areas">
                <thead>
                    <tr>
                        <th scope="col">{words::data_level()}</th>
                        <th scope="col" class="number">{words::data_how_many()}</th>
                        <th scope="col">{words::data_table()}</th>
                        <th scope="col">{words::data_map()}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <section>
            <h2>{words::data_columns_heading()}</h2>
            <dl class="terms">{columns.into_iter().collect_view()}</dl>
        </section>
        <section>
            <h2>{words::data_licence_heading()}</h2>
            <p>{words::data_licence()}</p>
            <ul>{credits}</ul>
        </section>
    }
}
