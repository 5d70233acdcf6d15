//! From CSV text to rows. It must not look at the flow: text and settings in, rows out.

use std::collections::HashMap;

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};
use weir_action::serde_json::{Map, Number};
use weir_action::{Error, Result, Value};

use crate::{Config, MAX_COLUMNS, Types};

/// The rows of `text`: objects where the columns have names, lists where they have none.
pub(crate) fn parse(config: &Config, delimiter: u8, text: &str) -> Result<Vec<Value>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(config.header)
        .flexible(true)
        .trim(if config.trim { Trim::All } else { Trim::None })
        .from_reader(text.as_bytes());
    let columns = columns(config, &mut reader)?;

    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    let mut width = columns.as_ref().map(|columns| columns.width);
    while reader.read_record(&mut record).map_err(readable)? {
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() >= config.max_rows {
            return Err(Error::invalid(format!("line {line}: there are more than {} rows", config.max_rows)));
        }
        let width = *width.get_or_insert(record.len());
        if record.len() > MAX_COLUMNS {
            return Err(Error::invalid(format!("line {line}: there are more than {MAX_COLUMNS} fields")));
        }
        if record.len() != width && !config.ragged {
            let what = if config.header || columns.is_some() { "columns have names" } else { "are in the first row" };
            return Err(Error::invalid(format!("line {line}: {} fields, but {width} {what}", record.len())));
        }
        rows.push(match &columns {
            Some(columns) => columns.object(&record, config.types),
            None => record.iter().map(|field| value(field, config.types)).collect(),
        });
    }
    Ok(rows)
}

/// Names and places of the columns that are kept.
struct Columns {
    kept: Vec<(String, usize)>,
    width: usize,
}

impl Columns {
    fn object(&self, record: &StringRecord, types: Types) -> Value {
        let fields = self.kept.iter().map(|(name, at)| {
            let field = record.get(*at).map_or(Value::Null, |field| value(field, types));
            (name.clone(), field)
        });
        Value::Object(Map::from_iter(fields))
    }
}

fn columns(config: &Config, reader: &mut Reader<&[u8]>) -> Result<Option<Columns>> {
    let wanted = config.columns.as_deref();
    if !config.header {
        return Ok(wanted.map(|names| Columns { kept: names.iter().cloned().zip(0..).collect(), width: names.len() }));
    }
    let header = reader.headers().map_err(readable)?;
    if header.len() > MAX_COLUMNS {
        return Err(Error::invalid(format!("line 1: there are more than {MAX_COLUMNS} columns")));
    }
    let mut known = HashMap::new();
    for (at, name) in header.iter().enumerate() {
        if known.insert(name, at).is_some() {
            return Err(Error::invalid(format!("line 1: two columns are named {name:?}; read with `header: false`")));
        }
    }
    let kept = match wanted {
        None => header.iter().map(ToOwned::to_owned).zip(0..).collect(),
        Some(names) => names.iter().map(|name| place(name, &known, header)).collect::<Result<_>>()?,
    };
    Ok(Some(Columns { kept, width: header.len() }))
}

fn place(name: &str, known: &HashMap<&str, usize>, header: &StringRecord) -> Result<(String, usize)> {
    match known.get(name) {
        Some(at) => Ok((name.to_owned(), *at)),
        None => {
            let some: Vec<_> = header.iter().take(20).collect();
            Err(Error::invalid(format!("line 1: there is no column {name:?}; there are {}", some.join(", "))))
        }
    }
}

/// A field as the settings want it.
fn value(field: &str, types: Types) -> Value {
    if types == Types::Text {
        return field.into();
    }
    match field {
        "" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        _ => number(field).map_or_else(|| field.into(), Value::Number),
    }
}

/// The number that `field` is, if it would be written the same way up to trailing zeros: `007`, `+1` and `1_000` are
/// names of things rather than amounts, and a number with more digits than fit must not lose them.
fn number(field: &str) -> Option<Number> {
    let digits = field.strip_prefix('-').unwrap_or(field);
    let starts_well = digits.starts_with(|first: char| first.is_ascii_digit());
    if !starts_well || (digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.")) {
        return None;
    }
    if let Ok(whole) = field.parse::<i64>() {
        return (field != "-0").then(|| whole.into());
    }
    let significant = digits.bytes().filter(u8::is_ascii_digit).count();
    if significant > 15 || digits.ends_with('.') {
        return None;
    }
    Number::from_f64(field.parse().ok()?)
}

/// The csv crate's error in words for people, with the line.
fn readable(error: csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        ErrorKind::Utf8 { .. } => Error::invalid(format!("line {line}: the text is no UTF-8")),
        _ => Error::invalid(format!("line {line}: {error}")),
    }
}
