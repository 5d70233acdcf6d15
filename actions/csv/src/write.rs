//! From rows to CSV text. It must not look at the flow: rows and settings in, text out.

use std::collections::HashSet;

use csv::{Terminator, Writer, WriterBuilder};
use weir_action::{Error, Result, Value};

use crate::{Config, MAX_COLUMNS, Newline, kind};

/// `rows` as CSV text: objects by column name, lists as they stand.
pub(crate) fn write(config: &Config, delimiter: u8, rows: &[Value]) -> Result<String> {
    if rows.len() > config.max_rows {
        return Err(Error::invalid(format!("input: {} rows, but at most {}", rows.len(), config.max_rows)));
    }
    let columns = match &config.columns {
        Some(columns) => columns.iter().map(String::as_str).collect(),
        None => names(rows)?,
    };
    let mut writer = WriterBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .terminator(match config.newline {
            Newline::Lf => Terminator::Any(b'\n'),
            Newline::Crlf => Terminator::CRLF,
        })
        .from_writer(Vec::new());
    if config.header && !columns.is_empty() {
        writer.write_record(&columns)?;
    }
    for (at, row) in rows.iter().enumerate() {
        write_row(&mut writer, &columns, at, row)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::failed(error.to_string()))?;
    Ok(String::from_utf8(bytes)?)
}

fn write_row(writer: &mut Writer<Vec<u8>>, columns: &[&str], at: usize, row: &Value) -> Result<()> {
    match row {
        Value::Object(object) => {
            for column in columns {
                writer.write_field(field(object.get(*column).unwrap_or(&Value::Null)))?;
            }
        }
        Value::Array(items) => {
            if !columns.is_empty() && items.len() != columns.len() {
                let (has, wanted) = (items.len(), columns.len());
                return Err(Error::invalid(format!("input at `[{at}]`: {has} fields, but there are {wanted} columns")));
            }
            for item in items {
                writer.write_field(field(item))?;
            }
        }
        other => return Err(no_row(at, other)),
    }
    writer.write_record(None::<&[u8]>)?;
    Ok(())
}

/// The names of all columns of objects, in order of appearance.
fn names(rows: &[Value]) -> Result<Vec<&str>> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    let mut lists = 0_usize;
    for (at, row) in rows.iter().enumerate() {
        match row {
            Value::Object(object) => names.extend(object.keys().map(String::as_str).filter(|name| seen.insert(*name))),
            Value::Array(_) => lists += 1,
            other => return Err(no_row(at, other)),
        }
        if names.len() > MAX_COLUMNS {
            return Err(Error::invalid(format!("input at `[{at}]`: there are more than {MAX_COLUMNS} columns")));
        }
        if lists > 0 && !names.is_empty() {
            return Err(Error::invalid(format!(
                "input at `[{at}]`: objects and lists are mixed; say which `columns` there are"
            )));
        }
    }
    Ok(names)
}

fn no_row(at: usize, value: &Value) -> Error {
    Error::invalid(format!("input at `[{at}]`: a row is an object or a list, not {}", kind(value)))
}

/// A value as a field: text as it stands, null as nothing, lists and objects as JSON.
fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
