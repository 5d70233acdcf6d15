//! What a script threw, in the author's terms: its name, its message, and a stack with the script's own lines. It must
//! not fail itself, whatever was thrown.

use std::arch::wasm32::memory_size;

use rquickjs::{Coerced, Ctx, Object, Value};
use serde::Serialize;

use crate::script::{FILE, column};

/// The longest message or stack that is kept, in bytes.
const MAX_BYTES: usize = 8 << 10;

/// As much memory as no script has by chance when it throws null, in pages of 64 KiB.
const MANY_PAGES: usize = 256;

/// The detail of a failed step.
#[derive(Serialize)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) stack: String,
}

impl Fault {
    /// One that the script did not throw itself.
    pub(crate) fn new(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: message.into(), stack: String::new() }
    }

    /// The exception that ended the last call.
    pub(crate) fn caught(ctx: &Ctx<'_>, source: &str) -> Self {
        Self::thrown(ctx, source, &ctx.catch())
    }

    /// Any thrown value: authors throw strings and plain objects too.
    pub(crate) fn thrown<'js>(ctx: &Ctx<'js>, source: &str, value: &Value<'js>) -> Self {
        let Some(object) = value.as_object() else {
            if value.is_null() && memory_size::<0>() >= MANY_PAGES {
                // QuickJS throws null where there is no memory for an error either.
                return Self::new("InternalError", "out of memory");
            }
            return Self::new("Error", cut(text(ctx, value).unwrap_or_else(|| value.type_name().to_owned())));
        };
        let name = member(ctx, object, "name").unwrap_or_else(|| "Error".to_owned());
        let message =
            member(ctx, object, "message").or_else(|| json(ctx, value)).unwrap_or_else(|| "object".to_owned());
        let stack = member(ctx, object, "stack").unwrap_or_default();
        Self { name: cut(name), message: cut(message), stack: cut(own_lines(source, &stack)) }
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A member's text, if it has one.
fn member(ctx: &Ctx<'_>, object: &Object<'_>, name: &str) -> Option<String> {
    match object.get::<_, Value<'_>>(name) {
        Ok(value) if value.is_undefined() || value.is_null() => None,
        Ok(value) => text(ctx, &value),
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

fn text(ctx: &Ctx<'_>, value: &Value<'_>) -> Option<String> {
    match value.get::<Coerced<String>>() {
        Ok(text) => Some(text.0),
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

fn json<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Option<String> {
    match ctx.json_stringify(value.clone()) {
        Ok(json) => json?.to_string().ok(),
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

/// The lines of a stack that lie in the script, with its own columns; what QuickJS and the prelude did goes.
fn own_lines(source: &str, stack: &str) -> String {
    let mut own = String::new();
    for line in stack.lines() {
        let Some((before, rest)) = line.rsplit_once(&format!("{FILE}:")) else { continue };
        let digits = rest.trim_end_matches(')');
        let Some((line, at)) = digits.split_once(':') else { continue };
        let (Ok(line), Ok(at)) = (line.parse(), at.parse()) else { continue };
        let end = rest.get(digits.len()..).unwrap_or_default();
        if !own.is_empty() {
            own.push('\n');
        }
        own.push_str(&format!("{before}{FILE}:{line}:{}{end}", column(source, line, at)));
    }
    own
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_BYTES {
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        text.push('…');
    }
    text
}
