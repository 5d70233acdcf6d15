//! What an action answers: a value, and perhaps the branch to leave by. It must not check that the branch exists.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

/// A value together with the exit that the flow takes.
///
/// Return it instead of the plain value where the action declares branches.
///
/// ```
/// use weir_action::{Output, Result};
///
/// #[weir_action::action(branches("even", "odd"))]
/// fn parity(input: i64) -> Result<Output<i64>> {
///     Ok(Output::to(if input % 2 == 0 { "even" } else { "odd" }, input))
/// }
/// # fn main() {
/// assert_eq!(parity(4).unwrap().branch(), Some("even"));
/// # }
/// ```
// It must never implement `Serialize`: that keeps it apart from plain values in `Answer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output<T> {
    /// The step's output.
    pub value: T,
    branch: Option<Cow<'static, str>>,
}

impl<T> Output<T> {
    /// Leaves by `branch`, which must be one of those that the attribute declares.
    pub fn to(branch: impl Into<Cow<'static, str>>, value: T) -> Self {
        Self { value, branch: Some(branch.into()) }
    }

    /// Leaves by `next`, as a plain value does.
    pub const fn next(value: T) -> Self {
        Self { value, branch: None }
    }

    /// The branch that was chosen; none is `next`.
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }
}

/// What an action may return inside `Ok`: any value that serde can write and schemars can describe, or an [`Output`].
pub trait Answer {
    /// The type whose JSON Schema describes the output.
    type Value: Serialize + JsonSchema;

    /// The value and the branch.
    fn into_output(self) -> Output<Self::Value>;
}

impl<T: Serialize + JsonSchema> Answer for T {
    type Value = T;

    fn into_output(self) -> Output<T> {
        Output::next(self)
    }
}

impl<T: Serialize + JsonSchema> Answer for Output<T> {
    type Value = T;

    fn into_output(self) -> Self {
        self
    }
}
