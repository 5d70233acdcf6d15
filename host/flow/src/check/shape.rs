//! Reads parts of a document and reports where their shape is wrong, going on with what is right. It knows types and
//! keys, not what a flow means.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};
use weir_model::{Code, Finding, Findings, Severity};

use super::near::{self, instead};
use crate::document::Document;

/// Collects findings about one document.
pub(super) struct Report<'d> {
    pub(super) document: &'d Document,
    pub(super) findings: Findings,
}

/// An object of the document and where it stands.
#[derive(Clone)]
pub(super) struct Part<'v> {
    pub(super) map: &'v Map<String, Value>,
    pub(super) path: String,
    pub(super) step: Option<String>,
}

impl Part<'_> {
    /// The path of a key.
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}/{}", self.path, escaped(key))
    }
}

/// A key as part of a JSON Pointer (RFC 6901 §3).
pub fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What a value is, for messages.
pub(crate) fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<'d> Report<'d> {
    pub(super) fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        path: String,
        step: Option<&str>,
        message: String,
    ) {
        let (line, message) = (self.document.line(&path), near::message(message));
        let step = step.map(near::step);
        self.findings.push(Finding { code: Code::new(code), severity, path, line, step, message });
    }

    pub(super) fn error(&mut self, code: &'static str, part: &Part<'_>, key: &str, message: String) {
        let path = if key.is_empty() { part.path.clone() } else { part.at(key) };
        self.add(Severity::Error, code, path, part.step.as_deref(), message);
    }

    pub(super) fn warn(&mut self, code: &'static str, part: &Part<'_>, key: &str, message: String) {
        self.add(Severity::Warning, code, part.at(key), part.step.as_deref(), message);
    }

    fn wrong_type(&mut self, part: &Part<'_>, key: &str, value: &Value, wanted: &str) {
        let quote = if wanted == "text" && !matches!(value, Value::Array(_) | Value::Object(_) | Value::Null) {
            ": put it in quotes"
        } else {
            ""
        };
        self.error("WEIR-FLOW-TYPE", part, key, format!("`{key}` is {}, it must be {wanted}{quote}", what(value)));
    }

    /// Reports every key that is none of `known`.
    pub(super) fn known(&mut self, part: &Part<'_>, known: &[&str]) {
        for key in part.map.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("the key `{key}` means nothing here: {}", instead(key, known.iter().copied()));
            self.error("WEIR-FLOW-UNKNOWN-KEY", part, key, message);
        }
    }

    /// A key's value; an empty one counts as left out.
    pub(super) fn given<'v>(part: &Part<'v>, key: &str) -> Option<&'v Value> {
        part.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn missing(&mut self, part: &Part<'_>, key: &str, hint: &str) {
        self.error("WEIR-FLOW-MISSING-KEY", part, "", format!("`{key}` is missing here: {hint}"));
    }

    pub(super) fn text<'v>(&mut self, part: &Part<'v>, key: &str) -> Option<&'v str> {
        let value = Self::given(part, key)?;
        if value.as_str().is_none() {
            self.wrong_type(part, key, value, "text");
        }
        value.as_str()
    }

    pub(super) fn number(&mut self, part: &Part<'_>, key: &str) -> Option<u64> {
        let value = Self::given(part, key)?;
        if value.as_u64().is_none() {
            self.wrong_type(part, key, value, "a whole number from 0");
        }
        value.as_u64()
    }

    pub(super) fn flag(&mut self, part: &Part<'_>, key: &str) -> Option<bool> {
        let value = Self::given(part, key)?;
        if value.as_bool().is_none() {
            self.wrong_type(part, key, value, "true or false");
        }
        value.as_bool()
    }

    pub(super) fn object<'v>(&mut self, part: &Part<'v>, key: &str) -> Option<Part<'v>> {
        let value = Self::given(part, key)?;
        let Some(map) = value.as_object() else {
            self.wrong_type(part, key, value, "an object");
            return None;
        };
        Some(Part { map, path: part.at(key), step: part.step.clone() })
    }

    pub(super) fn list<'v>(&mut self, part: &Part<'v>, key: &str) -> Option<&'v [Value]> {
        let value = Self::given(part, key)?;
        if value.as_array().is_none() {
            self.wrong_type(part, key, value, "a list");
        }
        value.as_array().map(Vec::as_slice)
    }

    /// The texts of a list, with their places; others are reported and left out.
    pub(super) fn texts<'v>(&mut self, part: &Part<'v>, key: &str) -> Option<Vec<(usize, &'v str)>> {
        let items = self.list(part, key)?;
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item.as_str() {
                Some(text) => texts.push((index, text)),
                None => {
                    let message = format!("an entry of `{key}` is {}, it must be text", what(item));
                    self.item(part, key, index, "WEIR-FLOW-TYPE", message);
                }
            }
        }
        Some(texts)
    }

    /// Reports something about an entry of a list.
    pub(super) fn item(&mut self, part: &Part<'_>, key: &str, index: usize, code: &'static str, message: String) {
        let path = format!("{}/{index}", part.at(key));
        self.add(Severity::Error, code, path, part.step.as_deref(), message);
    }

    /// A text that has a form of its own; the form's error says what is wrong.
    pub(super) fn parsed<T>(&mut self, part: &Part<'_>, key: &str, code: &'static str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(part, key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.error(code, part, key, error.to_string());
                None
            }
        }
    }
}
