//! JSON Pointer over JSON text: looks only at what lies on the way and builds no tree. It knows nothing of actions.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Steps that a pointer may have.
const MAX_DEPTH: usize = 128;

/// What a JSON Pointer (RFC 6901) leads to.
pub(super) fn find<'a>(document: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    if pointer.is_empty() {
        return Some(document);
    }
    let mut at = document;
    for (depth, token) in pointer.strip_prefix('/')?.split('/').enumerate() {
        if depth >= MAX_DEPTH {
            return None;
        }
        let token = token.replace("~1", "/").replace("~0", "~");
        at = Child(&token).deserialize(&mut serde_json::Deserializer::from_str(at.get())).ok()??;
    }
    Some(at)
}

/// The keys of an object.
pub(super) fn keys(object: &RawValue) -> Option<Vec<String>> {
    let map: Keys = serde_json::from_str(object.get()).ok()?;
    Some(map.0)
}

/// How many items or entries a list or an object has.
pub(super) fn size(raw: &RawValue) -> Option<usize> {
    if raw.get().starts_with('{') {
        return keys(raw).map(|keys| keys.len());
    }
    serde_json::from_str::<Vec<IgnoredAny>>(raw.get()).ok().map(|items| items.len())
}

struct Child<'t>(&'t str);

impl<'a> DeserializeSeed<'a> for Child<'_> {
    type Value = Option<&'a RawValue>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Child<'_> {
    type Value = Option<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Key<'a>>()? {
            if key.0 == self.0 {
                // Where a key comes twice, the last one counts, as everywhere in weir.
                found = Some(map.next_value::<&'a RawValue>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let plain = self.0 == "0" || (!self.0.starts_with('0') && self.0.bytes().all(|b| b.is_ascii_digit()));
        let index: usize = match self.0.parse() {
            Ok(index) if plain => index,
            _ => return Err(A::Error::custom("no index")),
        };
        for _ in 0..index {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = list.next_element::<&'a RawValue>()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// All keys of an object, each once, in order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut seen = HashSet::new();
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
                    if seen.insert(key.clone()) {
                        keys.push(key);
                    }
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_where_rfc_6901_says() {
        let text = r#"{"a":[{"b/c":"x"},[1,-2.5]],"":{"~":true},"a\u0062":null,"d":1,"d":2}"#;
        let document: &RawValue = serde_json::from_str(text).unwrap();
        let at = |pointer| find(document, pointer).map(RawValue::get);
        assert_eq!(at(""), Some(text));
        assert_eq!(at("/a/0/b~1c"), Some("\"x\""));
        assert_eq!(at("/a/1/1"), Some("-2.5"));
        assert_eq!(at("//~0"), Some("true"));
        assert_eq!(at("/ab"), Some("null"));
        assert_eq!(at("/d"), Some("2"), "the last of two");
        for missing in ["a", "/x", "/a/2", "/a/01", "/a/-", "/d/0", "/a/0/b~1c/x"] {
            assert_eq!(at(missing), None, "{missing}");
        }
        assert_eq!(keys(document).unwrap(), ["a", "", "ab", "d"]);
        assert_eq!((size(document), size(find(document, "/a").unwrap())), (Some(4), Some(2)));
    }
}
