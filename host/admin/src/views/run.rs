//! Runs as the API's document describes them. The routes send the model's own records, which these mirror; a test holds
//! the two together.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Which definition a run executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Mode)]
pub enum ModeView {
    /// The published version.
    Production,
    /// The draft.
    Development,
}

/// How a run stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Outcome)]
pub enum OutcomeView {
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

/// Why a step or run failed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunError)]
pub struct ErrorInfoView {
    /// Stable code, or the one that a `fail` step gave.
    pub code: String,
    /// What happened and what to do next.
    pub message: String,
    /// The step that failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// What a custom action gave as detail of its failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<Value>,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LogLevel)]
pub enum LogLevelView {
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
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = LogLine)]
pub struct LogLineView {
    /// The step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// How much it matters.
    pub level: LogLevelView,
    /// The text, cut at the limit.
    pub message: String,
    /// Structured fields as a JSON object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fields: Option<Value>,
}

/// A request's head, as flows see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Request)]
pub struct RequestView {
    /// Method in upper case.
    pub method: String,
    /// What follows the hook's URL, with its slash.
    pub path: String,
    /// The query as sent, without `?`.
    pub query: String,
    /// Headers in the order sent, each a name in lower case and a value; secrets are replaced.
    pub headers: Vec<(String, String)>,
    /// The content type as sent.
    #[schema(required = true)]
    pub content_type: Option<String>,
    /// The caller's address.
    #[schema(required = true)]
    pub client_ip: Option<String>,
    /// When the head of the request was read.
    #[schema(format = DateTime)]
    pub received_at: String,
}

/// What a run started from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Trigger)]
pub struct TriggerView {
    /// The request's head.
    pub request: RequestView,
    /// The payload, cut at the limit.
    pub payload: Value,
    /// The run that called this one, for a flow called by another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = "uuid")]
    pub called_by: Option<String>,
}

/// What a step that runs a component used of its limits.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageView {
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

/// What one execution of a step did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = StepRecord)]
pub struct StepRecordView {
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
    /// What its component used; not there for built-in kinds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usage: Option<UsageView>,
    /// Names of limits that its component ran into, whether or not it failed by them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub limits_reached: Vec<String>,
    /// The place in the loops and branches around the step, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub frame: Vec<String>,
    /// What went in, where it is not the payload.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<Value>,
    /// What came out, cut at the limit.
    pub output: Value,
    /// Names and new values of the variables it changed; null for a deleted one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub variables: Option<Value>,
    /// Why the exit was taken: the operands of conditions with their values.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<Value>,
    /// Lines it logged.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub logs: Vec<LogLineView>,
    /// Bytes of log lines that were counted but not kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub logs_dropped: Option<u64>,
    /// Names that a template asked for and did not find.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<String>,
    /// Why it failed.
    #[schema(required = true)]
    pub error: Option<ErrorInfoView>,
}

/// What starts runs besides requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OriginKind)]
pub enum OriginKindView {
    /// It goes on where another run failed.
    Retry,
    /// It does again what another run did.
    Replay,
    /// Its flow's schedule.
    Schedule,
    /// The failure of another run.
    Failure,
}

/// What started a run where no request did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Origin)]
pub struct OriginView {
    /// What.
    pub kind: OriginKindView,
    /// The run that was retried, replayed or failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = "uuid")]
    pub run: Option<String>,
}

/// The answer the caller got.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Answer)]
pub struct AnswerView {
    /// HTTP status.
    pub status: u16,
    /// Headers as sent, each a name in lower case and a value.
    pub headers: Vec<(String, String)>,
    /// The body: JSON where it is JSON, else text, else base64 text; cut at the limit.
    pub body: Value,
}

/// The short form of a run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunSummary)]
pub struct RunSummaryView {
    /// The run.
    #[schema(format = "uuid")]
    pub id: String,
    /// The flow's name at the time.
    pub flow: String,
    /// The flow.
    #[schema(format = "uuid")]
    pub flow_id: String,
    /// The published version it executed; 0 for a draft.
    pub version: u32,
    /// Draft or published version.
    pub mode: ModeView,
    /// How it stands or ended.
    pub outcome: OutcomeView,
    /// When it started.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it took, in microseconds; 0 while it runs.
    pub duration_us: u64,
    /// How many steps it executed.
    pub step_count: u32,
    /// The answer's status, where there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<ErrorInfoView>,
    /// What started it, where that was no request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<OriginView>,
    /// Until when it waits, where it waits; it may be called before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub waits_until: Option<String>,
}

/// The full record of a run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunRecord)]
pub struct RunRecordView {
    /// The run.
    #[schema(format = "uuid")]
    pub id: String,
    /// The tenant.
    pub tenant: String,
    /// The flow's name at the time.
    pub flow: String,
    /// The flow.
    #[schema(format = "uuid")]
    pub flow_id: String,
    /// The published version it executed; 0 for a draft.
    pub version: u32,
    /// Draft or published version.
    pub mode: ModeView,
    /// How it stands or ended.
    pub outcome: OutcomeView,
    /// When it started.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// What started it; null where the capture level leaves it out.
    #[schema(required = true)]
    pub trigger: Option<TriggerView>,
    /// What each step did, in the order they ended.
    pub steps: Vec<StepRecordView>,
    /// The answer sent.
    #[schema(required = true)]
    pub answer: Option<AnswerView>,
    /// Why it failed.
    #[schema(required = true)]
    pub error: Option<ErrorInfoView>,
    /// Whether something was left out because the record reached its cap.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub truncated: Option<bool>,
    /// What started it, where that was no request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<OriginView>,
    /// How often it was taken up again after the server had stopped or the run had waited; not there for never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resumed: Option<u32>,
}

/// A run as far as it was kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Run)]
pub enum RunView {
    /// Its record.
    Record(Box<RunRecordView>),
    /// Its summary, where the flow's capture level keeps no more or the run has not ended.
    Summary(Box<RunSummaryView>),
}
