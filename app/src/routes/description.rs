//! What the API is, for people: the same that `/api/v1/openapi.json` says to programs.

use leptos::prelude::*;
use leptos_meta::Title;
use metering::language::{Language, current};
use serde_json::Value;

use crate::components::PageFrame;
use crate::services::services;
use crate::words;

/// Everything that can be asked for, by what it is about.
#[component]
pub(super) fn Description() -> impl IntoView {
    let described = services().ok().map(|services| services.description);
    let sections = described.as_deref().map(|described| {
        let tags = described["tags"].as_array().into_iter().flatten();
        tags.map(|tag| section(described, tag)).collect_view()
    });
    let lead = described.as_deref().map(|described| said(&described["info"]["description"]));
    view! {
        <Title text=words::page_title(words::api_heading()) />
        <PageFrame>
            <h1>{words::api_heading()}</h1>
            <p class="lead">{words::api_lead()}</p>
            {(current() == Language::Polish).then(|| view! { <p>{words::api_in_english()}</p> })}
            <div lang="en">
            <p>{lead}</p>
            <p lang=current().tag()>{words::api_for_programs()}" "<a href="/api/v1/openapi.json" rel="external"><code>"/api/v1/openapi.json"</code></a></p>
            {sections}
            </div>
        </PageFrame>
    }
    .into_any()
}

fn section(described: &Value, tag: &Value) -> impl IntoView + use<> {
    let name = text(&tag["name"]);
    let operations = described["paths"].as_object().into_iter().flatten().flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    });
    let of_tag = operations.filter(|(.., operation)| operation["tags"][0] == tag["name"]);
    let operations = of_tag.map(|(path, method, operation)| one(path, method, operation)).collect_view();
    view! {
        <section class="api">
            <h2>{name}</h2>
            <p>{said(&tag["description"])}</p>
            {operations}
        </section>
    }
}

fn one(path: &str, method: &str, operation: &Value) -> impl IntoView + use<> {
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    let takes = (!parameters.is_empty()).then(|| {
        let rows = parameters.into_iter().map(|parameter| {
            view! {
                <tr>
                    <th scope="row"><code>{text(&parameter["name"])}</code></th>
                    <td>{allowed(&parameter["schema"]).map(|allowed| view! { <code>{allowed}</code><br /> })}{said(&parameter["description"])}</td>
                </tr>
            }
        });
        let head = view! { <thead><tr><th scope="col">{words::api_parameter()}</th><th scope="col">{words::api_meaning()}</th></tr></thead> };
        view! { <div class="table-frame"><table>{head}<tbody>{rows.collect_view()}</tbody></table></div> }
    });
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    let example =
        (!example.is_null()).then(|| view! { <pre tabindex="0"><code>{example.to_string()}</code></pre> });
    let answers = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
        view! { <dt><code>{status.clone()}</code></dt><dd>{said(&answer["description"])}</dd> }
    });
    view! {
        <article>
            <h3><code>{format!("{} {path}", method.to_uppercase())}</code></h3>
            <p><b>{text(&operation["summary"])}"."</b>" "{said(&operation["description"])}</p>
            {takes}
            {example}
            <dl class="answers">{answers.collect_view()}</dl>
        </article>
    }
}

/// What may stand in a parameter, where that is a few names.
fn allowed(schema: &Value) -> Option<String> {
    let names: Vec<String> = schema["enum"].as_array()?.iter().map(text).collect();
    Some(names.join(" | "))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A sentence of the description, with what stands between back quotes as code.
fn said(value: &Value) -> impl IntoView + use<> {
    let parts: Vec<String> = value.as_str().unwrap_or_default().split('`').map(str::to_owned).collect();
    let code = |(number, part): (usize, String)| match number % 2 {
        0 => part.into_any(),
        _ => view! { <code>{part}</code> }.into_any(),
    };
    parts.into_iter().enumerate().map(code).collect_view()
}
