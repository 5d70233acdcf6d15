//! `weir:action/payload`: parts of the input by JSON Pointer. It reads the input's text and never builds a tree of it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::pointer::{find, keys, size};
use crate::bindings::weir::action::payload::{Host, ScalarValue, ValueKind};
use crate::state::State;

impl Host for State {
    async fn kind_of(&mut self, pointer: String) -> Option<ValueKind> {
        self.scan().await;
        find(self.document()?, &pointer).map(|raw| kind(raw.get()))
    }

    async fn scalar(&mut self, pointer: String) -> Option<ScalarValue> {
        self.scan().await;
        let text = find(self.document()?, &pointer)?.get();
        match kind(text) {
            ValueKind::Null => Some(ScalarValue::Null),
            ValueKind::Boolean => Some(ScalarValue::Boolean(text.starts_with('t'))),
            ValueKind::Text => serde_json::from_str(text).ok().map(ScalarValue::Text),
            ValueKind::Number => match text.parse::<i64>() {
                Ok(whole) => Some(ScalarValue::Integer(whole)),
                Err(_) => text.parse::<f64>().ok().map(ScalarValue::Float),
            },
            ValueKind::Array | ValueKind::Object => None,
        }
    }

    async fn len(&mut self, pointer: String) -> Option<u32> {
        self.scan().await;
        let raw = find(self.document()?, &pointer)?;
        let size = match kind(raw.get()) {
            ValueKind::Text => serde_json::from_str::<Cow<'_, str>>(raw.get()).ok()?.len(),
            ValueKind::Array | ValueKind::Object => size(raw)?,
            _ => return None,
        };
        u32::try_from(size).ok()
    }

    async fn keys(&mut self, pointer: String) -> Vec<String> {
        self.scan().await;
        self.document().and_then(|document| keys(find(document, &pointer)?)).unwrap_or_default()
    }

    async fn slice(&mut self, pointer: String) -> Option<String> {
        self.scan().await;
        find(self.document()?, &pointer).map(|raw| raw.get().to_owned())
    }

    async fn raw(&mut self) -> Vec<u8> {
        self.scan().await;
        self.input.as_deref().unwrap_or_default().as_bytes().to_vec()
    }
}

impl State {
    async fn scan(&mut self) {
        let size = self.input.as_ref().map_or(0, |input| input.len());
        self.called(size).await;
    }

    fn document(&self) -> Option<&RawValue> {
        serde_json::from_str(self.input.as_deref()?).ok()
    }
}

fn kind(text: &str) -> ValueKind {
    match text.bytes().next() {
        Some(b'{') => ValueKind::Object,
        Some(b'[') => ValueKind::Array,
        Some(b'"') => ValueKind::Text,
        Some(b't' | b'f') => ValueKind::Boolean,
        Some(b'n') | None => ValueKind::Null,
        Some(_) => ValueKind::Number,
    }
}
