//! The record of a run: what started it, what each step did, how it ended. It is data; the engine writes it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Code, FlowId, FlowName, Json, RequestInfo, RunId, TenantId, Timestamp};

/// Which definition a run executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The published version.
    Production,
    /// The draft.
    Development,
}

/// How a run stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Steps are being executed, or it waits for its turn.
    Running,
    /// It waits for a time or a call.
    Waiting,
    /// It reached its end.
    Completed,
    /// A step failed and nothing took the failure.
    Failed,
    /// It used up its time.
    TimedOut,
    /// Somebody ended it.
    Cancelled,
}

impl Outcome {
    /// The name used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
        }
    }

    /// The one byte that stands for it in store keys and values. Assigned bytes never change.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Running => 1,
            Self::Waiting => 2,
            Self::Completed => 3,
            Self::Failed => 4,
            Self::TimedOut => 5,
            Self::Cancelled => 6,
        }
    }

    /// The outcome of a byte.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Running,
            2 => Self::Waiting,
            3 => Self::Completed,
            4 => Self::Failed,
            5 => Self::TimedOut,
            6 => Self::Cancelled,
            _ => return None,
        })
    }

    /// Whether nothing more will happen in the run.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Running | Self::Waiting)
    }
}

/// Why a step or run failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// Stable code, or the one that a `fail` step gave.
    pub code: Code,
    /// What happened and what to do next.
    pub message: String,
    /// The step that failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// What a custom action gave as detail of its failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<Json>,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// The finest.
    Trace,
    /// For whoever debugs.
    Debug,
    /// The usual.
    Info,
    /// Somebody should look.
    Warn,
    /// Something failed.
    Error,
}

/// One line that a step logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// The step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// How much it matters.
    pub level: LogLevel,
    /// The text, cut at the limit.
    pub message: String,
    /// Structured fields as a JSON object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fields: Option<Json>,
}

/// What a step that runs a component used of its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// wasmtime fuel: the same on every run of the same component with the same input.
    pub fuel: u64,
    /// Most bytes of linear memories and tables at one time.
    pub memory_bytes: u64,
    /// Microseconds from its start to its end, waiting included.
    pub micros: u64,
    /// Calls from the component to the host.
    pub host_calls: u64,
    /// Bytes that passed between the component and the host in those calls.
    pub host_bytes: u64,
    /// Random bytes drawn.
    pub random_bytes: u64,
    /// Bytes of log lines written, kept or not.
    pub log_bytes: u64,
    /// Bytes printed to standard output and standard error, kept or not.
    pub stdout_bytes: u64,
    /// Operations on the key-value store.
    pub kv_operations: u64,
    /// Outgoing requests.
    pub http_calls: u64,
    /// Bytes of outgoing requests and their answers.
    pub http_bytes: u64,
    /// Bytes of the output.
    pub output_bytes: u64,
}

/// What a run started from, as recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TriggerRecord {
    /// The request's head; secrets in headers are replaced before they come here.
    pub request: Arc<RequestInfo>,
    /// The payload, cut at the limit.
    pub payload: Json,
    /// The run that called this one, for a flow called by another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub called_by: Option<RunId>,
}

/// What one execution of a step did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step's id.
    pub id: String,
    /// Its action.
    pub uses: String,
    /// The exit taken; `error` where it failed.
    pub exit: String,
    /// Microseconds from the run's start to the step's.
    pub started_us: u64,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Which try this was, from 1.
    pub attempt: u32,
    /// What its component used; none for built-in kinds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usage: Option<Usage>,
    /// Names of limits that its component ran into, whether or not it failed by them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub limits_reached: Vec<String>,
    /// The place in the loops and branches around the step, outermost first, e.g. `["each:2"]`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub frame: Vec<String>,
    /// What went in, where it is not the payload.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<Json>,
    /// What came out, cut at the limit.
    pub output: Json,
    /// Names and new values of the variables it changed; null for a deleted one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub variables: Option<Json>,
    /// Why the exit was taken: the operands of conditions with their values.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<Json>,
    /// Lines it logged.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub logs: Vec<LogLine>,
    /// Bytes of log lines that were counted but not kept.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub logs_dropped: u64,
    /// Names that a template asked for and did not find.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<String>,
    /// Why it failed.
    pub error: Option<ErrorInfo>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What started a run where no request did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// It goes on where another run failed.
    Retry,
    /// It does again what another run did.
    Replay,
    /// Its flow's schedule.
    Schedule,
    /// The failure of another run.
    Failure,
}

/// What started a run where no request did, and the run it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// What.
    pub kind: OriginKind,
    /// The run that was retried, replayed or failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
}

/// The answer the caller got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers as sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body: JSON where it is JSON, else text, else base64 text; cut at the limit.
    pub body: Json,
}

/// The short form of a run, for lists.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// The flow's name at the time.
    pub flow: FlowName,
    /// The flow.
    pub flow_id: FlowId,
    /// The published version it executed; 0 for a draft.
    pub version: u32,
    /// Draft or published version.
    pub mode: Mode,
    /// How it stands or ended.
    pub outcome: Outcome,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, in microseconds; 0 while it runs.
    pub duration_us: u64,
    /// How many steps it executed.
    pub step_count: u32,
    /// The answer's status, where there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<ErrorInfo>,
    /// What started it, where that was no request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
    /// Until when it waits, where it waits; it may be called before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waits_until: Option<Timestamp>,
}

/// The full record of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// The tenant.
    pub tenant: TenantId,
    /// The flow's name at the time.
    pub flow: FlowName,
    /// The flow.
    pub flow_id: FlowId,
    /// The published version it executed; 0 for a draft.
    pub version: u32,
    /// Draft or published version.
    pub mode: Mode,
    /// How it stands or ended.
    pub outcome: Outcome,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// What started it; none where the capture level leaves it out.
    pub trigger: Option<TriggerRecord>,
    /// What each step did, in the order they ended.
    pub steps: Vec<StepRecord>,
    /// The answer sent.
    pub answer: Option<Answer>,
    /// Why it failed.
    pub error: Option<ErrorInfo>,
    /// Whether something was left out because the record reached its cap.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub truncated: bool,
    /// What started it, where that was no request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
    /// How often it was taken up again after the server had stopped or the run had waited.
    #[serde(skip_serializing_if = "is_none_yet", default)]
    pub resumed: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_none_yet(n: &u32) -> bool {
    *n == 0
}

impl RunRecord {
    /// The short form, for lists.
    pub fn summary(&self) -> RunSummary {
        RunSummary {
            id: self.id,
            flow: self.flow.clone(),
            flow_id: self.flow_id,
            version: self.version,
            mode: self.mode,
            outcome: self.outcome,
            started_at: self.started_at,
            duration_us: self.duration_us,
            step_count: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
            status: self.answer.as_ref().map(|answer| answer.status),
            error: self.error.clone(),
            origin: self.origin,
            waits_until: None,
        }
    }
}
