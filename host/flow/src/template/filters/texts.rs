//! Filters on text. They know nothing of numbers and lists but how those print.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::{Filter, argument, filter, nothing, text, wrong};
use crate::condition::moment;
use crate::data::Data;

pub(super) const FILTERS: &[Filter] = &[
    filter("upcase", 0, 0, |v, _| Ok(text(v)?.to_uppercase().into())),
    filter("downcase", 0, 0, |v, _| Ok(text(v)?.to_lowercase().into())),
    filter("strip", 0, 0, |v, _| Ok(text(v)?.trim().into())),
    filter("lstrip", 0, 0, |v, _| Ok(text(v)?.trim_start().into())),
    filter("rstrip", 0, 0, |v, _| Ok(text(v)?.trim_end().into())),
    filter("append", 1, 1, |v, a| Ok(format!("{}{}", text(v)?, argument(a, 0)?).into())),
    filter("prepend", 1, 1, |v, a| Ok(format!("{}{}", argument(a, 0)?, text(v)?).into())),
    filter("remove", 1, 1, |v, a| Ok(text(v)?.replace(&*argument(a, 0)?, "").into())),
    filter("remove_first", 1, 1, |v, a| Ok(text(v)?.replacen(&*argument(a, 0)?, "", 1).into())),
    filter("replace_first", 2, 2, |v, a| Ok(text(v)?.replacen(&*argument(a, 0)?, &argument(a, 1)?, 1).into())),
    filter("truncate", 0, 2, truncate),
    filter("strip_newlines", 0, 0, |v, _| Ok(text(v)?.replace(['\r', '\n'], "").into())),
    filter("newline_to_br", 0, 0, newline_to_br),
    filter("strip_html", 0, 0, |v, _| Ok(strip_html(&text(v)?).into())),
    filter("url_encode", 0, 0, |v, _| {
        Ok(form_urlencoded::byte_serialize(text(v)?.as_bytes()).collect::<String>().into())
    }),
    filter("url_decode", 0, 0, |v, _| Ok(url_decode(&text(v)?).into())),
    filter("base64_encode", 0, 0, |v, _| Ok(STANDARD.encode(text(v)?.as_bytes()).into())),
    filter("base64_decode", 0, 0, base64_decode),
    filter("json", 0, 0, |v, _| json(v)),
    filter("from_json", 0, 0, |v, _| {
        Data::from_json(text(v)?.as_bytes()).map(|d| d.0).map_err(|e| wrong(e.to_string()))
    }),
    filter("date", 1, 1, date),
    filter("millis", 0, 0, |v, _| Ok(moment(&Data(v.clone())).map_or_else(|| Value::from(()), Value::from))),
    filter("default", 0, 2, default),
    filter("d", 0, 2, default),
];

/// `default(other)` for what is null or not there; with `true` as second argument for all that counts as false.
fn default(value: &Value, arguments: &[Value]) -> Result<Value, Error> {
    let loose = arguments.get(1).is_some_and(Value::is_true);
    if nothing(value) || (loose && !value.is_true()) {
        return Ok(arguments.first().cloned().unwrap_or_else(|| Value::from("")));
    }
    Ok(value.clone())
}

/// JSON text; a string comes out quoted.
fn json(value: &Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Number => Ok(text(value)?.into()),
        _ => Ok(Data(value.clone()).to_json().text().into()),
    }
}

/// `truncate(length, end)`: at most so many characters, the end (`...`) among them.
fn truncate(value: &Value, arguments: &[Value]) -> Result<Value, Error> {
    let length = match arguments.first() {
        Some(length) => length.as_usize().ok_or_else(|| wrong("`truncate` takes a whole number of characters"))?,
        None => 50,
    };
    let text = text(value)?;
    if text.chars().nth(length).is_none() {
        return Ok(text.into_owned().into());
    }
    let end = if arguments.len() > 1 { argument(arguments, 1)? } else { "...".into() };
    let keep = length.saturating_sub(end.chars().count());
    Ok(text.chars().take(keep).chain(end.chars()).collect::<String>().into())
}

/// Line ends become `<br>`; on an HTML page the text around them is escaped first.
fn newline_to_br(value: &Value, _: &[Value]) -> Result<Value, Error> {
    let mut escaped = String::new();
    if value.is_safe() {
        escaped.push_str(&text(value)?);
    } else {
        super::super::environment::escape(&mut escaped, &text(value)?)?;
    }
    Ok(Value::from_safe_string(escaped.replace("\r\n", "\n").replace('\n', "<br>\n")))
}

/// Text without its tags, comments, scripts and styles; for reading, not for safety.
fn strip_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        let end = match tag.get(..6).unwrap_or(tag).to_ascii_lowercase().as_str() {
            start if start.starts_with("!--") => "-->",
            "script" => "</script>",
            start if start.starts_with("style") => "</style>",
            _ => ">",
        };
        rest = find_ignoring_case(tag, end).and_then(|at| tag.get(at + end.len()..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn url_decode(text: &str) -> String {
    // As a name alone, so that nothing in it separates pairs.
    let name = text.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(name.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

fn base64_decode(value: &Value, _: &[Value]) -> Result<Value, Error> {
    let bytes = STANDARD.decode(text(value)?.trim()).map_err(|error| wrong(format!("this is no base64: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("what base64 holds here is no UTF-8 text"))?;
    Ok(text.into())
}

/// `date(format)` writes a moment in UTC by strftime's letters; what is no moment gives null.
fn date(value: &Value, arguments: &[Value]) -> Result<Value, Error> {
    let Some(at) = moment(&Data(value.clone())).and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) else {
        return Ok(Value::from(()));
    };
    let zoned = at.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let format = argument(arguments, 0)?;
    let text = jiff::fmt::strtime::format(&*format, &zoned);
    text.map(Value::from).map_err(|error| wrong(format!("`{format}` is no date format: {error}; use e.g. %Y-%m-%d")))
}
