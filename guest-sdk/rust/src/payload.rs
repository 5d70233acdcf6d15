//! Parts of the input by JSON Pointer (RFC 6901), without parsing all of it. It must not copy more than was asked for.
//!
//! Worth it where the input is larger than a few kilobytes and little of it is needed: leave the `input` argument out
//! of the function and ask here.

use serde::de::DeserializeOwned;

#[cfg(target_arch = "wasm32")]
use crate::bindings::weir::action::payload as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::payload as host;
use crate::{Result, codec};

pub use crate::bindings::weir::action::payload::{ScalarValue, ValueKind};

/// The part that `pointer` leads to, as a `T`; none where there is nothing.
///
/// # Errors
/// Invalid, if the part is not a `T`.
///
/// ```
/// use weir_action::{payload, testing};
///
/// testing::set_payload(&serde_json::json!({ "order": { "lines": [{ "sku": "A1" }] } }));
/// assert_eq!(payload::get::<String>("/order/lines/0/sku").unwrap().as_deref(), Some("A1"));
/// assert_eq!(payload::len("/order/lines"), Some(1));
/// ```
pub fn get<T: DeserializeOwned>(pointer: &str) -> Result<Option<T>> {
    host::slice(pointer).map(|json| codec::read(&format!("input at `{pointer}`"), &json)).transpose()
}

/// The kind of what `pointer` leads to; none where there is nothing.
pub fn kind(pointer: &str) -> Option<ValueKind> {
    host::kind_of(pointer)
}

/// A single value; none where there is nothing, or a list or an object.
pub fn scalar(pointer: &str) -> Option<ScalarValue> {
    host::scalar(pointer)
}

/// A string; none where there is nothing or something else.
pub fn text(pointer: &str) -> Option<String> {
    match scalar(pointer) {
        Some(ScalarValue::Text(text)) => Some(text),
        _ => None,
    }
}

/// The number of items of a list, of entries of an object, or of bytes of a string.
pub fn len(pointer: &str) -> Option<u32> {
    host::len(pointer)
}

/// The keys of an object in their order; empty for anything else.
pub fn keys(pointer: &str) -> Vec<String> {
    host::keys(pointer)
}

/// The whole input as bytes of JSON text.
pub fn raw() -> Vec<u8> {
    host::raw()
}
