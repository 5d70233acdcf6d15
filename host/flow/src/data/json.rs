//! `Data` as JSON, written and read through serde. It copies values as they are and bounds how deep they nest.

use std::fmt;

use minijinja::Value;
use minijinja::value::ValueKind;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Serialize, Serializer};

use super::{Data, List, MAX_DEPTH, Map, WRITE_DEPTH, key_text};

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Writer { value: &self.0, depth: WRITE_DEPTH }.serialize(serializer)
    }
}

/// Writes a value; what is deeper than any value may be becomes `null` rather than a full stack.
struct Writer<'a> {
    value: &'a Value,
    depth: usize,
}

impl Writer<'_> {
    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.value.is_integer() {
            if let Some(n) = self.value.as_i64() {
                return serializer.serialize_i64(n);
            }
            if let Ok(n) = u64::try_from(self.value.clone()) {
                return serializer.serialize_u64(n);
            }
        }
        f64::try_from(self.value.clone())
            .map_or_else(|_| Err(serde::ser::Error::custom("no number")), |n| serializer.serialize_f64(n))
    }

    fn list<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth - 1;
        if let Some(list) = self.value.downcast_object_ref::<List>() {
            let mut out = serializer.serialize_seq(Some(list.len()))?;
            for value in list {
                out.serialize_element(&Writer { value, depth })?;
            }
            return out.end();
        }
        let mut out = serializer.serialize_seq(None)?;
        for value in self.value.as_object().and_then(|o| o.try_iter()).into_iter().flatten() {
            out.serialize_element(&Writer { value: &value, depth })?;
        }
        out.end()
    }

    fn map<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth - 1;
        let mut out = serializer.serialize_map(self.value.len())?;
        let mut entry = |key: &Value, value: &Value| match (key.kind(), key.as_str()) {
            (ValueKind::String, Some(key)) => out.serialize_entry(key, &Writer { value, depth }),
            _ => out.serialize_entry(&key_text(key), &Writer { value, depth }),
        };
        if let Some(map) = self.value.downcast_object_ref::<Map>() {
            map.iter().try_for_each(|(key, value)| entry(key, value))?;
        } else {
            let mut pairs = self.value.as_object().and_then(|o| o.try_iter_pairs()).into_iter().flatten();
            pairs.try_for_each(|(key, value)| entry(&key, &value))?;
        }
        out.end()
    }
}

impl Serialize for Writer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value.kind() {
            ValueKind::Bool => serializer.serialize_bool(self.value.is_true()),
            ValueKind::Number => self.number(serializer),
            ValueKind::String => serializer.serialize_str(self.value.as_str().unwrap_or_default()),
            ValueKind::Bytes => {
                serializer.serialize_str(&String::from_utf8_lossy(self.value.as_bytes().unwrap_or_default()))
            }
            ValueKind::Seq | ValueKind::Iterable if self.depth > 0 => self.list(serializer),
            ValueKind::Map if self.depth > 0 => self.map(serializer),
            _ => serializer.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader::top().deserialize(deserializer).map(Self)
    }
}

/// Reads a value below `depth` others.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    depth: usize,
}

impl Reader {
    pub(super) const fn top() -> Self {
        Self { depth: 0 }
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("it nests deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! visit {
    ($($name:ident: $type:ty),*) => {
        $(fn $name<E: serde::de::Error>(self, value: $type) -> Result<Value, E> {
            Ok(Value::from(value))
        })*
    };
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    visit!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str, visit_string: String);

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::from(()))
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::from(()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = List::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::from_object(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            let value = entries.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::from_object(map))
    }
}

/// Reads an object's key without a detour through `String`.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object's key")
    }

    visit!(visit_str: &str, visit_string: String);
}
