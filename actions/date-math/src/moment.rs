//! Moments: reading, shifting, rounding, measuring, writing. It does not know settings.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, ToSpan as _, ZonedDateTime, fmt};
use weir_action::serde_json::{Value, json};

use crate::Object;

/// A unit to go back to the start of. Weeks begin on Monday (ISO 8601).
#[weir_action::data]
#[derive(Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// A time zone by its IANA name, or a fixed distance from UTC such as `+02:00`.
///
/// # Errors
/// Where there is none of that name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    if let Some(offset) = offset(name) {
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(name)
        .map_err(|_| format!("`timezone` is {name:?}; it is an IANA name such as `Europe/Rome`, or as `+02:00`"))
}

fn offset(name: &str) -> Option<Offset> {
    let (sign, rest) = match name.as_bytes().first()? {
        b'+' => (1, name.get(1..)?),
        b'-' => (-1, name.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let in_range = (0..=23).contains(&hours) && (0..=59).contains(&minutes);
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok().filter(|_| in_range)
}

/// A moment from text, seconds since 1970, or null or `now`. Text that names no zone is in `zone`.
///
/// # Errors
/// Where it is none.
pub(crate) fn read(value: &Value, form: Option<&str>, zone: &TimeZone) -> Result<ZonedDateTime, String> {
    match value {
        Value::Null => Ok(Timestamp::now().to_zoned_datetime(zone.clone())),
        Value::Number(seconds) => from_seconds(seconds.as_f64().unwrap_or(f64::NAN), zone),
        Value::String(text) if text.trim() == "now" => Ok(Timestamp::now().to_zoned_datetime(zone.clone())),
        Value::String(text) => match form {
            Some(form) => by_form(text.trim(), form, zone),
            None => by_standard(text.trim(), zone),
        },
        _ => Err("a moment is text, a number of seconds, or null for now".to_owned()),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the range is looked at before")]
fn from_seconds(seconds: f64, zone: &TimeZone) -> Result<ZonedDateTime, String> {
    // Beyond the year 9999 there is nothing to tell.
    if !(-62_135_596_800.0..253_402_300_800.0).contains(&seconds) {
        return Err(format!(
            "{seconds} seconds since 1970 are outside the years 1 to 9999; milliseconds are not taken"
        ));
    }
    let at = Timestamp::from_microsecond((seconds * 1e6).round() as i64);
    at.map(|at| at.to_zoned_datetime(zone.clone())).map_err(|error| error.to_string())
}

fn by_standard(text: &str, zone: &TimeZone) -> Result<ZonedDateTime, String> {
    if let Ok(at) = text.parse::<ZonedDateTime>() {
        return Ok(at.with_time_zone(zone.clone()));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.to_zoned_datetime(zone.clone()));
    }
    if let Ok(at) = fmt::rfc2822::parse(text) {
        return Ok(at.with_time_zone(zone.clone()));
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    let civil = civil.map_err(|_| {
        format!("{text:?} is neither RFC 3339 (2026-01-31T12:00:00Z), ISO 8601 nor RFC 2822; `parse` takes other forms")
    })?;
    civil.to_zoned_datetime(zone.clone()).map_err(|error| error.to_string())
}

fn by_form(text: &str, form: &str, zone: &TimeZone) -> Result<ZonedDateTime, String> {
    let read = fmt::strtime::parse(form, text).map_err(|error| format!("{text:?} is not {form:?}: {error}"))?;
    if let Ok(at) = read.to_zoned_datetime() {
        return Ok(at.with_time_zone(zone.clone()));
    }
    if let Ok(at) = read.to_timestamp() {
        return Ok(at.to_zoned_datetime(zone.clone()));
    }
    let civil = read.to_datetime().or_else(|_| read.to_date().map(DateTime::from));
    let civil = civil.map_err(|error| format!("{form:?} gives no date: {error}"))?;
    civil.to_zoned_datetime(zone.clone()).map_err(|error| error.to_string())
}

/// A span of time as people write it.
///
/// # Errors
/// Where it is none.
pub(crate) fn span(text: &str) -> Result<Span, String> {
    text.parse().map_err(|error| format!("{text:?} is no span such as `P1DT2H` or `1 day 2 hours`: {error}"))
}

/// Adds or takes off a span, by the calendar of the moment's zone.
///
/// # Errors
/// Where the span is none, or leads outside the calendar.
pub(crate) fn shift(at: &ZonedDateTime, text: &str, forward: bool) -> Result<ZonedDateTime, String> {
    let span = span(text)?;
    let shifted = if forward { at.checked_add(span) } else { at.checked_sub(span) };
    shifted.map_err(|error| error.to_string())
}

/// The start of the unit that the moment is in.
///
/// # Errors
/// Where the calendar has none.
pub(crate) fn start_of(at: &ZonedDateTime, unit: Unit) -> Result<ZonedDateTime, String> {
    let time = at.time();
    let day = match unit {
        Unit::Second => return whole(at, i64::from(time.subsec_nanosecond())),
        Unit::Minute => {
            return whole(at, i64::from(time.second()) * 1_000_000_000 + i64::from(time.subsec_nanosecond()));
        }
        Unit::Hour => {
            let seconds = i64::from(time.minute()) * 60 + i64::from(time.second());
            return whole(at, seconds * 1_000_000_000 + i64::from(time.subsec_nanosecond()));
        }
        Unit::Day => at.clone(),
        Unit::Week => {
            let days = i64::from(at.weekday().to_monday_zero_offset());
            at.checked_sub(days.days()).map_err(|error| error.to_string())?
        }
        Unit::Month => at.first_of_month().map_err(|error| error.to_string())?,
        Unit::Year => at.first_of_year().map_err(|error| error.to_string())?,
    };
    day.start_of_day().map_err(|error| error.to_string())
}

fn whole(at: &ZonedDateTime, nanoseconds: i64) -> Result<ZonedDateTime, String> {
    at.checked_sub(nanoseconds.nanoseconds()).map_err(|error| error.to_string())
}

/// What a moment is, in the forms that flows use.
pub(crate) fn parts(at: &ZonedDateTime) -> Object {
    let week = at.iso_week_date();
    let members = [
        ("iso", json!(at.timestamp().display_with_offset(at.offset()).to_string())),
        ("utc", json!(at.timestamp().to_string())),
        ("unix", json!(at.timestamp().as_second())),
        ("unix_ms", json!(at.timestamp().as_millisecond())),
        ("date", json!(at.date().to_string())),
        ("time", json!(at.strftime("%H:%M:%S").to_string())),
        ("year", json!(at.year())),
        ("month", json!(at.month())),
        ("day", json!(at.day())),
        ("hour", json!(at.hour())),
        ("minute", json!(at.minute())),
        ("second", json!(at.second())),
        ("weekday", json!(at.weekday().to_monday_one_offset())),
        ("week", json!(week.week())),
        ("week_year", json!(week.year())),
        ("day_of_year", json!(at.day_of_year())),
        ("timezone", json!(at.strftime("%Q").to_string())),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// How far it is from one moment to the other, in whole units; negative where the other is earlier.
///
/// # Errors
/// Where the calendar cannot tell.
pub(crate) fn distance(from: &ZonedDateTime, to: &ZonedDateTime) -> Result<Object, String> {
    let seconds = to.timestamp().as_second() - from.timestamp().as_second();
    let whole = |unit: jiff::Unit| from.until((unit, to)).map_err(|error| error.to_string());
    let members = [
        ("seconds", json!(seconds)),
        ("minutes", json!(seconds / 60)),
        ("hours", json!(seconds / 3_600)),
        ("days", json!(whole(jiff::Unit::Day)?.get_days())),
        ("weeks", json!(whole(jiff::Unit::Week)?.get_weeks())),
        ("months", json!(whole(jiff::Unit::Month)?.get_months())),
        ("years", json!(whole(jiff::Unit::Year)?.get_years())),
    ];
    Ok(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The moment as text in a form of its own.
///
/// # Errors
/// Where the form is none.
pub(crate) fn write(at: &ZonedDateTime, form: &str) -> Result<String, String> {
    fmt::strtime::format(form, at).map_err(|error| format!("`format` {form:?}: {error}"))
}
