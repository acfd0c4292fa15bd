//! The description of the API: that it names every route, and that answers are as it says.

use std::collections::BTreeSet;

use axum::http::Method;
use geography::Geography;
use serde_json::{Value, json};

use crate::support::{AREA, App};

async fn description(app: &App) -> Value {
    app.get("/api/v1/openapi.json").await.json()
}

/// What of an answer is not as a schema of the description says: of what the description uses of JSON Schema.
fn faults(description: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name =
            reference.strip_prefix("#/components/schemas/").expect("it is one of the description's own");
        let of = &description["components"]["schemas"][name];
        assert!(of.is_object(), "there is no schema {name}");
        return faults(description, of, value, at);
    }
    let mut found = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("{at} is {value}, and not {what}"));
        }
    };
    let is_of = |name: &str| match name {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    };
    match &schema["type"] {
        Value::Null => {}
        Value::Array(types) => {
            demand(types.iter().any(|one| is_of(one.as_str().unwrap())), "of a type that it may have");
        }
        one => demand(is_of(one.as_str().unwrap()), &one.to_string()),
    }
    if let Some(names) = schema["enum"].as_array() {
        demand(names.contains(value), &schema["enum"].to_string());
    }
    if !schema["const"].is_null() {
        demand(&schema["const"] == value, &schema["const"].to_string());
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), value.as_f64()) {
        demand(number >= least, "so little");
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(description, &schema["items"], item, &format!("{at}[{number}]")));
    }
    if let Some(object) = value.as_object().filter(|_| schema["properties"].is_object()) {
        let required = schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
        found.extend(
            required.filter(|name| !object.contains_key(*name)).map(|name| format!("{at} lacks {name}")),
        );
        for (name, value) in object {
            match &schema["properties"][name] {
                Value::Null if schema["additionalProperties"] == false => {
                    found.push(format!("{at} has {name}"));
                }
                Value::Null => {}
                of => found.extend(faults(description, of, value, &format!("{at}.{name}"))),
            }
        }
    }
    found
}

fn named(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// The schema that an answer of this status has.
fn schema_of<'a>(description: &'a Value, path: &str, method: &str, status: u16) -> &'a str {
    let content = &description["paths"][path][method]["responses"][status.to_string()]["content"];
    let media = content.as_object().unwrap_or_else(|| panic!("{method} {path} {status}: {description}"));
    let reference = media.values().next().unwrap()["schema"]["$ref"].as_str().unwrap();
    reference.rsplit('/').next().unwrap()
}

fn check(description: &Value, path: &str, method: &str, status: u16, answer: &Value) {
    let schema = schema_of(description, path, method, status);
    let faults = faults(description, &named(schema), answer, "it");
    assert!(faults.is_empty(), "{method} {path} {status} is no {schema}: {faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_as_the_description_says() {
    let app = App::with(&[("history-days", "0")]).await;
    app.register("A", AREA).await;
    app.read("A", "2026-11-22T10:00:00Z", 1800, 212.5).await;
    app.read("unknown", "2026-11-22T10:00:00Z", 1800, 3.0).await;
    app.settle().await;
    let description = description(&app).await;

    let mut asked = BTreeSet::new();
    let area = format!("/api/v1/areas/{AREA}");
    for (path, url, status) in [
        ("/api/v1/areas", "/api/v1/areas?level=borough".to_owned(), 200),
        ("/api/v1/areas", "/api/v1/areas?level=street".to_owned(), 400),
        ("/api/v1/map", "/api/v1/map?level=borough".to_owned(), 200),
        ("/api/v1/map", "/api/v1/map?measure=now".to_owned(), 200),
        ("/api/v1/areas/{code}", area.clone(), 200),
        ("/api/v1/areas/{code}", "/api/v1/areas/E99".to_owned(), 404),
        ("/api/v1/areas/{code}/consumption", format!("{area}/consumption?by=half-hour"), 200),
        ("/api/v1/areas/{code}/consumption", format!("{area}/consumption?by=month"), 200),
        ("/api/v1/areas/{code}/profile", format!("{area}/profile"), 200),
        ("/api/v1/compare", format!("/api/v1/compare?areas={AREA},E09000012"), 200),
        ("/api/v1/compare", "/api/v1/compare".to_owned(), 400),
        (
            "/api/v1/estimate",
            "/api/v1/estimate?area=E09000012&bedrooms=2&occupants=2&heating=heat_pump".to_owned(),
            200,
        ),
        ("/api/v1/estimate", "/api/v1/estimate?area=E09000012&bedrooms=many".to_owned(), 400),
        ("/api/v1/search", "/api/v1/search?q=hackny".to_owned(), 200),
        ("/readyz", "/readyz".to_owned(), 200),
    ] {
        let answer = app.get(&url).await;
        assert_eq!(answer.status.as_u16(), status, "{url}: {}", answer.text());
        check(&description, path, "get", status, &answer.json());
        asked.insert(("get", path));
    }
    for (path, url) in [
        ("/api/v1/ops/ingestion", "/ingestion".to_owned()),
        ("/api/v1/ops/dead-letters", "/dead-letters".to_owned()),
        ("/api/v1/ops/meters", "/meters".to_owned()),
        ("/api/v1/ops/areas/{code}/exact", format!("/areas/{AREA}/exact?by=half-hour")),
        ("/api/v1/ops/releases", "/releases".to_owned()),
        ("/api/v1/ops/simulator", "/simulator".to_owned()),
    ] {
        check(&description, path, "get", 200, &app.ops(&url).await);
        asked.insert(("get", path));
    }
    // What is sent is what the description gives as an example.
    for (path, method) in [
        ("/api/v1/readings", "post"),
        ("/api/v1/meters", "post"),
        ("/api/v1/ops/dead-letters/redrive", "post"),
        ("/api/v1/ops/simulator", "put"),
        ("/api/v1/ops/statistics/{year}", "put"),
    ] {
        let content = &description["paths"][path][method]["requestBody"]["content"]["application/json"];
        let schema = content["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        let wrong = faults(&description, &named(schema), &content["example"], "it");
        assert!(wrong.is_empty(), "the example of {path} is no {schema}: {wrong:?}");
        let answer = match path.strip_prefix("/api/v1/ops") {
            Some(path) => {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                app.operate(method, &path.replace("{year}", "2019"), &content["example"]).await
            }
            None => app.post(path.strip_prefix("/api/v1").unwrap(), content["example"].to_string()).await,
        };
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        check(&description, path, method, 200, &answer.json());
        asked.insert((method, path));
    }
    // Areas are no JSON.
    let bearer = format!("Bearer {}", app.http.keys.operator);
    for (method, body) in [(Method::PUT, Geography::london().to_bytes()), (Method::DELETE, Vec::new())] {
        let path = "/api/v1/ops/geography";
        let answer = app.send(method.clone(), path, &[("authorization", &bearer)], body).await;
        let method = if method == Method::PUT { "put" } else { "delete" };
        check(&description, path, method, answer.status.as_u16(), &answer.json());
        assert_eq!(answer.status, 200, "{}", answer.text());
        asked.insert((method, path));
    }
    let refused = app.post("/readings", json!({ "readings": [{ "meter_id": "A", "start": "2026-11-22T10:00:00Z", "duration_s": 7, "energy_wh": 1 }] }).to_string()).await;
    check(&description, "/api/v1/readings", "post", refused.status.as_u16(), &refused.json());

    // Everything that is described was asked for, but what answers in no JSON.
    let other = ["/live", "/healthz", "/metrics", "/api/v1/openapi.json"];
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            assert!(
                other.contains(&path.as_str()) || asked.contains(&(method.as_str(), path.as_str())),
                "{method} {path}"
            );
        }
    }
    app.stop().await;
}

#[test]
fn faults_are_found() {
    let description = json!({ "components": { "schemas": { "A": {
        "type": "object", "required": ["n"], "additionalProperties": false,
        "properties": { "n": { "type": "integer", "minimum": 1 }, "s": { "type": ["string", "null"] }, "l": { "items": { "enum": ["x"] } } },
    } } } });
    let check = |value: Value, expect: usize| {
        let found = faults(&description, &named("A"), &value, "it");
        assert_eq!(found.len(), expect, "{value}: {found:?}");
    };
    check(json!({ "n": 1, "s": null, "l": ["x"] }), 0);
    check(json!({}), 1);
    check(json!({ "n": 0.5 }), 2);
    check(json!({ "n": 1, "s": 2, "l": ["y"], "more": 1 }), 3);
    check(json!([]), 1);
}

/// Every route that is mounted, but the page's own files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_described() {
    let app = App::start().await;
    let description = description(&app).await;
    let described = description["paths"].as_object().unwrap();
    let mut mounted = BTreeSet::new();
    for (source, file) in [
        ("routes", include_str!("../../../src/routes.rs")),
        ("public", include_str!("../../../src/routes/public.rs")),
        ("live", include_str!("../../../src/live/connect.rs")),
    ] {
        for rest in file.split(".route(").skip(1) {
            let path = rest.split('"').nth(1).unwrap();
            let is_own = path.starts_with("/geo/") || path.contains("{*");
            let is_operators =
                source == "routes" && !path.starts_with("/api/") && !described.contains_key(path);
            if !is_own {
                mounted.insert(if is_operators { format!("/api/v1/ops{path}") } else { path.to_owned() });
            }
        }
    }
    let described: BTreeSet<String> = described.keys().cloned().collect();
    assert_eq!(mounted, described);
    let page = app.get("/api").await.text();
    for path in &described {
        assert!(page.contains(path.as_str()), "the page does not tell of {path}");
    }
    app.stop().await;
}
