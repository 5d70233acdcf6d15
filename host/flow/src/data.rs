//! `Data`: the JSON-like values that templates, conditions and steps pass on. It holds and converts values; it never
//! evaluates anything, and no text inside a value is ever treated as a template.

mod json;

use std::fmt;
use std::io;

use indexmap::IndexMap;
use minijinja::Value;
use minijinja::value::{ObjectRepr, ValueKind};
use serde::Serialize;
use serde::de::DeserializeSeed as _;
use weir_model::{Code, Coded, Json};

use self::json::Reader;

/// How deep a value may nest. It leaves room for the wrappers of a checkpoint below the 128 levels that serde_json reads.
pub const MAX_DEPTH: usize = 100;

/// How deep writing and comparing go; below it only values that no reader and no template lets through could be.
const WRITE_DEPTH: usize = MAX_DEPTH + 24;

pub(crate) type List = Vec<Value>;
pub(crate) type Map = IndexMap<Value, Value>;

/// What may go wrong while a value is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The text is not JSON, or nests too deep.
    #[error("this is not JSON that weir can read: {0}; send valid JSON that nests at most {MAX_DEPTH} levels")]
    Json(String),
    /// A Rust value without a JSON form.
    #[error("this value has no JSON form: {0}")]
    Serde(String),
}

impl Coded for DataError {
    fn code(&self) -> Code {
        match self {
            Self::Json(_) => Code::new("WEIR-FLOW-DATA-JSON"),
            Self::Serde(_) => Code::new("WEIR-FLOW-DATA-FORM"),
        }
    }
}

/// What kind of JSON value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
}

impl Kind {
    /// The kind's name as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "text",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

/// An immutable JSON-like value: cheap to clone, shared between threads, objects in the order of their keys' arrival.
#[derive(Clone)]
pub struct Data(pub(crate) Value);

impl Data {
    /// The value `null`.
    pub fn null() -> Self {
        Self(Value::from(()))
    }

    /// Reads JSON. Of a key that comes twice the last value counts; bytes after the value are refused.
    ///
    /// # Errors
    /// Where it is not JSON or nests deeper than [`MAX_DEPTH`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, DataError> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let value = Reader::top().deserialize(&mut reader).map_err(|e| DataError::Json(e.to_string()))?;
        reader.end().map_err(|e| DataError::Json(e.to_string()))?;
        Ok(Self(value))
    }

    /// A value of anything that serde can write as JSON.
    ///
    /// # Errors
    /// Where it has no JSON form.
    pub fn from_serde<T: Serialize + ?Sized>(value: &T) -> Result<Self, DataError> {
        let bytes = serde_json::to_vec(value).map_err(|e| DataError::Serde(e.to_string()))?;
        Self::from_json(&bytes).map_err(|e| DataError::Serde(e.to_string()))
    }

    /// A list of values.
    pub fn list(items: Vec<Self>) -> Self {
        Self(Value::from_object(items.into_iter().map(|item| item.0).collect::<List>()))
    }

    /// An object of entries, in their order; of a key that comes twice the last value counts.
    pub fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let map: Map = entries.into_iter().map(|(key, data)| (Value::from(key.into()), data.0)).collect();
        Self(Value::from_object(map))
    }

    /// The value as JSON text.
    pub fn to_json(&self) -> Json {
        Json::of(self).unwrap_or_default()
    }

    /// Appends the value as JSON text.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let _ = self.write_json_to(out);
    }

    /// Writes the value as JSON text; it fails where the writer does and nowhere else.
    pub(crate) fn write_json_to(&self, out: &mut impl io::Write) -> Result<(), serde_json::Error> {
        serde_json::to_writer(out, self)
    }

    /// The member of an object.
    pub fn get(&self, key: &str) -> Option<Self> {
        self.0.as_object()?.get_value_by_str(key).map(Self)
    }

    /// The item of a list.
    pub fn item(&self, index: usize) -> Option<Self> {
        if let Some(list) = self.0.downcast_object_ref::<List>() {
            return list.get(index).cloned().map(Self);
        }
        let object = self.0.as_object().filter(|o| is_list(o.repr()))?;
        object.try_iter()?.nth(index).map(Self)
    }

    /// The value at a JSON Pointer (RFC 6901); the empty pointer is the value itself.
    pub fn pointer(&self, pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(self.clone());
        }
        let mut at = self.clone();
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            at = match at.kind() {
                Kind::List if token == "0" || !token.starts_with(['0', '+']) => at.item(token.parse().ok()?)?,
                Kind::Object => at.get(&token)?,
                _ => return None,
            };
        }
        Some(at)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if self.0.kind() == ValueKind::String { self.0.as_str() } else { None }
    }

    /// The number, where it is a whole one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        if self.0.is_number() { self.0.as_i64() } else { None }
    }

    /// The number, where it is a whole one, not negative, that fits.
    pub fn as_u64(&self) -> Option<u64> {
        if self.0.is_number() { u64::try_from(self.0.clone()).ok() } else { None }
    }

    /// The number; whole numbers beyond 2^53 lose digits.
    pub fn as_f64(&self) -> Option<f64> {
        if self.0.is_number() { f64::try_from(self.0.clone()).ok() } else { None }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if self.0.kind() == ValueKind::Bool { Some(self.0.is_true()) } else { None }
    }

    /// Whether it is `null` or nothing at all.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        match self.0.kind() {
            ValueKind::Bool => Kind::Bool,
            ValueKind::Number => Kind::Number,
            ValueKind::String | ValueKind::Bytes => Kind::Text,
            ValueKind::Seq | ValueKind::Iterable => Kind::List,
            ValueKind::Map => Kind::Object,
            _ => Kind::Null,
        }
    }

    /// How many items a list or entries an object has.
    pub fn len(&self) -> Option<usize> {
        match self.kind() {
            Kind::List | Kind::Object => self.0.len(),
            _ => None,
        }
    }

    /// Whether it is a list or an object without content.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The items of a list.
    pub fn items(&self) -> Option<Vec<Self>> {
        if let Some(list) = self.0.downcast_object_ref::<List>() {
            return Some(list.iter().cloned().map(Self).collect());
        }
        let object = self.0.as_object().filter(|o| is_list(o.repr()))?;
        Some(object.try_iter()?.map(Self).collect())
    }

    /// The entries of an object, in their order.
    pub fn entries(&self) -> Option<Vec<(String, Self)>> {
        let object = self.0.as_object().filter(|o| o.repr() == ObjectRepr::Map)?;
        Some(object.try_iter_pairs()?.map(|(key, value)| (key_text(&key), Self(value))).collect())
    }

    /// Whether a condition takes it as true: all but null, `false`, 0, empty text, an empty list or object.
    pub fn truthy(&self) -> bool {
        self.0.is_true()
    }
}

const fn is_list(repr: ObjectRepr) -> bool {
    matches!(repr, ObjectRepr::Seq | ObjectRepr::Iterable)
}

/// The text of an object's key; templates may make objects with other keys than strings.
pub(crate) fn key_text(key: &Value) -> String {
    match (key.kind(), key.as_str()) {
        (ValueKind::String, Some(text)) => text.to_owned(),
        _ => {
            let mut out = Vec::new();
            Data(key.clone()).write_json(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::null()
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_json().text())
    }
}

macro_rules! from {
    ($($type:ty),*) => {
        $(impl From<$type> for Data {
            fn from(value: $type) -> Self {
                Self(Value::from(value))
            }
        })*
    };
}

from!(&str, String, bool, i64, u64, i32, u32, u16, usize, f64);

impl From<&serde_json::Value> for Data {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value as J;
        match value {
            J::Null => Self::null(),
            J::Bool(b) => Self::from(*b),
            J::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(n), _) => Self::from(n),
                (None, Some(n)) => Self::from(n),
                (None, None) => Self::from(n.as_f64().unwrap_or_default()),
            },
            J::String(s) => Self::from(s.as_str()),
            J::Array(items) => Self::list(items.iter().map(Self::from).collect()),
            J::Object(map) => Self::object(map.iter().map(|(key, value)| (key.as_str(), Self::from(value)))),
        }
    }
}

impl PartialEq for Data {
    /// Deep and typed: `1` and `1.0` are the same number, `1` and `true` or `"1"` are not the same; the order of an
    /// object's keys does not matter; nothing at all equals `null`.
    fn eq(&self, other: &Self) -> bool {
        same(self, other, WRITE_DEPTH)
    }
}

fn same(a: &Data, b: &Data, depth: usize) -> bool {
    let kind = a.kind();
    if kind != b.kind() {
        return false;
    }
    match kind {
        Kind::Null => true,
        Kind::Bool | Kind::Number => a.0 == b.0,
        Kind::Text => a.0.as_str() == b.0.as_str(),
        Kind::List if depth > 0 => {
            a.len() == b.len()
                && a.items()
                    .into_iter()
                    .flatten()
                    .zip(b.items().into_iter().flatten())
                    .all(|(a, b)| same(&a, &b, depth - 1))
        }
        Kind::Object if depth > 0 => {
            a.len() == b.len()
                && a.entries()
                    .into_iter()
                    .flatten()
                    .all(|(key, value)| b.get(&key).is_some_and(|other| same(&value, &other, depth - 1)))
        }
        Kind::List | Kind::Object => false,
    }
}

#[cfg(test)]
mod tests;
