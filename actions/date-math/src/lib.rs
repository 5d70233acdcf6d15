//! The standard action `date-math`: its settings and its output. Calendars and time zones are jiff's; `moment` reads and
//! shifts.

#![forbid(unsafe_code)]

mod moment;

use weir_action::serde_json::{Map, Value, json};
use weir_action::{Error, Result};

/// What happens to a moment.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The form of the input where it is not RFC 3339, ISO 8601 or seconds since 1970, such as `%d.%m.%Y %H:%M`.
    pub parse: Option<String>,
    /// The time zone of the output, and of an input that names none: an IANA name such as `Europe/Rome`, or `+02:00`.
    pub timezone: String,
    /// What is added: `P1DT2H` (ISO 8601) or `1 day 2 hours`.
    pub add: Option<String>,
    /// What is taken off, in the same forms.
    pub subtract: Option<String>,
    /// Goes back to the start of this unit, after adding.
    pub start_of: Option<moment::Unit>,
    /// Another moment, in the forms of the input: adds `until` to the output, which says how far it is away.
    pub until: Option<String>,
    /// Adds `text` to the output, in this form, such as `%A, %-d %B %Y`.
    pub format: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            parse: None,
            timezone: "UTC".to_owned(),
            add: None,
            subtract: None,
            start_of: None,
            until: None,
            format: None,
        }
    }
}

/// Reads a moment, shifts it, rounds it, and writes it.
///
/// The input is a date or time as text, seconds since 1970 as a number, or null or `now` for now.
#[weir_action::action(name = "date-math", title = "Date and time", validate = check)]
pub fn date_math(config: &Config, input: Value) -> Result<Value> {
    let zone = moment::zone(&config.timezone).map_err(Error::invalid)?;
    let read = moment::read(&input, config.parse.as_deref(), &zone);
    let mut at = read.map_err(|error| Error::invalid(format!("input: {error}")))?;
    for (span, forward) in [(&config.add, true), (&config.subtract, false)] {
        if let Some(span) = span {
            at = moment::shift(&at, span, forward).map_err(Error::invalid)?;
        }
    }
    if let Some(unit) = config.start_of {
        at = moment::start_of(&at, unit).map_err(Error::invalid)?;
    }
    let mut output = moment::parts(&at);
    if let Some(until) = &config.until {
        let until = moment::read(&json!(until), config.parse.as_deref(), &zone);
        let until = until.map_err(|error| Error::invalid(format!("`until`: {error}")))?;
        output.insert("until".to_owned(), Value::Object(moment::distance(&at, &until).map_err(Error::failed)?));
    }
    if let Some(format) = &config.format {
        output.insert("text".to_owned(), moment::write(&at, format).map_err(Error::invalid)?.into());
    }
    Ok(Value::Object(output))
}

/// What the schema cannot say of settings.
fn check(config: &Config) -> Vec<String> {
    let mut found = Vec::from_iter(moment::zone(&config.timezone).err());
    for span in [&config.add, &config.subtract].into_iter().flatten() {
        found.extend(moment::span(span).err());
    }
    let epoch: Result<_, String> = moment::zone("UTC").and_then(|zone| moment::read(&json!(0), None, &zone));
    if let (Some(format), Ok(epoch)) = (&config.format, epoch) {
        found.extend(moment::write(&epoch, format).err());
    }
    found
}

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

#[cfg(test)]
mod tests;
