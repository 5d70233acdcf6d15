//! The one template environment of the process, and how it prints values. It loads nothing: no files, no includes.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::filters;
use crate::data::Data;

/// What one leaf may use: an instruction costs one, and so do 64 bytes made.
const FUEL: u64 = 50_000;

/// How deep loops and blocks may nest.
const RECURSION: usize = 100;

/// The name of templates whose output is HTML.
pub(crate) const HTML_NAME: &str = "html";

thread_local! {
    /// Whether the rendering that runs on this thread printed a name that is not there.
    static MISSING: Cell<bool> = const { Cell::new(false) };
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    // A namespace would let a loop nest values deeper and deeper; `debug` shows the engine's insides.
    environment.remove_global("namespace");
    environment.remove_global("debug");
    environment.remove_filter("pprint");
    // An author's text is theirs: a newline at its end stays.
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(|name| if name == HTML_NAME { AutoEscape::Html } else { AutoEscape::None });
    environment.set_formatter(|out, state, value| {
        if value.is_undefined() {
            MISSING.set(true);
        }
        print(out, value, *state.auto_escape() == AutoEscape::Html)
    });
    filters::add(&mut environment);
    environment
});

/// The environment.
pub(crate) fn environment() -> &'static Environment<'static> {
    &ENVIRONMENT
}

/// Runs something and says whether it printed a name that is not there.
pub(crate) fn watch<T>(run: impl FnOnce() -> T) -> (T, bool) {
    MISSING.set(false);
    let result = run();
    (result, MISSING.take())
}

/// Prints a value into text: nothing for null, JSON for lists and objects.
pub(crate) fn print(out: &mut impl Write, value: &Value, html: bool) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(()),
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "true" } else { "false" })?),
        ValueKind::Number if value.is_integer() => Ok(write!(out, "{value}")?),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            Ok(if html && !value.is_safe() { escape(out, text) } else { out.write_str(text) }?)
        }
        ValueKind::Bytes => {
            let text = String::from_utf8_lossy(value.as_bytes().unwrap_or_default());
            Ok(if html { escape(out, &text) } else { out.write_str(&text) }?)
        }
        ValueKind::Number | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            let mut json = Capped { bytes: Vec::new() };
            if Data(value.clone()).write_json_to(&mut json).is_err() {
                return Err(Error::from(ErrorKind::OutOfFuel));
            }
            let text = String::from_utf8_lossy(&json.bytes);
            Ok(if html { escape(out, &text) } else { out.write_str(&text) }?)
        }
        ValueKind::Plain => {
            Err(Error::new(ErrorKind::InvalidOperation, "a function cannot be printed; call it with ()"))
        }
        _ => Err(value.try_iter().err().unwrap_or_else(|| Error::from(ErrorKind::InvalidOperation))),
    }
}

/// Writes text with what means something in HTML escaped.
pub(crate) fn escape(out: &mut impl Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (plain, tail) = rest.split_at(at);
        out.write_str(plain)?;
        let mut chars = tail.chars();
        out.write_str(match chars.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&quot;",
            _ => "&#39;",
        })?;
        rest = chars.as_str();
    }
    out.write_str(rest)
}

/// Memory for JSON text that ends where a leaf's size ends: one list may hold the same value a million times.
struct Capped {
    bytes: Vec<u8>,
}

impl std::io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > super::settle::MAX_LEAF_BYTES {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
