//! What those send who have readings.

use serde_json::{Value, json};

use super::{DOOR, Facts, Operation, json_of, one_of, query};

pub(super) fn operations(facts: &Facts<'_>) -> [Operation; 2] {
    let reading = json!({
        "readings": [{ "meter_id": "MAC000002", "start": "2026-11-22T10:00:00Z", "duration_s": 1800, "energy_wh": 212.5 }],
    });
    let home = json!({ "type": "flat", "bedrooms": 2, "occupants": 2, "heating": "gas" });
    let meter = json!({ "meters": [{ "meter_id": "MAC000002", "area": facts.leaf(), "dwelling": home }] });
    let unknown_area = "`refuse`: a registration in an area that the map does not have is refused. Else it is accepted, and a dead letter";
    [
        Operation::new("post", "/api/v1/readings", DOOR, "Send readings", receipt())
            .say(
                "The same `(meter_id, start)` again: the same value counts once, another value corrects the former one. Gzip and zstd \
                 are understood (`Content-Encoding`).",
            )
            .with([dry_run()])
            .takes(body("ReadingsRequest", "Reading", &reading))
            .for_key("ingest"),
        Operation::new("post", "/api/v1/meters", DOOR, "Register meters: where they are, and what home", receipt())
            .say("The last one wins. A meter that moves keeps its past where it was.")
            .with([dry_run(), query("unknown_area", one_of(&["dead_letter", "refuse"]), unknown_area)])
            .takes(body("MetersRequest", "Meter", &meter))
            .for_key("ingest"),
    ]
    .map(|operation| refused(operation, facts))
}

fn refused(operation: Operation, facts: &Facts<'_>) -> Operation {
    let limits = facts.limits;
    let too_large = format!(
        "More than {} bytes, {} unpacked, or {} items",
        limits.body_bytes, limits.decompressed_bytes, limits.batch
    );
    operation.answers(422, json_of("Receipt", "Everything was refused")).fails([
        (400, "Malformed; `line` and `column` say where"),
        (408, "The body took too long to arrive"),
        (413, &too_large),
        (415, "Another content type or coding"),
        (429, "Too much for this key; Retry-After says when to go on"),
        (503, "Not durable; Retry-After says when to send all of it again"),
    ])
}

fn receipt() -> Value {
    json_of(
        "Receipt",
        "Every reading that was accepted is durable; those that were refused are named, with why",
    )
}

fn dry_run() -> Value {
    query("dry_run", json!({ "type": "boolean" }), "Judge everything and take nothing")
}

/// As one JSON document, or one item a line.
fn body(document: &str, item: &str, example: &Value) -> Value {
    json!({
        "application/json": { "schema": { "$ref": format!("#/components/schemas/{document}") }, "example": example },
        "application/x-ndjson": { "schema": { "$ref": format!("#/components/schemas/{item}") } },
    })
}
