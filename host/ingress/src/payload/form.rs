//! `application/x-www-form-urlencoded` (URL standard, §5.1) and queries: an object of names. Nothing is nested.

use serde_json::{Map, Value};
use weir_engine::Payload;

use super::made;
use crate::Refusal;

/// Names one form may have, so that a small body does not become a large object.
const MOST_FIELDS: usize = 10_000;

pub(super) fn read(text: &[u8]) -> Result<Payload, Refusal> {
    let mut fields = Map::new();
    for (count, (name, value)) in form_urlencoded::parse(text).enumerate() {
        if count >= MOST_FIELDS {
            return Err(Refusal::Malformed(format!("it has more than {MOST_FIELDS} fields")));
        }
        add(&mut fields, &name, Value::String(value.into_owned()));
    }
    made(&Value::Object(fields))
}

/// A name that comes again becomes a list.
pub(super) fn add(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match fields.get_mut(name) {
        None => {
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}
