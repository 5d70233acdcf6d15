//! Holds the OpenAPI document to its snapshot and to what every operation has to say. It starts no server.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail as its body does")]

use std::path::Path;

use serde_json::Value;
use weir_admin::Admin;

const REFRESH: &str = "WEIR_REFRESH_SNAPSHOTS=1 cargo test --release -p weir-admin --test openapi";

fn document() -> Value {
    serde_json::to_value(Admin::document()).unwrap()
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn the_document_is_the_one_in_the_snapshot() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/openapi.json");
    let now = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("WEIR_REFRESH_SNAPSHOTS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(now.lines()).position(|(kept, now)| kept != now);
    let line = differs.unwrap_or_else(|| kept.lines().count().min(now.lines().count())) + 1;
    let show = |text: &str| text.lines().nth(line - 1).unwrap_or("(end)").to_owned();
    assert!(
        kept == now,
        "the API's document differs from its snapshot at line {line}:\n  kept: {}\n  now:  {}\nIf the change is meant, refresh it and \
         review the difference:\n  {REFRESH}",
        show(&kept),
        show(&now),
    );
}

#[test]
fn every_operation_says_what_a_client_needs() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let open = ["get /api/v1/health", "get /api/v1/ready", "get /api/v1/openapi.json", "get /api/v1/schema/flow.json"];
    let mut names = Vec::new();
    for (route, operation) in operations(&document) {
        names.push(operation["operationId"].as_str().unwrap().to_owned());
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{route} has no summary");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{route} has no success");
        let needs_token = !open.contains(&&*route);
        assert_eq!(responses.contains_key("401"), needs_token, "{route}");
        assert_eq!(operation.get("security").is_none(), needs_token, "{route}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for part in route.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let named = |parameter: &Value| parameter["in"] == "path" && parameter["name"] == part;
            assert!(parameters.iter().any(named), "{route} does not describe {part}");
        }
        if route.starts_with("put") {
            assert!(operation["requestBody"]["content"].is_object(), "{route} has no body");
        }
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "an operation's name is used twice");
}

#[test]
fn every_reference_leads_somewhere() {
    fn visit<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| visit(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| visit(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    visit(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
