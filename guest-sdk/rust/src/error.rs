//! The one error of an action, and what the flow does with it. It must not know how results travel to the host.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::bindings::{self, ActionError};
use crate::{http, kv};

/// What an action returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an action failed, in the three ways that a flow tells apart.
///
/// | made by | means | the flow |
/// |---|---|---|
/// | [`Error::invalid`] | the input or the settings are wrong | never tries again |
/// | [`Error::retryable`] | it may work later | tries again, as the step's `retry` says |
/// | [`Error::failed`] | the action decided that this is a failure | takes the step's `error` exit |
///
/// `?` turns every [`std::error::Error`] into one of them: a failed HTTP request or a store that does not answer is
/// retryable where waiting can help, everything else has failed.
///
/// ```
/// use weir_action::{Error, Result};
///
/// fn percent(text: &str) -> Result<u8> {
///     let number: u8 = text.trim().parse()?;
///     if number > 100 {
///         return Err(Error::invalid(format!("{number} is more than 100 percent")));
///     }
///     Ok(number)
/// }
///
/// assert_eq!(percent(" 42 ").unwrap(), 42);
/// assert_eq!(percent("many").unwrap_err().to_string(), "invalid digit found in string");
/// ```
//
// It does not implement `std::error::Error` itself: that is what lets `?` convert all that do.
#[derive(Clone, PartialEq)]
pub struct Error(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Invalid(String),
    Retryable { message: String, after: Option<Duration> },
    Failed { message: String, detail: Option<Value> },
}

impl Error {
    /// The input or the settings are wrong: trying again is of no use.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self(Kind::Invalid(message.into()))
    }

    /// It may work later. [`Error::after`] says how much later.
    pub fn retryable(message: impl Into<String>) -> Self {
        Self(Kind::Retryable { message: message.into(), after: None })
    }

    /// The action decided that this is a failure. [`Error::with`] adds facts for the flow's `error` exit.
    pub fn failed(message: impl Into<String>) -> Self {
        Self(Kind::Failed { message: message.into(), detail: None })
    }

    /// The shortest pause before the next attempt; makes the error retryable if it was not.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use weir_action::Error;
    /// let error = Error::retryable("the service is busy").after(Duration::from_secs(5));
    /// assert!(error.is_retryable());
    /// ```
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        Self(Kind::Retryable { message: self.message().to_owned(), after: Some(pause) })
    }

    /// Facts for the step's `error` exit, where a flow reads them as `error.detail`; makes the error a failure if it
    /// was not one. An object's entries are found directly below `error.detail`, any other value as
    /// `error.detail.detail`.
    ///
    /// ```
    /// # use weir_action::Error;
    /// let error = Error::failed("the card was declined").with(serde_json::json!({ "reason": "expired" }));
    /// assert_eq!(error.detail().unwrap()["reason"], "expired");
    /// ```
    #[must_use]
    pub fn with(self, detail: impl Serialize) -> Self {
        let message = self.message().to_owned();
        Self(Kind::Failed { message, detail: serde_json::to_value(detail).ok() })
    }

    /// What happened, for people.
    pub fn message(&self) -> &str {
        match &self.0 {
            Kind::Invalid(message) | Kind::Retryable { message, .. } | Kind::Failed { message, .. } => message,
        }
    }

    /// The facts that [`Error::with`] added.
    pub fn detail(&self) -> Option<&Value> {
        match &self.0 {
            Kind::Failed { detail, .. } => detail.as_ref(),
            _ => None,
        }
    }

    /// Whether the input or the settings are to blame.
    pub fn is_invalid(&self) -> bool {
        matches!(self.0, Kind::Invalid(_))
    }

    /// Whether the flow may try again.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0, Kind::Retryable { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.ends_with(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        let any: &dyn Any = &error;
        let passing = any.downcast_ref().is_some_and(http::Error::is_passing)
            || any.downcast_ref().is_some_and(kv::Error::is_passing);
        if passing { Self::retryable(message) } else { Self::failed(message) }
    }
}

impl From<Error> for ActionError {
    fn from(error: Error) -> Self {
        match error.0 {
            Kind::Invalid(message) => Self::Invalid(message),
            Kind::Retryable { message, after } => Self::Retryable(bindings::weir::action::types::Retry {
                message,
                after_ms: after.map(|pause| u32::try_from(pause.as_millis()).unwrap_or(u32::MAX)),
            }),
            Kind::Failed { message, detail } => {
                let mut object = match detail {
                    Some(Value::Object(object)) => object,
                    Some(other) => Map::from_iter([("detail".to_owned(), other)]),
                    None => Map::new(),
                };
                object.entry("message").or_insert(Value::String(message));
                Self::Failed(Value::Object(object).to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_mark_keeps_what_can_pass_by_itself_retryable() {
        assert!(Error::from(http::Error::Timeout).is_retryable());
        assert!(Error::from(kv::Error::Unavailable("no leader".to_owned())).is_retryable());
        assert!(!Error::from(http::Error::Denied("example.com is not granted".to_owned())).is_retryable());
        assert!(!Error::from(std::fmt::Error).is_retryable());
    }

    #[test]
    fn a_failure_reaches_the_flow_as_an_object_with_its_message() {
        let sent = |error: Error| match ActionError::from(error) {
            ActionError::Failed(json) => json,
            other => panic!("{other:?}"),
        };
        assert_eq!(sent(Error::failed("no")), r#"{"message":"no"}"#);
        assert_eq!(sent(Error::failed("no").with([1])), r#"{"detail":[1],"message":"no"}"#);
        assert_eq!(sent(Error::failed("no").with(serde_json::json!({"a": 1}))), r#"{"a":1,"message":"no"}"#);
    }
}
