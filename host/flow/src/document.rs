//! The text of a definition as a JSON value that knows the line of every node. It reads YAML 1.2 and JSON and keeps to
//! limits; it does not know what a flow is.

mod json;
mod yaml;

use serde_json::Value;
use weir_model::{Code, Finding, Severity};

/// Bytes of a definition, at most.
pub const MOST_BYTES: usize = 1 << 20;
/// Values within values, at most.
const MOST_DEPTH: usize = 64;
/// Values in a definition, at most.
pub const MOST_NODES: usize = 50_000;
/// Bytes of a key, at most.
const MOST_KEY_BYTES: usize = 1_024;

/// A text, read.
#[derive(Clone, Debug)]
pub struct Document {
    value: Value,
    lines: Lines,
}

/// The lines of a value and of what is in it, in order. A key's value has the line of its key.
#[derive(Clone, Debug, Default)]
struct Lines {
    line: u32,
    inner: Vec<Lines>,
}

impl Document {
    /// Reads YAML 1.2 (JSON is part of it). Only what JSON can hold is taken: no anchors, aliases or tags, no second
    /// document, no duplicate keys. Keys are text as written, so `on`, `yes` and `true` are just that.
    ///
    /// # Errors
    /// The first thing wrong with the text, with its line.
    pub fn parse(text: &str) -> Result<Self, Finding> {
        if text.len() > MOST_BYTES {
            return Err(finding(
                "WEIR-FLOW-TOO-LARGE",
                None,
                format!(
                    "the definition has {} bytes, at most {MOST_BYTES} are allowed: move large constants out of it, or split \
                     the flow and `call` its parts",
                    text.len()
                ),
            ));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(at) = text.find(is_control) {
            return Err(finding(
                "WEIR-FLOW-SYNTAX",
                Some(line_of(text, at)),
                "a control character stands in the text: remove it, or write it as an escape such as \"\\u0007\" in a quoted \
                 string"
                    .to_owned(),
            ));
        }
        // JSON goes its own way: YAML's escapes know no surrogate pairs and some of its indentation rules reach into it.
        let json = if text.trim_start().starts_with('{') { json::read(text)? } else { None };
        let (value, lines) = json.map_or_else(|| yaml::read(text), Ok)?;
        Ok(Self { value, lines })
    }

    /// The value.
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The line, from 1, of what a JSON Pointer names, or of the nearest thing around it where that does not exist; none
    /// where the pointer is none.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        let mut value = &self.value;
        let mut at = &self.lines;
        if pointer.is_empty() {
            return Some(at.line);
        }
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            let found = match value {
                Value::Object(map) => map.iter().zip(&at.inner).find(|((key, _), _)| **key == token),
                Value::Array(items) => {
                    let index = token.parse::<usize>().ok();
                    let found = index.and_then(|index| Some((items.get(index)?, at.inner.get(index)?)));
                    found.map(|(value, lines)| ((&token, value), lines))
                }
                _ => None,
            };
            let Some(((_, inner), lines)) = found else { break };
            value = inner;
            at = lines;
        }
        Some(at.line)
    }
}

/// Characters that YAML 1.2 §5.1 leaves out of a text; the scanner takes NUL for its end.
fn is_control(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn line_of(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().iter().take(offset);
    u32::try_from(before.filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

fn finding(code: &'static str, line: Option<u32>, message: String) -> Finding {
    Finding { code: Code::new(code), severity: Severity::Error, path: String::new(), line, step: None, message }
}

fn too_deep(line: u32) -> Finding {
    finding(
        "WEIR-FLOW-TOO-DEEP",
        Some(line),
        format!("more than {MOST_DEPTH} values stand within one another here: flatten the definition"),
    )
}

fn too_many(line: u32) -> Finding {
    finding(
        "WEIR-FLOW-TOO-LARGE",
        Some(line),
        format!("the definition has more than {MOST_NODES} values: move large constants out of it"),
    )
}

fn too_long_key(line: u32) -> Finding {
    finding(
        "WEIR-FLOW-TOO-LARGE",
        Some(line),
        format!("a key is longer than {MOST_KEY_BYTES} bytes: shorten it, or check the quotes and colons of this line"),
    )
}

fn duplicate_key(key: &str, first: u32, line: u32) -> Finding {
    finding(
        "WEIR-FLOW-DUPLICATE-KEY",
        Some(line),
        format!("the key {key:?} stands here and on line {first} already: keep one of them"),
    )
}

fn bad_number(text: &str, line: u32) -> Finding {
    let shown: String = text.chars().take(40).collect();
    finding(
        "WEIR-FLOW-NUMBER",
        Some(line),
        format!("{shown} is a number that JSON or weir cannot hold exactly: put it in quotes to make it text"),
    )
}

#[cfg(test)]
mod tests;
