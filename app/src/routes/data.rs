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
        <Title text=words::page_title(words::DATA_HEADING) />
        <Meta name="description" content=words::DATA_LEAD />
        <PageFrame here="/data">
            <h1>{words::DATA_HEADING}</h1>
            <p>{words::DATA_LEAD}</p>
            {content}
        </PageFrame>
    }
    .into_any()
}

fn failed(error: &AppError) -> impl IntoView + use<> {
    crate::status::set(error.status());
    view! { <p class="note" role="status">{error.to_string()}</p> }
}

fn files(services: &Services) -> impl IntoView + use<> {
    let rows = services.geography.levels().iter().map(|level| {
        let name = format::sentence_case(&level.names.plural);
        let file = |kind: &str| format!("/download/{}.{kind}", level.name());
        let named = |what: &str| format!("{name}: {what}");
        // The names of both links begin with what is written on them.
        view! {
            <tr>
                <th scope="row">{name.clone()}</th>
                <td class="number">{format::whole(level.len() as f64)}</td>
                <td><a href=file("csv") download="" title=named(words::DATA_TABLE)>{words::DATA_TABLE}</a></td>
                <td><a href=file("geojson") download="" title=named(words::DATA_MAP)>{words::DATA_MAP}</a></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns =
        words::DATA_COLUMNS.map(|(name, meaning)| view! { <dt><code>{name}</code></dt><dd>{meaning}</dd> });
    let credits = services.figures.status().attribution.into_iter().map(|credit| view! { <li>{credit}</li> });
    let credits = credits.collect_view();
    view! {
        <div class="table-frame">
            <table class="areas">
                <thead>
                    <tr>
                        <th scope="col">{words::DATA_LEVEL}</th>
                        <th scope="col" class="number">{words::DATA_HOW_MANY}</th>
                        <th scope="col">{words::DATA_TABLE}</th>
                        <th scope="col">{words::DATA_MAP}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <section>
            <h2>{words::DATA_COLUMNS_HEADING}</h2>
            <dl class="terms">{columns.into_iter().collect_view()}</dl>
        </section>
        <section>
            <h2>{words::DATA_LICENCE_HEADING}</h2>
            <p>{words::DATA_LICENCE}</p>
            <ul>{credits}</ul>
        </section>
    }
}
