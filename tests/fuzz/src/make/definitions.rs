//! Flow definitions as JSON or as YAML, most of them right. It checks none.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use weir_model::Limits;

use super::{condition, odd_text, template, tree, value};
use crate::random::Random;

const KINDS: &[&str] = &[
    "response",
    "code",
    "set",
    "delete",
    "condition",
    "switch",
    "for-each",
    "parallel",
    "log",
    "call",
    "fail",
    "stop",
    "lead-score@1",
    "lead-score",
    "no-such",
    "lead-score@1.2.3.4",
];

/// The text of a definition.
pub(crate) fn definition(random: &mut Random) -> Vec<u8> {
    let flow = flow(random);
    if random.once_in(3) {
        return flow.to_string().into_bytes();
    }
    let mut text = String::new();
    yaml(random, &flow, 0, &mut text);
    text.into_bytes()
}

/// A key, and what makes something for it.
type Extra = (&'static str, fn(&mut Random) -> Value);

fn flow(random: &mut Random) -> Value {
    let steps: Vec<Value> = (0..=random.small(8)).map(|at| step(random, at)).collect();
    let mut flow = json!({ "weir": 1, "name": "fuzz", "steps": steps });
    let Value::Object(map) = &mut flow else { return flow };
    let extras: [Extra; 7] = [
        ("trigger", |random| json!({ "webhook": webhook(random) })),
        ("variables", |random| value(random, 3)),
        ("limits", limits),
        ("capture", |random| json!(random.pick(&["full", "errors", "summary", "none", "all"]))),
        ("layout", |random| value(random, 4)),
        ("description", |random| json!(odd_text(random))),
        ("on", |random| value(random, 2)),
    ];
    for (name, make) in extras {
        if random.once_in(if name == "on" { 40 } else { 4 }) {
            map.insert(name.to_owned(), make(random));
        }
    }
    flow
}

fn webhook(random: &mut Random) -> Value {
    let mut made = Map::new();
    let parts = [
        ("methods", json!(["POST", "GET"])),
        ("content_types", json!(["text/*", "application/json"])),
        ("max_body", json!(random.next() >> random.below(64))),
        ("auth", json!("none")),
        ("wait", span(random)),
        ("accepted", json!({ "status": 150 + random.below(200), "json": value(random, 2) })),
        ("unanswered", json!({ "status": random.below(700) })),
        ("cors", json!({ "origins": ["*", "https://a.example"], "credentials": random.once_in(2) })),
    ];
    for (name, part) in parts {
        if random.once_in(3) {
            made.insert(name.into(), if random.once_in(12) { value(random, 1) } else { part });
        }
    }
    made.into()
}

fn limits(random: &mut Random) -> Value {
    let names: Vec<&str> = Limits::TABLE.iter().map(|limit| limit.name).collect();
    let number = |random: &mut Random| json!(random.next() >> random.below(64));
    (0..random.small(4)).map(|_| (random.pick(&names).to_owned(), number(random))).collect::<Map<_, _>>().into()
}

fn span(random: &mut Random) -> Value {
    json!(random.pick(&["10s", "250ms", "1m30s", "0s", "-1s", "1", "99999999h", "1s..30s", "30s..1s", "..", ""]))
}

fn target(random: &mut Random) -> Value {
    if random.once_in(4) { json!("end") } else { json!(format!("s{}", random.small(9))) }
}

fn step(random: &mut Random, at: usize) -> Value {
    let kind = random.pick(KINDS);
    let id = if random.once_in(30) { odd_text(random) } else { format!("s{at}") };
    let mut step = Map::new();
    step.insert("id".into(), id.into());
    step.insert("uses".into(), (*kind).into());
    let with = settings(random, kind);
    if !with.is_null() {
        step.insert("with".into(), with);
    }
    for exit in ["next", "error", "true", "false", "item", "done", "hot", "s1"] {
        if random.once_in(5) {
            let on = step.entry("on").or_insert_with(|| json!({}));
            if let Value::Object(on) = on {
                on.insert(exit.into(), target(random));
            }
        }
    }
    let extras: [Extra; 6] = [
        ("input", |random| tree(random, 2)),
        ("save", |random| json!(random.pick(&["x", "payload", "a b", "loop", "ä", ""]))),
        ("retry", |random| json!({ "attempts": random.below(25), "backoff": span(random) })),
        ("timeout", span),
        ("limits", limits),
        ("title", |random| json!(odd_text(random))),
    ];
    for (name, make) in extras {
        if random.once_in(8) {
            step.insert(name.into(), make(random));
        }
    }
    step.into()
}

fn settings(random: &mut Random, kind: &str) -> Value {
    if random.once_in(20) {
        return value(random, 3);
    }
    match kind {
        "response" => {
            json!({ "status": 200 + random.below(400), "json": tree(random, 2), "headers": { "x-a": template(random) } })
        }
        "set" => json!({ "x": tree(random, 2), "y": value(random, 2) }),
        "code" => json!({
            "language": random.pick(&["javascript", "typescript", "python"]),
            "source": format!("return {}", odd_text(random)),
        }),
        "delete" => json!(["x", "y"]),
        "condition" => condition(random, 3),
        "switch" => {
            json!({ "cases": [{ "exit": "hot", "if": condition(random, 2) }, { "exit": "s1", "if": condition(random, 1) }] })
        }
        "for-each" => json!({ "items": template(random), "as": "entry", "concurrency": random.small(70) }),
        "parallel" => json!(["s1", "s2"]),
        "log" => json!({ "level": "info", "message": template(random) }),
        "call" => json!({ "flow": "other", "input": tree(random, 1) }),
        "fail" => json!({ "message": template(random), "code": "X" }),
        _ if random.once_in(2) => tree(random, 2),
        _ => Value::Null,
    }
}

/// Writes a value as YAML in one of the many ways there are.
fn yaml(random: &mut Random, value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() && !random.once_in(6) => {
            for (key, value) in map {
                let _ = write!(text, "\n{:indent$}{}: ", "", scalar(random, key));
                yaml(random, value, indent + 2, text);
            }
        }
        Value::Array(items) if !items.is_empty() && !random.once_in(6) => {
            for item in items {
                let _ = write!(text, "\n{:indent$}- ", "");
                yaml(random, item, indent + 2, text);
            }
        }
        Value::String(word) if random.once_in(4) && !word.is_empty() => {
            text.push_str(random.pick(&["|", ">", "|-", ">+", "|2"]));
            for line in word.lines() {
                let _ = write!(text, "\n{:indent$}{line}", "");
            }
        }
        Value::String(word) => text.push_str(&scalar(random, word)),
        other => {
            let _ = write!(text, "{other}");
        }
    }
    if random.once_in(30) {
        text.push_str(random.pick(&[" # why", " &a", " *a", " !!str", "\n---", "\t", "\r", " ? x", "\n..."]));
    }
}

fn scalar(random: &mut Random, word: &str) -> String {
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_@".contains(&byte));
    match random.below(4) {
        0 => format!("'{}'", word.replace('\'', "''")),
        1 | 2 if plain => word.to_owned(),
        _ => Value::from(word).to_string(),
    }
}
