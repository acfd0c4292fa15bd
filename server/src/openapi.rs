//! What the API is, for programs: `GET /api/v1/openapi.json` (OpenAPI 3.1). The page `/api` is made of the same.
//!
//! Numbers, names and codes come from the constants that the handlers use; a test asks for everything that is described,
//! and holds the answers against the schemas.

mod door;
mod operator;
mod public;
mod schemas;

use geography::Geography;
use metering::disclosure::DisclosureRules;
use serde_json::{Map, Value, json};

use crate::config::DoorLimits;

/// What the description tells of besides what is always so.
pub(crate) struct Facts<'a> {
    /// The levels' names, and an area for examples.
    pub(crate) geography: &'a Geography,
    /// What the door lets in.
    pub(crate) limits: DoorLimits,
    /// What may be shown.
    pub(crate) rules: DisclosureRules,
}

impl Facts<'_> {
    fn levels(&self) -> Vec<&str> {
        self.geography.levels().iter().map(geography::Level::name).collect()
    }

    /// An area of the finest level.
    fn leaf(&self) -> &str {
        let finest = self.geography.areas_of(self.geography.finest());
        finest.first().map_or("E01000001", |area| area.code.as_str())
    }
}

/// The description.
pub(crate) fn description(facts: &Facts<'_>) -> Value {
    let mut paths = Map::new();
    let operations = public::operations(facts)
        .into_iter()
        .chain(door::operations(facts))
        .chain(operator::operations(facts));
    for Operation { path, method, described } in operations {
        let of_path = paths.entry(path).or_insert_with(|| json!({}));
        of_path[method] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wattmap",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "What electricity costs to live with, neighbourhood by neighbourhood.",
            "description": introduction(facts),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This site" }],
        "tags": TAGS.map(|(name, description)| json!({ "name": name, "description": description })),
        "paths": paths,
        "components": {
            "schemas": schemas::all(facts),
            "securitySchemes": {
                "ingest": { "type": "http", "scheme": "bearer", "description": "A key of scope ingest: `wattmap keys create --scope ingest`" },
                "operator": { "type": "http", "scheme": "bearer", "description": "A key of scope operator: `wattmap keys create --scope operator`" },
            },
        },
    })
}

const PUBLIC: &str = "Figures";
const DOOR: &str = "Readings";
const OPERATOR: &str = "Operator";
const SYSTEM: &str = "System";

const TAGS: [(&str, &str); 4] = [
    (PUBLIC, "Public, without a key. Every figure has passed disclosure control. Answers have an ETag."),
    (DOOR, "For those who send meters' readings, with a key of scope ingest."),
    (OPERATOR, "Exact data and orders, with a key of scope operator."),
    (SYSTEM, "For those who run it."),
];

fn introduction(facts: &Facts<'_>) -> String {
    format!(
        "Figures over a week or longer rest on at least {} homes, all others on at least {}. `from` (inclusive) and `to` \
         (exclusive) are RFC 3339 instants or local dates. Every error is `application/problem+json` (RFC 9457) and names the \
         field, the value and the rule.",
        facts.rules.homes_min(metering::disclosure::FigureKind::Period),
        facts.rules.homes_min(metering::disclosure::FigureKind::Window),
    )
}

/// One method of one path.
struct Operation {
    path: &'static str,
    method: &'static str,
    described: Value,
}

impl Operation {
    /// With a few words, and an answer for 200.
    fn new(method: &'static str, path: &'static str, tag: &str, summary: &str, answer: Value) -> Self {
        let described = json!({ "tags": [tag], "summary": summary, "responses": { "200": answer } });
        Operation { path, method, described }
    }

    fn say(mut self, description: impl Into<String>) -> Self {
        self.described["description"] = Value::String(description.into());
        self
    }

    fn with<const N: usize>(mut self, parameters: [Value; N]) -> Self {
        self.described["parameters"] = Value::Array(parameters.into());
        self
    }

    fn takes(mut self, content: Value) -> Self {
        self.described["requestBody"] = json!({ "required": true, "content": content });
        self
    }

    fn for_key(mut self, scope: &str) -> Self {
        self.described["security"] = json!([{ scope: [] }]);
        self.fails([(401, "There is no key, or it is not valid"), (403, "The key has another scope")])
    }

    fn fails<const N: usize>(mut self, statuses: [(u16, &str); N]) -> Self {
        for (status, why) in statuses {
            self.described["responses"][status.to_string()] = json!({
                "description": why,
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            });
        }
        self
    }

    fn answers(mut self, status: u16, answer: Value) -> Self {
        self.described["responses"][status.to_string()] = answer;
        self
    }
}

/// An answer in JSON, by the name of its schema.
fn json_of(schema: &str, description: &str) -> Value {
    content_of("application/json", schema, description)
}

fn content_of(media_type: &str, schema: &str, description: &str) -> Value {
    json!({
        "description": description,
        "content": { media_type: { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
    })
}

fn text_of(description: &str) -> Value {
    json!({ "description": description, "content": { "text/plain": { "schema": { "type": "string" } } } })
}

/// A parameter of the query that may be left out.
fn query(name: &str, schema: Value, description: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": schema, "description": description })
}

fn in_path(name: &str, example: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "path", "required": true, "schema": { "type": "string" }, "example": example,
        "description": description,
    })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn one_of(names: &[&str]) -> Value {
    json!({ "type": "string", "enum": names })
}

fn whole(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}
