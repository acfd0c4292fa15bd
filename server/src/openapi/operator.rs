//! What operators read and order.

use metering::DeadReason;
use serde_json::{Value, json};

use super::{Facts, OPERATOR, Operation, in_path, json_of, one_of, query, text, whole};
use crate::redrive::LetterState;
use crate::routes::{DEAD_LETTERS_MAX, METERS_MAX, RELEASED_DAYS_MAX};

pub(super) fn operations(facts: &Facts<'_>) -> Vec<Operation> {
    let reasons = || one_of(&DeadReason::ALL.map(DeadReason::as_str));
    let states = one_of(&LetterState::ALL.map(LetterState::as_str));
    let dry_run = || query("dry_run", json!({ "type": "boolean" }), "Only look");
    let instant = |name, what| query(name, json!({ "type": "string" }), what);
    let all = [
        Operation::new(
            "get",
            "/api/v1/ops/ingestion",
            OPERATOR,
            "How far each partition is",
            json_of("IngestionStatus", "As its owner says"),
        ),
        Operation::new(
            "get",
            "/api/v1/ops/dead-letters",
            OPERATOR,
            "Records that were accepted and could not be counted",
            json_of("DeadLetters", "In order of partition and position"),
        )
        .with([
            query("reason", reasons(), "Only of this reason"),
            query("meter", text(), "Only of this meter"),
            query("state", states, "Only in this state"),
            query("after", text(), "Where to go on: the answer's `next`"),
            query("limit", whole(1, DEAD_LETTERS_MAX as u64), "How many at most"),
        ]),
        Operation::new(
            "post",
            "/api/v1/ops/dead-letters/redrive",
            OPERATOR,
            "Send dead letters once more",
            json_of("Redriven", "What became of them"),
        )
        .with([dry_run()])
        .takes(json_body("RedriveOrder", json!({ "reason": "unknown_meter", "dry_run": true }))),
        Operation::new(
            "get",
            "/api/v1/ops/meters",
            OPERATOR,
            "Registered meters, and when they were heard last",
            json_of("MetersPage", "In order of name"),
        )
        .with([
            query(
                "silent_for",
                json!({ "type": "string", "examples": ["2h"] }),
                "Only meters that sent nothing for so long: `90s`, `30m`, `2h`, `7d`",
            ),
            query("after", text(), "Only meters after this one"),
            query("limit", whole(1, METERS_MAX as u64), "How many at most"),
        ]),
        Operation::new(
            "get",
            "/api/v1/ops/areas/{code}/exact",
            OPERATOR,
            "An area's exact sums",
            json_of("ExactSeries", "Steps in which nothing was heard are left out"),
        )
        .with([
            in_path("code", facts.leaf(), "An area's code, of any level"),
            query("by", one_of(&["half-hour", "day", "month"]), "`day` if left out"),
            instant("from", "The first instant, or local day"),
            instant("to", "The first instant that is not in it, or local day"),
        ])
        .fails([(404, "The map has no such area")]),
        Operation::new(
            "get",
            "/api/v1/ops/releases",
            OPERATOR,
            "What was published when",
            json_of("Releases", "By the UTC day that it is of, the newest first"),
        )
        .with([query("limit", whole(1, RELEASED_DAYS_MAX as u64), "How many days at most")]),
        Operation::new(
            "get",
            "/api/v1/ops/simulator",
            OPERATOR,
            "What is simulated, and how far it is",
            json_of("SimulatorStatus", "As it stands"),
        ),
        Operation::new(
            "put",
            "/api/v1/ops/simulator",
            OPERATOR,
            "Simulate otherwise",
            json_of("SimulatorStatus", "As it stands then"),
        )
        .say("What is left out stays as it is.")
        .takes(json_body("SimulatorChange", json!({ "homes": 1000, "interval_s": 300 })))
        .fails([(422, "A field is not allowed; the answer says which, and what is")]),
        Operation::new(
            "put",
            "/api/v1/ops/statistics/{year}",
            OPERATOR,
            "Published statistics of a year, for modelled figures",
            json_of("StatisticsReceipt", "What of them is on the map"),
        )
        .with([in_path("year", "2019", "The year"), dry_run()])
        .takes(json_body("YearStatistics", json!({ "attribution": "DESNZ", "figures": [] })))
        .fails([
            (413, "Too large"),
            (415, "Another coding than gzip"),
            (422, "A figure is not allowed"),
        ]),
        Operation::new(
            "put",
            "/api/v1/ops/geography",
            OPERATOR,
            "The areas that the next start shows, as `wattmap import geography --out` writes them",
            json_of("NextGeography", "What it is called, and what it lacks"),
        )
        .with([dry_run()])
        .takes(json!({ "application/octet-stream": {} }))
        .fails([(413, "Too large"), (415, "Another coding than gzip")]),
        Operation::new(
            "delete",
            "/api/v1/ops/geography",
            OPERATOR,
            "Forget the areas that were imported: the next start shows those that come with the program",
            json_of("NextGeography", "What they are called, and what they lack"),
        )
        .with([dry_run()]),
    ];
    let all = all.map(|operation| {
        operation.for_key("operator").fails([
            (400, "A parameter or the body is not allowed; the answer says which, and what is"),
            (503, "Kafka, Cassandra or the disk can't be asked now; Retry-After says when to ask again"),
        ])
    });
    all.into()
}

fn json_body(schema: &str, example: Value) -> Value {
    json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") }, "example": example } })
}
