//! The shapes of what is sent and answered. `metering::api` and the handlers are where they come from.

use metering::DeadReason;
use metering::api::{Measure, Status};
use metering::door::Code;
use metering::reading::{DwellingKind, Heating};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Facts, one_of, text};
use crate::redrive::LetterState;

/// By name.
pub(super) fn all(facts: &Facts<'_>) -> Value {
    let mut all = Map::new();
    for (name, schema) in shared().into_iter().chain(figures()).chain(door(facts)).chain(operator()) {
        all.insert(name.to_owned(), schema);
    }
    Value::Object(all)
}

type Named = (&'static str, Value);

/// An object with exactly these properties, of which some may be left out.
fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn named(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn number() -> Value {
    json!({ "type": "number" })
}

fn integer() -> Value {
    json!({ "type": "integer" })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn or_null(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"].clone(), "null"]);
    schema
}

/// The names of an enum's values, as they are written.
fn names<T: Serialize>(all: &[T]) -> Value {
    let all: Vec<Value> = all.iter().map(|one| serde_json::to_value(one).unwrap_or_default()).collect();
    json!({ "type": "string", "enum": all })
}

fn status() -> Value {
    let all = [Status::Measured, Status::Merged, Status::Modelled, Status::Suppressed, Status::NoData];
    let mut schema = names(&all);
    schema["description"] = json!(
        "Only measured, merged and modelled figures have a value; a merged one is of the larger area that shown_for names"
    );
    schema
}

fn shared() -> Vec<Named> {
    vec![
        (
            "Problem",
            object(
                &["status", "title", "detail"],
                json!({
                    "status": integer(), "title": text(), "detail": text(), "line": integer(), "column": integer(),
                }),
            ),
        ),
        ("Ready", object(&["ready", "missing"], json!({ "ready": boolean(), "missing": list(text()) }))),
        ("AreaName", object(&["code", "level", "name"], area_name())),
    ]
}

fn area_name() -> Value {
    json!({ "code": text(), "level": text(), "name": text(), "near": text() })
}

fn figures() -> Vec<Named> {
    let measure = || names(&Measure::ALL);
    let mut card = area_name();
    let own = json!({
        "parents": list(named("AreaName")), "children": list(named("AreaName")), "homes": text(),
        "measured_in": object(&["areas", "of", "called"], json!({ "areas": integer(), "of": integer(), "called": text() })),
        "homes_published": integer(), "coverage_percent": integer(), "simulated": boolean(), "last_measured": text(),
        "from": instant(), "to": instant(), "as_of": instant(), "figures": list(named("Figure")), "model_source": text(),
    });
    if let (Some(card), Value::Object(own)) = (card.as_object_mut(), own) {
        card.extend(own);
    }
    let frame = |kind: &str| {
        object(
            &["type", "seq", "level", "at", "areas"],
            json!({
                "type": { "const": kind }, "seq": integer(), "level": text(), "at": instant(), "heard_s": integer(),
                "areas": list(named("LiveArea")),
            }),
        )
    };
    vec![
        (
            "FeatureCollection",
            json!({
                "type": "object", "required": ["type", "features"],
                "properties": { "type": { "const": "FeatureCollection" }, "features": list(json!({ "type": "object" })) },
            }),
        ),
        (
            "MapAnswer",
            object(
                &["measure", "unit", "level", "from", "to", "as_of", "simulated_homes", "classes", "areas"],
                json!({
                    "measure": measure(), "unit": text(), "level": text(), "from": instant(), "to": instant(), "as_of": instant(),
                    "real_homes": text(), "simulated_homes": integer(), "classes": list(number()), "areas": list(named("MapArea")),
                }),
            ),
        ),
        (
            "MapArea",
            object(
                &["code", "status"],
                json!({
                    "code": text(), "status": status(), "value": number(), "shown_for": text(),
                }),
            ),
        ),
        (
            "AreaCard",
            object(
                &[
                    "code",
                    "level",
                    "name",
                    "parents",
                    "children",
                    "simulated",
                    "from",
                    "to",
                    "as_of",
                    "figures",
                ],
                card,
            ),
        ),
        (
            "Figure",
            object(
                &["measure", "unit", "status"],
                json!({
                    "measure": measure(), "unit": text(), "status": status(), "value": number(), "shown_for": named("AreaName"),
                    "around": number(), "basis": object(&["days", "from", "to"], json!({ "days": integer(), "from": instant(), "to": instant() })),
                }),
            ),
        ),
        (
            "ConsumptionSeries",
            object(
                &["area", "by", "series"],
                json!({
                    "area": text(), "by": text(), "shown_for": named("AreaName"),
                    "series": list(object(&["start", "status"], json!({
                        "start": instant(), "status": status(), "kwh_per_home": number(), "covered_percent": integer(),
                    }))),
                }),
            ),
        ),
        (
            "Profile",
            object(
                &["area", "day", "month", "status", "days", "half_hours"],
                json!({
                    "area": text(), "day": text(), "month": text(), "status": status(), "shown_for": named("AreaName"), "days": integer(),
                    "half_hours": list(object(&["time"], json!({ "time": text(), "mean_w": number(), "around_w": number(), "p10_w": number(), "p50_w": number(), "p90_w": number() }))),
                }),
            ),
        ),
        (
            "Comparison",
            object(
                &["areas"],
                json!({
                    "areas": list(named("ComparedArea")),
                    "prices": named("Prices"),
                }),
            ),
        ),
        (
            "ComparedArea",
            object(
                &["card", "profile", "months", "costs"],
                json!({
                    "card": named("AreaCard"), "annual_range": list(number()), "profile": named("Profile"),
                    "months": named("ConsumptionSeries"),
                    "costs": list(object(&["tariff", "name", "a_year"], json!({
                        "tariff": text(), "name": text(), "note": text(), "a_year": number(),
                    }))),
                }),
            ),
        ),
        (
            "EstimateAnswer",
            object(
                &[
                    "area",
                    "status",
                    "mean_home_kwh",
                    "kwh",
                    "months_kwh",
                    "weekday_w",
                    "costs",
                    "fitted_homes",
                    "typical_kwh",
                ],
                json!({
                    "area": named("AreaName"), "status": status(), "shown_for": named("AreaName"), "mean_home_kwh": number(),
                    "kwh": named("Spread"), "months_kwh": list(number()), "weekday_w": list(number()),
                    "costs": list(object(&["tariff", "name", "a_year", "months"], json!({
                        "tariff": text(), "name": text(), "note": text(), "a_year": named("Spread"), "months": list(number()),
                    }))),
                    "prices": named("Prices"), "fitted_homes": integer(), "typical_kwh": number(),
                }),
            ),
        ),
        (
            "Spread",
            object(
                &["low", "middle", "high"],
                json!({ "low": number(), "middle": number(), "high": number() }),
            ),
        ),
        (
            "Prices",
            object(
                &["from", "source", "currency", "vat_percent"],
                json!({
                    "from": text(), "to": text(), "source": text(), "currency": text(), "vat_percent": number(),
                }),
            ),
        ),
        (
            "SearchAnswer",
            object(
                &["q", "results"],
                json!({
                    "q": text(),
                    "results": list(object(&["kind", "label", "detail"], json!({
                        "kind": one_of(&["area", "place", "postcode_sector", "outside"]), "label": text(), "detail": text(), "area": named("AreaName"),
                    }))),
                }),
            ),
        ),
        (
            "LiveArea",
            object(
                &["code", "status"],
                json!({
                    "code": text(), "status": status(), "mean_w": number(), "shown_for": text(),
                }),
            ),
        ),
        (
            "LiveFrame",
            json!({ "oneOf": [
            frame("snapshot"),
            frame("delta"),
            object(&["type", "seq", "message"], json!({ "type": { "const": "error" }, "seq": integer(), "message": text() })),
        ] }),
        ),
        (
            "LiveRequest",
            object(
                &["subscribe"],
                json!({
                    "subscribe": object(&["level"], json!({ "level": text(), "areas": list(text()) })),
                }),
            ),
        ),
    ]
}

fn door(facts: &Facts<'_>) -> Vec<Named> {
    let most = facts.limits.batch;
    let some = |of| json!({ "type": "array", "items": named(of), "maxItems": most });
    vec![
        ("ReadingsRequest", object(&["readings"], json!({ "readings": some("Reading") }))),
        (
            "Reading",
            object(
                &["meter_id", "start", "duration_s", "energy_wh"],
                json!({
                    "meter_id": { "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" },
                    "start": { "type": "string", "format": "date-time", "description": "With its offset, whole seconds, a multiple of the duration" },
                    "duration_s": { "type": "integer", "minimum": 10, "maximum": 3600, "description": "A divisor of 1800 from 10 up, or 3600" },
                    "energy_wh": { "type": "number", "minimum": 0, "description": "Up to three decimals" },
                }),
            ),
        ),
        ("MetersRequest", object(&["meters"], json!({ "meters": some("Meter") }))),
        (
            "Meter",
            object(
                &["meter_id"],
                json!({
                    "meter_id": { "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" },
                    "area": { "type": "string", "description": "Of the finest level; or lat and lon" },
                    "lat": { "type": "number", "minimum": -90, "maximum": 90 },
                    "lon": { "type": "number", "minimum": -180, "maximum": 180 },
                    "dwelling": named("Dwelling"),
                }),
            ),
        ),
        (
            "Dwelling",
            object(
                &[],
                json!({
                    "type": names(&DwellingKind::ALL), "bedrooms": integer(), "occupants": integer(), "heating": names(&Heating::ALL),
                }),
            ),
        ),
        (
            "Receipt",
            object(
                &["accepted", "rejected"],
                json!({
                    "accepted": integer(),
                    "rejected": list(object(&["index", "code", "field", "message"], json!({
                        "index": integer(), "code": one_of(&Code::ALL.map(Code::as_str)), "field": text(), "message": text(),
                    }))),
                }),
            ),
        ),
    ]
}

fn operator() -> Vec<Named> {
    let reason = || one_of(&DeadReason::ALL.map(DeadReason::as_str));
    let position = json!({ "partition": integer(), "head": integer(), "progress": integer(), "decided": integer(),
        "lag_records": integer(), "lag_s": or_null(number()), "rate_per_s": number(),
        "state": one_of(&["elsewhere", "restoring", "running", "waiting", "stalled", "stopped"]), "because": text() });
    let of_partition =
        ["partition", "head", "progress", "decided", "lag_records", "lag_s", "rate_per_s", "state"];
    let milliseconds = ["count", "p50_ms", "p95_ms", "p99_ms", "max_ms"];
    vec![
        (
            "IngestionStatus",
            object(
                &["status", "partitions", "lag_records", "rate_per_s"],
                json!({
                    "status": one_of(&["ok", "restoring", "waiting", "stalled", "stopped"]), "partitions": list(object(&of_partition, position)),
                    "lag_records": integer(), "rate_per_s": number(),
                    "latency": object(&milliseconds, milliseconds.iter().map(|name| ((*name).to_owned(), integer())).collect()),
                }),
            ),
        ),
        (
            "DeadLetters",
            object(
                &["counts", "dead_letters"],
                json!({
                    "counts": list(object(&["reason", "count"], json!({ "reason": reason(), "count": integer(), "open": integer() }))),
                    "dead_letters": list(object(
                        &["partition", "generation", "offset", "reason", "state", "detail", "appended", "key", "record"],
                        json!({
                            "partition": integer(), "generation": integer(), "offset": integer(), "reason": reason(),
                            "state": one_of(&LetterState::ALL.map(LetterState::as_str)), "detail": text(), "appended": text(),
                            "key": text(), "record": { "type": "object" },
                        }),
                    )),
                    "next": text(),
                }),
            ),
        ),
        ("RedriveOrder", object(&[], json!({ "reason": reason(), "meter": text(), "dry_run": boolean() }))),
        (
            "Redriven",
            object(
                &["dry_run", "matching", "redriven", "settled", "left"],
                json!({
                    "dry_run": boolean(), "matching": integer(), "redriven": integer(), "settled": integer(), "left": integer(),
                }),
            ),
        ),
        (
            "MetersPage",
            object(
                &["registered", "matching", "meters"],
                json!({
                    "registered": integer(), "matching": integer(),
                    "meters": list(object(&["meter_id", "area", "last_heard", "silent_s"], json!({
                        "meter_id": text(), "area": text(), "last_heard": or_null(instant()), "silent_s": or_null(integer()),
                    }))),
                }),
            ),
        ),
        (
            "ExactSeries",
            object(
                &["area", "by", "series"],
                json!({
                    "area": text(), "by": text(),
                    "series": list(object(&["start", "energy_mwh", "meters", "meter_seconds"], json!({
                        "start": instant(), "energy_mwh": integer(), "meters": integer(), "meter_seconds": integer(),
                    }))),
                }),
            ),
        ),
        (
            "Releases",
            object(
                &["days"],
                json!({
                    "days": list(object(&["date", "releases", "portions", "first", "last", "latest"], json!({
                        "date": text(), "releases": integer(), "portions": integer(), "first": instant(), "last": instant(),
                        "latest": list(object(&["at", "portions", "half_hours"], json!({
                            "at": instant(), "portions": integer(), "half_hours": list(integer()),
                        }))),
                    }))),
                }),
            ),
        ),
        (
            "SimulatorStatus",
            json!({ "type": "object", "required": ["state", "homes", "interval_s", "faults", "progress"] }),
        ),
        (
            "SimulatorChange",
            object(
                &[],
                json!({
                    "state": one_of(&["running", "paused", "stopped"]), "homes": integer(), "interval_s": integer(),
                    "faults": { "type": "object" }, "history_per_s_max": or_null(integer()),
                }),
            ),
        ),
        (
            "YearStatistics",
            object(
                &["figures"],
                json!({
                    "attribution": text(),
                    "figures": list(object(&["area", "year", "meters", "total_kwh", "mean_kwh"], json!({
                        "area": text(), "year": integer(), "meters": integer(), "total_kwh": number(), "mean_kwh": number(), "median_kwh": number(),
                    }))),
                }),
            ),
        ),
        (
            "NextGeography",
            object(&["name", "meters_elsewhere"], json!({ "name": text(), "meters_elsewhere": integer() })),
        ),
        (
            "StatisticsReceipt",
            object(&["areas", "unknown_areas"], json!({ "areas": integer(), "unknown_areas": list(text()) })),
        ),
    ]
}
