//! What goes into one call of an action and what comes out. It is data; `action` makes the call.

use std::pin::Pin;
use std::sync::Arc;

use weir_model::{Code, FlowName, Json, Limits, LogLine, RunId, TenantId, Usage};

use crate::{Kv, Outbound};

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The variables of a run as an action sees them.
pub trait Variables: Send + Sync {
    /// The variable's value as JSON text; none where there is none.
    fn get(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> Variables for F {
    fn get(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// No variables at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVariables;

impl Variables for NoVariables {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

/// Facts about the call that the action may read.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The flow.
    pub flow: &'a FlowName,
    /// The flow's version; 0 for the draft.
    pub flow_version: u32,
    /// The step's id.
    pub step: &'a str,
    /// The run.
    pub run: RunId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The same for every attempt of this step in this run.
    pub idempotency_key: &'a str,
}

/// One call of an action.
pub struct Call<'a> {
    /// Facts about the call.
    pub context: Context<'a>,
    /// The step's `with` as JSON text.
    pub config: &'a str,
    /// The step's input as JSON text.
    pub input: &'a str,
    /// What the call may use.
    pub limits: &'a Limits,
    /// The run's variables; changes come back in [`Ran::variables`].
    pub variables: Arc<dyn Variables>,
    /// The tenant's key-value store; only buckets that the action declared are asked for.
    pub kv: Arc<dyn Kv>,
    /// The way out, and the tenant's secrets; only what the action declared is asked for.
    pub outbound: Arc<dyn Outbound>,
}

/// What an action handed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The step's output.
    pub payload: Json,
    /// The exit it names, one of its declared branches; none for `next`.
    pub branch: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Stable code, `WEIR-STEP-…`.
    pub code: Code,
    /// What happened and what to do next.
    pub message: String,
    /// What the action gave as detail.
    pub detail: Option<Json>,
    /// The shortest pause before another attempt, where the action named one.
    pub retry_after_ms: Option<u32>,
    /// Whether another attempt may succeed.
    pub retryable: bool,
}

/// How a call went.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The output, or why there is none.
    pub result: Result<Output, Failure>,
    /// What it used.
    pub usage: Usage,
    /// Names of limits that refused or left out something, whether or not the call failed by them.
    pub limits_reached: Vec<&'static str>,
    /// Lines it logged or printed, in order; their `step` is not set.
    pub logs: Vec<LogLine>,
    /// Bytes of lines beyond the limit.
    pub logs_dropped: u64,
    /// Variables it set, with the new value, or removed, in the order of the first change of each. Empty on failure.
    pub variables: Vec<(String, Option<Json>)>,
}
