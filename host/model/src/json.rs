//! JSON kept as text. It checks that the text is JSON and copies it through records unparsed; it never looks inside.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

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

    /// The value, parsed.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).unwrap_or_default()
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
}
