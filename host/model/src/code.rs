//! Stable error codes. It knows their shape and the trait that errors wear, not the list: each room owns its own.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A stable, documented error code such as `WEIR-HOOK-UNKNOWN`; the API, the run log and the CLI all show it.
///
/// A flow's author may give codes of their own in a `fail` step, so a code is text rather than an enum.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// A code known at compile time.
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// A code that a flow's author chose.
    pub fn custom(code: impl Into<String>) -> Self {
        Self(Cow::Owned(code.into()))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error with a stable code; every room's error enum implements it.
pub trait Coded: std::error::Error {
    /// The stable code of this error.
    fn code(&self) -> Code;
}
