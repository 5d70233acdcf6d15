//! The key by which a hook knows a request again: where it stands in the request, and whether it is one. What follows from
//! it is the engine's business.

use http::HeaderMap;
use weir_engine::{IdempotencyKey, Payload};
use weir_model::IdempotencyDef;

use crate::Refusal;

/// The request's key; none where it has none and need not have one.
pub(crate) fn key(
    setting: &IdempotencyDef,
    headers: &HeaderMap,
    payload: &Payload,
) -> Result<Option<IdempotencyKey>, Refusal> {
    let refused = |what: &str| Err(Refusal::IdempotencyKey(format!("{} {what}", place(setting))));
    let found = match (in_header(setting, headers), in_payload(setting, payload)) {
        (Found::Key(key), _) | (Found::None, Found::Key(key)) => key,
        (Found::None, Found::None) if setting.required => return refused("must have one"),
        (Found::None, Found::None) => return Ok(None),
        (Found::Wrong(what), _) | (Found::None, Found::Wrong(what)) => return refused(what),
    };
    match IdempotencyKey::new(&found) {
        Some(key) => Ok(Some(key)),
        None => refused("must have 1 to 255 bytes"),
    }
}

/// What was found at a key's place.
enum Found {
    None,
    Key(Vec<u8>),
    Wrong(&'static str),
}

fn in_header(setting: &IdempotencyDef, headers: &HeaderMap) -> Found {
    let Some(name) = &setting.header else { return Found::None };
    let mut values = headers.get_all(name.as_str()).iter();
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        (Some(value), None) => Found::Key(value.as_bytes().to_vec()),
        (Some(_), Some(_)) => Found::Wrong("must have one, not several"),
    }
}

/// Text as it is, a number as its JSON text: `7` and `"7"` are one key.
fn in_payload(setting: &IdempotencyDef, payload: &Payload) -> Found {
    let Some(pointer) = &setting.pointer else { return Found::None };
    let Some(found) = payload.data().pointer(pointer).filter(|found| !found.is_null()) else { return Found::None };
    if let Some(text) = found.as_str() {
        return Found::Key(text.as_bytes().to_vec());
    }
    if found.as_f64().is_some() {
        return Found::Key(found.to_json().text().as_bytes().to_vec());
    }
    Found::Wrong("must be text or a number")
}

fn place(setting: &IdempotencyDef) -> String {
    match (&setting.header, &setting.pointer) {
        (Some(header), Some(pointer)) => format!("the header `{header}` or the payload's `{pointer}`"),
        (Some(header), None) => format!("the header `{header}`"),
        (None, Some(pointer)) => format!("the payload's `{pointer}`"),
        (None, None) => "the request".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;
    use weir_model::Coded as _;

    use super::*;

    fn setting(header: Option<&str>, pointer: Option<&str>, required: bool) -> IdempotencyDef {
        IdempotencyDef { header: header.map(str::to_owned), pointer: pointer.map(str::to_owned), keep: None, required }
    }

    #[test]
    fn a_key_is_read_from_its_header_or_place_in_the_payload() {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_static("7"));
        let payload = Payload::of(&json!({ "id": 7, "text": "7", "list": [{ "id": "x" }], "none": null, "no": {} }));
        let payload = payload.unwrap();
        let seven = IdempotencyKey::new(b"7");
        let read = |header, pointer, required| key(&setting(header, pointer, required), &headers, &payload);
        assert_eq!(read(Some("Idempotency-Key"), None, true).unwrap(), seven);
        assert_eq!(read(None, Some("/id"), true).unwrap(), seven);
        assert_eq!(read(None, Some("/text"), true).unwrap(), seven);
        assert_eq!(read(Some("x-other"), Some("/list/0/id"), true).unwrap(), IdempotencyKey::new(b"x"));
        assert_eq!(read(Some("x-other"), Some("/none"), false).unwrap(), None);
        for pointer in ["/none", "/missing", "/no", ""] {
            let refusal = read(None, Some(pointer), true).unwrap_err();
            assert_eq!(refusal.code().as_str(), "WEIR-HOOK-IDEMPOTENCY-KEY", "{refusal}");
        }
        assert!(read(None, Some("/no"), false).is_err(), "a key that is none is refused, required or not");
    }

    #[test]
    fn several_or_overlong_keys_are_refused() {
        let payload = Payload::of(&json!({ "id": "" })).unwrap();
        let mut headers = HeaderMap::new();
        headers.append("k", HeaderValue::from_static("a"));
        headers.append("k", HeaderValue::from_static("a"));
        headers.insert("long", HeaderValue::from_str(&"k".repeat(256)).unwrap());
        for (header, pointer) in [(Some("k"), None), (Some("long"), None), (None, Some("/id"))] {
            assert!(key(&setting(header, pointer, false), &headers, &payload).is_err(), "{header:?} {pointer:?}");
        }
    }
}
