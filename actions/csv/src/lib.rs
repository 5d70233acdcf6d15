//! The standard action `csv`: its settings, and which way to go. Reading lives in `parse`, writing in `write`.

#![forbid(unsafe_code)]

mod parse;
mod write;

use weir_action::{Error, Result, Value};

/// How CSV is read or written (RFC 4180, with a choice of delimiter).
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Read or write.
    pub op: Op,
    /// The character between two fields: one ASCII character such as `,`, `;`, `|` or a tab.
    #[serde(default = "comma")]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: String,
    /// Whether the first row names the columns. Reading: rows become objects with it, lists without it. Writing:
    /// whether such a row is written.
    #[serde(default = "yes")]
    pub header: bool,
    /// Reading: whether spaces around fields and column names go.
    #[serde(default)]
    pub trim: bool,
    /// Reading: whether fields stay text or become numbers, true, false and null where they look like it.
    #[serde(default)]
    pub types: Types,
    /// Reading: the columns to keep, in this order; all where nothing is said. Without a header row they name the
    /// columns, from the left, and rows become objects. Writing: the columns to write, in this order; all where nothing
    /// is said, in order of appearance.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// The most rows, besides the header row; more are an error.
    #[serde(default = "many")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_rows: usize,
    /// Reading: whether rows may have fewer or more fields than the first one. Missing fields are null, fields beyond
    /// the header row are dropped.
    #[serde(default)]
    pub ragged: bool,
    /// Writing: how lines end.
    #[serde(default)]
    pub newline: Newline,
}

/// Read or write.
#[weir_action::data]
#[derive(Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// CSV text into a list of rows.
    Parse,
    /// A list of rows into CSV text.
    Write,
}

/// What fields become.
#[weir_action::data]
#[derive(Copy, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Types {
    /// Text, as it stands.
    #[default]
    Text,
    /// Numbers, `true` and `false` are taken as such and empty fields are null; the rest is text. A number that would
    /// not come out as it stands, such as `007`, stays text.
    Infer,
}

/// How lines end.
#[weir_action::data]
#[derive(Copy, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Newline {
    /// A line feed.
    #[default]
    Lf,
    /// Carriage return and line feed, as RFC 4180 has it and spreadsheets like it.
    Crlf,
}

const MAX_ROWS: usize = 1_000_000;
const MAX_COLUMNS: usize = 10_000;

fn comma() -> String {
    ",".to_owned()
}

const fn yes() -> bool {
    true
}

const fn many() -> usize {
    100_000
}

/// Reads CSV text into a list of objects or lists, or writes such a list as CSV text.
///
/// To read, the input is a string. To write, it is a list of objects or of lists.
#[weir_action::action(name = "csv", title = "Read or write CSV", validate = check)]
pub fn csv_action(config: &Config, input: Value) -> Result<Value> {
    let delimiter = delimiter(config).map_err(Error::invalid)?;
    match (config.op, input) {
        (Op::Parse, Value::String(text)) => parse::parse(config, delimiter, &text).map(Value::Array),
        (Op::Parse, other) => Err(Error::invalid(format!("input: CSV to read is a string, not {}", kind(&other)))),
        (Op::Write, Value::Array(rows)) => write::write(config, delimiter, &rows).map(Value::String),
        (Op::Write, other) => Err(Error::invalid(format!("input: rows to write are a list, not {}", kind(&other)))),
    }
}

/// What the schema cannot say of settings.
fn check(config: &Config) -> Vec<String> {
    let mut found = Vec::from_iter(delimiter(config).err());
    if !(1..=MAX_ROWS).contains(&config.max_rows) {
        found.push(format!("`max_rows` is {}; it goes from 1 to {MAX_ROWS}", config.max_rows));
    }
    let columns = config.columns.as_deref().unwrap_or_default();
    if columns.len() > MAX_COLUMNS {
        found.push(format!("`columns` has {} names; at most {MAX_COLUMNS} are possible", columns.len()));
    }
    let mut sorted: Vec<&String> = columns.iter().collect();
    sorted.sort();
    for pair in sorted.windows(2) {
        if let [one, other] = pair
            && one == other
        {
            found.push(format!("`columns` names `{one}` twice"));
        }
    }
    found
}

fn delimiter(config: &Config) -> Result<u8, String> {
    match config.delimiter.as_bytes() {
        &[byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => Ok(byte),
        _ => Err(format!("`delimiter` is {:?}; it is one ASCII character, and no quote or line end", config.delimiter)),
    }
}

/// A value's kind, for messages.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
