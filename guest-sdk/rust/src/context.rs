//! Facts about the call. It must not reach out to the host: everything came with the call.

use std::time::Duration;

use crate::bindings;

/// Where and why the action is running. Ask for it with an argument `context: &Context`.
///
/// ```
/// use weir_action::{Context, Result};
///
/// #[weir_action::action]
/// fn whoami(context: &Context) -> Result<String> {
///     Ok(format!("step {} of {}", context.step, context.flow))
/// }
/// # fn main() {
/// let context = Context { flow: "leads".into(), step: "score".into(), ..Context::default() };
/// assert_eq!(whoami(&context).unwrap(), "step score of leads");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The tenant.
    pub tenant: String,
    /// The flow's name.
    pub flow: String,
    /// The flow's version; 0 for a draft.
    pub flow_version: u32,
    /// The step's id.
    pub step: String,
    /// The run's id.
    pub run: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The time that was left when the call began.
    pub time_left: Duration,
    /// The same for every attempt of this step in this run: send it to services that deduplicate.
    pub idempotency_key: String,
}

impl Default for Context {
    /// The first attempt of a draft's step named `test`, for unit tests.
    fn default() -> Self {
        Self {
            tenant: "default".to_owned(),
            flow: "test".to_owned(),
            flow_version: 0,
            step: "test".to_owned(),
            run: "00000000-0000-7000-8000-000000000000".to_owned(),
            attempt: 1,
            time_left: Duration::from_secs(10),
            idempotency_key: "test".to_owned(),
        }
    }
}

impl From<bindings::Context> for Context {
    fn from(context: bindings::Context) -> Self {
        Self {
            tenant: context.tenant,
            flow: context.flow,
            flow_version: context.flow_version,
            step: context.step,
            run: context.execution,
            attempt: context.attempt,
            time_left: Duration::from_millis(context.deadline_ms.into()),
            idempotency_key: context.idempotency_key,
        }
    }
}
