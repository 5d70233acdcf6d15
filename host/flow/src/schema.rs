//! The JSON Schema of a definition, for editors and the API. It describes; check decides.

mod auth;

use serde_json::{Map, Value, json};
use weir_model::Limits;

use crate::check::{MOST_STEPS, is_never_zero, is_of_run, is_of_tenant};
use crate::plan::Kinds;

/// The name of a flow.
const NAME: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/// JSON Schema (2020-12) of a definition, with the `with` of every built-in kind.
pub fn flow_schema<S>(kinds: &dyn Kinds<S>) -> Value {
    let kinds = kinds.kinds();
    let settings: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            json!({
                "if": { "properties": { "uses": { "const": kind.name() } }, "required": ["uses"] },
                "then": { "properties": { "with": kind.schema() } },
            })
        })
        .collect();
    let names: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({ "const": kind.name(), "title": kind.name(), "description": kind.summary() }))
        .collect();
    let mut step = step();
    if let Some(step) = step.as_object_mut() {
        step.insert("allOf".to_owned(), Value::Array(settings));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "/api/v1/schema/flow.json",
        "title": "weir flow",
        "description": "A flow's definition, format 1.",
        "type": "object",
        "required": ["weir", "name", "steps"],
        "additionalProperties": false,
        "properties": properties(),
        "$defs": {
            "span": { "type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h|d)$",
                "description": "A length of time, such as 500ms, 30s, 15m, 4h or 2d." },
            "variable": { "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$" },
            "kind": { "anyOf": names },
            "condition": crate::condition_schema(),
            "step": step,
        },
    })
}

fn properties() -> Value {
    json!({
        "weir": { "const": 1, "description": "The format's version." },
        "name": { "type": "string", "pattern": NAME,
            "description": "The flow's name, unique within its tenant." },
        "description": { "type": ["string", "null"], "description": "What it is for." },
        "trigger": { "type": ["object", "null"], "additionalProperties": false,
            "description": "What starts it.",
            "properties": {
                "webhook": { "anyOf": [webhook(), { "type": "null" }] },
                "schedule": { "anyOf": [schedule(), { "type": "null" }] },
            } },
        "variables": { "type": ["object", "null"], "propertyNames": { "$ref": "#/$defs/variable" },
            "description": "Variables every run starts with; constants." },
        "capture": { "enum": ["full", "errors", "summary", "none", null],
            "description": "How much of a production run is recorded." },
        "limits": limits(
            |name| !is_of_tenant(name),
            "What its runs and their steps may use, where that is less than the tenant may.",
        ),
        "egress": { "type": ["object", "null"], "additionalProperties": false, "required": ["hosts"],
            "description": "Where its steps may send requests, where that is less than the tenant may.",
            "properties": {
                "hosts": { "type": "array", "maxItems": 100, "items": { "type": "string", "maxLength": 300 },
                    "description": "Hosts such as api.example.com, *.example.com, api.example.com:8443 or *." },
            } },
        "concurrency": { "type": ["integer", "null"], "minimum": 1, "maximum": 10_000,
            "description": "Production runs that nobody waits for and that may be alive at a time." },
        "ordered": { "type": ["boolean", "null"],
            "description": "Whether those are taken strictly one after another, in the order they were accepted." },
        "on_failure": { "type": ["string", "null"], "pattern": NAME,
            "description": "The flow that is started when a production run fails or runs out of time." },
        "disable_after": { "type": ["integer", "null"], "minimum": 1, "maximum": 1_000,
            "description": "Switches the flow off once so many production runs failed in a row." },
        "steps": { "type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": { "$ref": "#/$defs/step" },
            "description": "The steps; a run starts at the first." },
        "layout": { "description": "Where the canvas puts things." },
    })
}

fn step() -> Value {
    json!({
        "type": "object",
        "required": ["id", "uses"],
        "additionalProperties": false,
        "properties": {
            "id": { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,62}$", "not": { "const": "end" },
                "description": "Unique within the flow." },
            "uses": { "description": "A built-in kind, or an action as name@version.", "anyOf": [
                { "$ref": "#/$defs/kind" },
                { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(@[0-9][A-Za-z0-9.+-]*)?$" },
            ] },
            "title": { "type": ["string", "null"], "description": "A title for people." },
            "with": { "description": "The action's settings; templates at its leaves." },
            "input": { "description": "What the action gets as input; the payload where nothing is said." },
            "save": { "$ref": "#/$defs/variable", "description": "The variable that takes the output." },
            "retry": { "type": "object", "additionalProperties": false, "required": ["attempts"],
                "description": "What to do when it fails in a way that may pass.",
                "properties": {
                    "attempts": { "type": "integer", "minimum": 1, "maximum": 20,
                        "description": "Tries in all, the first included." },
                    "backoff": { "type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h|d)( ?\\.\\. ?[0-9]+ ?(ms|s|m|h|d))?$",
                        "description": "1s for a fixed pause, 1s..30s for one that doubles up to the second." },
                } },
            "timeout": { "$ref": "#/$defs/span", "description": "The step's wall time, 1ms to 15m." },
            "limits": limits(|name| !is_of_run(name) && !is_of_tenant(name), "What it may use, where that is less than the flow may."),
            "on": { "type": ["object", "null"], "additionalProperties": { "type": "string" },
                "description": "Exits and where they lead: a step's id or `end`. `next` leads to the following step." },
        },
    })
}

/// The limits that one level may set, by name.
fn limits(known: impl Fn(&str) -> bool, about: &str) -> Value {
    let known = Limits::TABLE.iter().filter(|limit| known(limit.name));
    let limit = |limit: &weir_model::LimitInfo| {
        let least = u64::from(is_never_zero(limit.name));
        (limit.name.to_owned(), json!({ "type": "integer", "minimum": least, "description": limit.about.trim() }))
    };
    let properties: Map<String, Value> = known.map(limit).collect();
    json!({ "type": ["object", "null"], "additionalProperties": false, "description": about, "properties": properties })
}

fn webhook() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "How the flow's hook behaves.",
        "properties": {
            "methods": { "type": "array", "minItems": 1, "items": { "type": "string", "pattern": "^[A-Z][A-Z-]*$" },
                "description": "Methods it takes; all where nothing is said." },
            "content_types": { "type": "array", "minItems": 1, "items": { "type": "string" },
                "description": "Content types it takes, such as application/json or text/*." },
            "max_body": { "type": "integer", "minimum": 1, "description": "The largest body in bytes." },
            "auth": auth::schema(),
            "allow": { "type": "array", "minItems": 1, "maxItems": 256, "items": { "type": "string" }, "description":
                "Addresses it may be called from, as blocks such as 192.0.2.0/24 or single ones; all where nothing is said." },
            "wait": { "$ref": "#/$defs/span", "description": "How long the caller waits, 1s to 15m; 30s." },
            "accepted": { "type": "object", "additionalProperties": false,
                "description": "The answer of a flow without a reachable response step.",
                "properties": { "status": { "type": "integer", "minimum": 200, "maximum": 299 }, "json": {} } },
            "unanswered": { "type": "object", "additionalProperties": false,
                "description": "The answer of a run that ended without reaching its response step.",
                "properties": { "status": { "type": "integer", "minimum": 200, "maximum": 599 }, "json": {} } },
            "idempotency": idempotency(),
            "cors": { "type": "object", "additionalProperties": false, "required": ["origins"],
                "description": "Which pages may call it from a browser.",
                "properties": {
                    "origins": { "type": "array", "minItems": 1, "items": { "type": "string" } },
                    "headers": { "type": "array", "items": { "type": "string" } },
                    "credentials": { "type": "boolean" },
                } },
        },
    })
}

fn idempotency() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "How a repeated request is told: the first with a key runs, later ones get its answer.",
        "oneOf": [{ "required": ["header"] }, { "required": ["pointer"] }],
        "properties": {
            "header": { "type": "string", "minLength": 1,
                "description": "The request header that holds the key, such as idempotency-key." },
            "pointer": { "type": "string", "pattern": "^/",
                "description": "A JSON Pointer to the key in the payload, such as /id." },
            "keep": { "$ref": "#/$defs/span", "description": "How long a key is remembered, 1s to 30d; 24h." },
            "required": { "type": "boolean", "description": "Whether a request without a key is refused." },
        },
    })
}

fn schedule() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["cron"],
        "description": "When it starts by itself, besides its hook, once it is published and enabled.",
        "properties": {
            "cron": { "type": "string", "description":
                "Minute, hour, day of month, month, day of week, such as 0 9 * * MON-FRI; seconds may stand in front; or a \
                 name such as @daily." },
            "zone": { "type": ["string", "null"],
                "description": "The IANA time zone it is read in, such as Europe/Berlin; UTC where nothing is said." },
            "missed": { "enum": ["skip", "one", "all", null], "description":
                "What happens to times that passed while the server did not run: nothing, one run for the last, or all up \
                 to 1000." },
            "payload": { "description": "What its runs start with; {\"scheduled_at\", \"cron\"} where nothing is said." },
        },
    })
}
