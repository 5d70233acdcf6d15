//! The part of the JSON Schema that says who may call a hook. It describes; check decides.

use serde_json::{Value, json};
use weir_model::Scheme;

/// The setting `auth`.
pub(super) fn schema() -> Value {
    json!({
        "description": "Who may call it, besides knowing its URL. Secrets are given by their names.",
        "anyOf": [
            { "enum": ["none", null], "description": "Whoever knows the URL." },
            only("basic", &object(
                &["user", "password"],
                "A user and a password.",
                &json!({ "user": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^:]*$" },
                    "password": secrets() }),
            )),
            only("bearer", &secrets()),
            only("header", &object(
                &["name", "value"],
                "A header that must have a secret value.",
                &json!({ "name": { "type": "string", "minLength": 1 }, "value": secrets() }),
            )),
            only("signature", &signature()),
        ],
    })
}

fn signature() -> Value {
    let schemes: Vec<&str> = Scheme::ALL.iter().map(|info| info.name).collect();
    object(
        &["scheme", "secret"],
        "The body is signed.",
        &json!({
            "scheme": { "enum": schemes, "description": "Whose way of signing; `generic` is told in the other settings." },
            "secret": secrets(),
            "tolerance": { "$ref": "#/$defs/span",
                "description": "How old a signed time may be, and how far ahead, 1s to 24h; 5m." },
            "replay": { "type": "boolean",
                "description": "Whether a delivery that came before is refused; true for standard-webhooks." },
            "header": { "type": "string", "minLength": 1, "description": "Of generic: the header with the signature." },
            "algorithm": { "enum": ["sha1", "sha256", "sha512"], "description": "Of generic: the HMAC's hash; sha256." },
            "encoding": { "enum": ["hex", "base64"], "description": "Of generic: how the signature is written; hex." },
            "prefix": { "type": "string", "maxLength": 64,
                "description": "Of generic: what stands before the signature, such as sha256=." },
            "timestamp_header": { "type": "string", "minLength": 1,
                "description": "Of generic: the header with the time, in seconds or milliseconds since 1970." },
            "template": { "type": "string", "pattern": "\\{body\\}",
                "description": "Of generic: what is signed, such as {timestamp}.{body}; the body where nothing is said." },
        }),
    )
}

/// An object with this one key.
fn only(key: &str, value: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": [key], "properties": { key: value } })
}

fn object(required: &[&str], about: &str, properties: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "description": about, "required": required,
        "properties": properties })
}

fn secrets() -> Value {
    let name = json!({ "type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,62}$" });
    json!({ "description": "The name of a secret, or several while one follows another.",
        "anyOf": [name, { "type": "array", "minItems": 1, "maxItems": 8, "items": name }] })
}
