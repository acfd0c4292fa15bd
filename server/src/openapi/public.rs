//! What everybody may read.

use metering::api::Measure;
use serde_json::{Value, json};

use super::{Facts, Operation, PUBLIC, SYSTEM, content_of, in_path, json_of, one_of, query, text, text_of};

const UNKNOWN: (u16, &str) = (404, "The map has no such area");
const NOT_ALLOWED: (u16, &str) = (400, "A parameter is not allowed; the answer says which, and what is");
const NOT_NOW: (u16, &str) = (503, "The store can't be read now; Retry-After says when to ask again");

pub(super) fn operations(facts: &Facts<'_>) -> Vec<Operation> {
    let area = || in_path("code", facts.leaf(), "An area's code, of any level");
    let level = || query("level", one_of(&facts.levels()), "The coarsest level if left out");
    let [from, to] = period();
    vec![
        Operation::new("get", "/api/v1/areas", PUBLIC, "The areas of a level, with their outlines", content_of(
            "application/geo+json", "FeatureCollection", "GeoJSON in WGS84",
        ))
        .with([level()])
        .fails([NOT_ALLOWED]),
        Operation::new("get", "/api/v1/map", PUBLIC, "One figure for every area of a level", json_of(
            "MapAnswer", "In the geography's order",
        ))
        .say("Without `from` and `to` a measure's own period: the last year with readings, or the current half-hour for `now`, which takes neither.")
        .with([level(), query("measure", one_of(&Measure::ALL.map(Measure::as_str)), "`annual` if left out; `now` has no times; of days that are asked for, classes of `daily` and of shares are the same whichever they are"), from.clone(), to.clone()])
        .fails([NOT_ALLOWED, NOT_NOW]),
        Operation::new("get", "/api/v1/areas/{code}", PUBLIC, "An area's card: names, homes, coverage, headline figures", json_of(
            "AreaCard", "The card",
        ))
        .with([area()])
        .fails([UNKNOWN, NOT_NOW]),
        Operation::new("get", "/api/v1/areas/{code}/consumption", PUBLIC, "What a home used over time", json_of(
            "ConsumptionSeries", "In order of time; local days and months, with 46 or 50 half-hours where clocks change",
        ))
        .say("Without `from` and `to` the last seven local days, by month the last twelve. By half-hour at most 31 days.")
        .with([area(), query("by", one_of(&["half-hour", "day", "month"]), "`day` if left out"), from, to])
        .fails([NOT_ALLOWED, UNKNOWN, NOT_NOW]),
        Operation::new("get", "/api/v1/areas/{code}/profile", PUBLIC, "The typical day of a month", json_of(
            "Profile", "The 48 half-hours of the local day",
        ))
        .with([
            area(),
            query("month", json!({ "type": "string", "examples": ["2026-11"] }), "The newest with readings if left out"),
            query("day", one_of(&["weekday", "saturday", "sunday"]), "`weekday` if left out; public holidays count as Sundays where the site says so"),
        ])
        .fails([NOT_ALLOWED, UNKNOWN, NOT_NOW]),
        Operation::new("get", "/api/v1/compare", PUBLIC, "Areas side by side, and what a home would pay there", json_of(
            "Comparison", "As they were asked for",
        ))
        .with([areas(facts.leaf())])
        .fails([NOT_ALLOWED, UNKNOWN, NOT_NOW]),
        Operation::new("get", "/api/v1/estimate", PUBLIC, "What a household would use and pay", json_of(
            "EstimateAnswer", "The middle, and between what four of five such households are",
        ))
        .with(estimate(facts.leaf()))
        .fails([NOT_ALLOWED, UNKNOWN, NOT_NOW]),
        Operation::new("get", "/api/v1/search", PUBLIC, "Areas, places and postcode sectors", json_of("SearchAnswer", "The best first"))
            .with([query("q", text(), "A name, a code, a postcode or its beginning; a typing mistake or two does no harm")])
            .fails([NOT_ALLOWED]),
        live(facts),
        Operation::new("get", "/api/v1/openapi.json", PUBLIC, "This description", json!({
            "description": "OpenAPI 3.1",
            "content": { "application/json": { "schema": { "type": "object" } } },
        })),
        Operation::new("get", "/healthz", SYSTEM, "Whether the process lives", text_of("It does")),
        Operation::new("get", "/readyz", SYSTEM, "Whether requests can be answered", json_of("Ready", "They can"))
            .answers(503, json_of("Ready", "They can't; `missing` says what is missing")),
        Operation::new("get", "/metrics", SYSTEM, "Counters for Prometheus", json!({
            "description": "OpenMetrics 1.0",
            "content": { "application/openmetrics-text": { "schema": { "type": "string" } } },
        })),
    ]
}

fn areas(example: &str) -> Value {
    let mut areas =
        query("areas", text(), "One to four codes of areas, of any level, with commas between them");
    (areas["required"], areas["example"]) = (json!(true), json!(example));
    areas
}

fn estimate(example: &str) -> [Value; 7] {
    let mut area = query("area", text(), "An area's code, of any level");
    (area["required"], area["example"]) = (json!(true), json!(example));
    let kinds = ["flat", "terraced", "semi_detached", "detached", "bungalow", "other"];
    let heatings = ["gas", "electric", "heat_pump", "district", "other"];
    let number = |least: u32, most: u32| json!({ "type": "integer", "minimum": least, "maximum": most });
    [
        area,
        query("dwelling", one_of(&kinds), "The kind of home"),
        query("bedrooms", number(0, 20), "Bedrooms; a studio has none"),
        query("occupants", number(1, 20), "People who live there"),
        query("heating", one_of(&heatings), "What heats it"),
        query("at_home", one_of(&["day", "evenings"]), "Whether somebody is at home on weekdays"),
        query("tariff", text(), "Of the costs, this tariff's alone"),
    ]
}

fn live(facts: &Facts<'_>) -> Operation {
    let frames = json!({
        "description": "A websocket of JSON text frames, each a LiveFrame: first a `snapshot`, then a `delta` with what changed, at most once a second",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/LiveFrame" } } },
    });
    let mut operation = Operation::new("get", "/live", PUBLIC, "What homes draw now, as it changes", Value::Null)
        .say(
            "`seq` counts the frames of a connection; whoever falls behind gets a fresh snapshot. A client may send a LiveRequest to \
             follow another level, or some areas.",
        )
        .with([query("level", one_of(&facts.levels()), "The coarsest level if left out")])
        .answers(101, frames)
        .fails([(400, "It is no websocket's request"), (403, "The Origin is another site's")]);
    if let Some(responses) = operation.described["responses"].as_object_mut() {
        responses.remove("200");
    }
    operation
}

fn period() -> [Value; 2] {
    let schema = || json!({ "type": "string", "examples": ["2026-11-01", "2026-11-22T10:00:00Z"] });
    [
        query("from", schema(), "The first instant, or local day"),
        query("to", schema(), "The first instant that is not in it, or local day"),
    ]
}
