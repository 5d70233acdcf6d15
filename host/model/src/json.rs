//! JSON kept as text. It checks that the text is JSON and copies it through records unparsed; it never looks inside.

use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A JSON value as compact text: written once, then carried into the record and out of the API without being parsed.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// Keeps text that is JSON.
    ///
    /// # Errors
    /// Where it is not.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(|raw| Self(raw.into()))
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// Where the value has no JSON form, such as a map whose keys are no strings.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(|raw| Self(raw.into()))
    }

    /// The JSON `null`.
    pub fn null() -> Self {
        Self::of(&()).unwrap_or_else(|_| Self(RawValue::NULL.to_owned().into()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The value, parsed; null where it is nested deeper than 127 levels.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(self.text()).map(|Plain(value)| value).unwrap_or_default()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::null()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Box<RawValue>>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

/// A value read as it stands: serde_json's own reader takes an object whose first key is the name that it uses for raw
/// values for one of those, and such a key may come from anybody.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Plain(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Plain(value))) = map.next_entry::<String, Plain>()? {
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_passes_through_untouched() {
        let json: Json = serde_json::from_str(r#"{"n":10000000000000000000001,"s":"a\"b"}"#).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), r#"{"n":10000000000000000000001,"s":"a\"b"}"#);
        assert_eq!(Json::null().text(), "null");
        assert!(Json::parse("{".into()).is_err());
    }

    #[test]
    fn a_value_is_read_as_it_stands_whatever_its_keys_are() {
        for text in [
            r#"{"$serde_json::private::RawValue":"[1]","a":[null,true,-1,18446744073709551615,0.5,"é"]}"#,
            r#"[{"$serde_json::private::RawValue":{}}]"#,
        ] {
            assert_eq!(Json::parse(text.into()).unwrap().to_value().to_string(), text);
        }
    }
}
