//! `weir:action/payload`: parts of the input by JSON Pointer. It reads the input's text and never builds a tree of it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::pointer::{find, keys, size};
use crate::bindings::weir::action::payload::{Host, ScalarValue, ValueKind};
use crate::state::State;

impl Host for State {
    async fn kind_of(&mut self, pointer: String) -> wasmtime::Result<Option<ValueKind>> {
        self.scan(&pointer).await?;
        Ok(self.found(&pointer).map(|raw| kind(raw.get())))
    }

    async fn scalar(&mut self, pointer: String) -> wasmtime::Result<Option<ScalarValue>> {
        self.scan(&pointer).await?;
        Ok(self.found(&pointer).and_then(|raw| scalar(raw.get())))
    }

    async fn len(&mut self, pointer: String) -> wasmtime::Result<Option<u32>> {
        self.scan(&pointer).await?;
        Ok(self.found(&pointer).and_then(length))
    }

    async fn keys(&mut self, pointer: String) -> wasmtime::Result<Vec<String>> {
        self.scan(&pointer).await?;
        let keys = self.found(&pointer).and_then(keys).unwrap_or_default();
        self.hands(keys.iter().map(String::len).sum())?;
        Ok(keys)
    }

    async fn slice(&mut self, pointer: String) -> wasmtime::Result<Option<String>> {
        self.scan(&pointer).await?;
        let size = self.found(&pointer).map_or(0, |raw| raw.get().len());
        self.hands(size)?;
        Ok(self.found(&pointer).map(|raw| raw.get().to_owned()))
    }

    async fn raw(&mut self) -> wasmtime::Result<Vec<u8>> {
        let size = self.input.as_ref().map_or(0, |input| input.len());
        self.called(size).await?;
        Ok(self.input.as_deref().unwrap_or_default().as_bytes().to_vec())
    }
}

impl State {
    /// Counts a search through the input: it is read, not handed over, so that it weighs as work alone.
    async fn scan(&mut self, pointer: &str) -> wasmtime::Result<()> {
        let size = self.input.as_ref().map_or(0, |input| input.len());
        if self.meter.work(size) {
            tokio::task::yield_now().await;
        }
        self.called(pointer.len()).await
    }

    fn found(&self, pointer: &str) -> Option<&RawValue> {
        find(serde_json::from_str(self.input.as_deref()?).ok()?, pointer)
    }
}

fn scalar(text: &str) -> Option<ScalarValue> {
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

fn length(raw: &RawValue) -> Option<u32> {
    let length = match kind(raw.get()) {
        ValueKind::Text => serde_json::from_str::<Cow<'_, str>>(raw.get()).ok()?.len(),
        ValueKind::Array | ValueKind::Object => size(raw)?,
        _ => return None,
    };
    u32::try_from(length).ok()
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
