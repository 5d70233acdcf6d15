//! Reads a JSON text with the line of every value. It owns JSON's side of document; YAML is another file's.

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use weir_model::Finding;

use super::{
    Lines, MOST_DEPTH, MOST_KEY_BYTES, MOST_NODES, bad_number, duplicate_key, too_deep, too_long_key, too_many,
};

/// The value and lines of a text; none where the text is no JSON, so that it may still be YAML.
pub(super) fn read(text: &str) -> Result<Option<(Value, Lines)>, Finding> {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else { return Ok(None) };
    let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at).collect();
    let mut reader = Reader { start: text.as_ptr() as usize, breaks, nodes: 0 };
    reader.value(raw.get(), 0).map(Some)
}

struct Reader {
    start: usize,
    breaks: Vec<usize>,
    nodes: usize,
}

impl Reader {
    /// The line of a part of the text.
    fn line(&self, part: &str) -> u32 {
        let offset = (part.as_ptr() as usize).saturating_sub(self.start);
        u32::try_from(self.breaks.partition_point(|at| *at < offset)).unwrap_or(u32::MAX).saturating_add(1)
    }

    // Each level is scanned once for itself and once for every level around it; the depth is bounded, so is that.
    fn value(&mut self, text: &str, depth: usize) -> Result<(Value, Lines), Finding> {
        let line = self.line(text);
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MOST_NODES {
            return Err(too_many(line));
        }
        let nested = text.starts_with(['{', '[']);
        if nested && depth >= MOST_DEPTH {
            return Err(too_deep(line));
        }
        match text.as_bytes().first() {
            Some(b'{') => self.object(text, depth, line),
            Some(b'[') => {
                let parts: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
                let mut items = Vec::with_capacity(parts.len());
                let mut inner = Vec::with_capacity(parts.len());
                for part in parts {
                    let (item, lines) = self.value(part.get(), depth.saturating_add(1))?;
                    items.push(item);
                    inner.push(lines);
                }
                Ok((Value::Array(items), Lines { line, inner }))
            }
            _ => scalar(text, line).map(|value| (value, Lines { line, inner: Vec::new() })),
        }
    }

    fn object(&mut self, text: &str, depth: usize, line: u32) -> Result<(Value, Lines), Finding> {
        let entries = serde_json::Deserializer::from_str(text).deserialize_map(Entries).unwrap_or_default();
        let mut map = Map::with_capacity(entries.len());
        let mut inner: Vec<Lines> = Vec::with_capacity(entries.len());
        for (key, part) in entries {
            let line = self.line(part.get());
            if key.len() > MOST_KEY_BYTES {
                return Err(too_long_key(line));
            }
            let (value, lines) = self.value(part.get(), depth.saturating_add(1))?;
            if map.contains_key(&key) {
                let first = map.keys().position(|other| *other == key).and_then(|at| inner.get(at));
                return Err(duplicate_key(&key, first.map_or(line, |lines| lines.line), line));
            }
            map.insert(key, value);
            inner.push(lines);
        }
        Ok((Value::Object(map), Lines { line, inner }))
    }
}

fn scalar(text: &str, line: u32) -> Result<Value, Finding> {
    let value: Value = serde_json::from_str(text).map_err(|_| bad_number(text, line))?;
    let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if value.is_f64() && whole && text != "-0" { Err(bad_number(text, line)) } else { Ok(value) }
}

/// Collects the entries of an object in order, duplicates included.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}
