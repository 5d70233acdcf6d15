//! How operators read their operands: as text, number, moment, list. Reading never fails; what cannot be read is none.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use minijinja::Value;
use weir_model::Timestamp;

use crate::data::{Data, Kind};

/// One side of a comparison.
#[derive(Debug, Default)]
pub(super) struct Operand {
    pub(super) data: Data,
    /// Whether the name asked for is not there at all.
    pub(super) absent: bool,
}

/// The value as text: nothing for null, JSON for lists and objects.
pub(super) fn text(operand: &Operand) -> Cow<'_, str> {
    let data = &operand.data;
    match (data.as_str(), data.kind()) {
        (Some(text), _) => Cow::Borrowed(text),
        (None, Kind::Null) => Cow::Borrowed(""),
        (None, _) => Cow::Owned(data.to_json().text().to_owned()),
    }
}

/// A number, compared exactly whatever its form.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(Value);

/// The value as a number: a number, or text that is one.
pub(super) fn number(operand: &Operand) -> Option<Number> {
    to_number(&operand.data).map(Number)
}

/// A number, or text that is one.
pub(crate) fn to_number(data: &Data) -> Option<Value> {
    match data.kind() {
        Kind::Number => Some(data.0.clone()),
        Kind::Text => {
            let text = data.as_str()?.trim();
            if let Ok(whole) = text.parse::<i64>() {
                return Some(Value::from(whole));
            }
            let plain = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
            text.parse::<f64>().ok().filter(|n| plain && n.is_finite()).map(Value::from)
        }
        _ => None,
    }
}

/// The value as a truth value: a bool, or the text `true` or `false`.
pub(super) fn truth(operand: &Operand) -> Option<bool> {
    operand.data.as_bool().or_else(|| match operand.data.as_str()? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    })
}

/// The value as a moment.
pub(super) fn date(operand: &Operand) -> Option<i64> {
    moment(&operand.data)
}

/// A moment in milliseconds: RFC 3339, RFC 2822, a date or a date and time (in UTC), or milliseconds since 1970 as a
/// number.
pub(crate) fn moment(data: &Data) -> Option<i64> {
    if let Some(millis) = data.as_i64() {
        return Some(millis);
    }
    let text = data.as_str()?.trim();
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    if let Ok(at) = Timestamp::parse(text) {
        return Some(at.as_millis());
    }
    let in_utc = |at: DateTime| Offset::UTC.to_timestamp(at).ok().map(jiff::Timestamp::as_millisecond);
    if text.len() <= 10
        && let Ok(day) = text.parse::<Date>()
    {
        return in_utc(day.to_datetime(jiff::civil::Time::midnight()));
    }
    if let Ok(at) = text.parse::<DateTime>() {
        return in_utc(at);
    }
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(jiff::Timestamp::as_millisecond)
}

/// Whether there is nothing in it.
pub(super) fn is_empty(operand: &Operand) -> bool {
    match operand.data.kind() {
        Kind::Null => true,
        Kind::Text => operand.data.as_str() == Some(""),
        Kind::List | Kind::Object => operand.data.is_empty(),
        Kind::Bool | Kind::Number => false,
    }
}

/// Items of a list, entries of an object, characters of text; 0 for all else.
pub(super) fn length(operand: &Operand) -> u64 {
    let length = match operand.data.as_str() {
        Some(text) => text.chars().count(),
        None => operand.data.len().unwrap_or(0),
    };
    u64::try_from(length).unwrap_or(u64::MAX)
}

pub(super) fn length_is(left: &Operand, right: &Operand, wanted: fn(Ordering) -> bool) -> bool {
    number(right).is_some_and(|right| wanted(Number(Value::from(length(left))).cmp(&right)))
}

/// Whether a list, or text that is a JSON list, has an item; none where it is no list.
///
/// An item is the one asked for where both are equal, or both are scalars and equal as text.
pub(super) fn list_has(list: &Operand, item: &Operand) -> Option<bool> {
    let items = match list.data.as_str() {
        Some(text) if text.trim_start().starts_with('[') => Data::from_json(text.as_bytes()).ok()?.items()?,
        _ => list.data.items()?,
    };
    let scalar = |data: &Data| matches!(data.kind(), Kind::Bool | Kind::Number | Kind::Text);
    let wanted = scalar(&item.data).then(|| text(item));
    Some(items.into_iter().any(|data| {
        data == item.data
            || wanted.as_ref().is_some_and(|wanted| scalar(&data) && text(&Operand { data, absent: false }) == *wanted)
    }))
}
