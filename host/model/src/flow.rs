//! The definition of a flow as its author wrote it, shape-checked. It decides nothing; flow compiles it.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Auth, FlowName, HostPattern, LimitOverrides, Network, Span};

/// A flow's definition. `weir: 1` is its format.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowDef {
    /// The format's version; 1.
    pub weir: u32,
    /// The flow's name.
    pub name: FlowName,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// What starts it.
    #[serde(default)]
    pub trigger: TriggerDef,
    /// Variables every run starts with.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub variables: IndexMap<String, Value>,
    /// How much of a production run is recorded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub capture: Option<Capture>,
    /// What its runs and their steps may use, where that is less than the tenant may.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limits: Option<LimitOverrides>,
    /// Where its steps may send requests, where that is less than the tenant may.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub egress: Option<EgressDef>,
    /// How many production runs of the background lane may be alive at a time; none means as many as the tenant may have.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub concurrency: Option<u32>,
    /// Whether its production runs of the background lane are taken strictly in the order they were accepted, each only
    /// once the one before has ended.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub ordered: bool,
    /// The flow that is started when a production run of this one fails or runs out of time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub on_failure: Option<FlowName>,
    /// Switches the flow off once so many production runs failed in a row; none means never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disable_after: Option<u32>,
    /// The steps, in order.
    pub steps: Vec<StepDef>,
    /// Where the canvas puts things; weir carries it and does not look inside.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub layout: Option<Value>,
}

/// Where a flow's steps may send requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressDef {
    /// The hosts; requests to others are refused.
    pub hosts: Vec<HostPattern>,
}

/// What starts a flow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerDef {
    /// The hook's settings.
    #[serde(default)]
    pub webhook: WebhookDef,
    /// When it starts by itself, besides its hook.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub schedule: Option<ScheduleDef>,
}

/// When a flow starts by itself. Only published, enabled flows do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleDef {
    /// A cron expression of five fields: minute, hour, day of month, month, day of week.
    pub cron: String,
    /// The IANA time zone it is read in, such as `Europe/Berlin`; UTC where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub zone: Option<String>,
    /// What happens to times at which the server did not run.
    #[serde(default)]
    pub missed: Missed,
    /// What its runs start with; `{"scheduled_at": …}` where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload: Option<Value>,
}

/// What happens to scheduled times that passed while the server did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// They are left out.
    #[default]
    Skip,
    /// The last of them is made up for.
    One,
    /// All of them are made up for, up to a bound.
    All,
}

/// How a hook tells a request that it had before. The first request with a key runs; later ones get its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdempotencyDef {
    /// The request header that holds the key, such as `idempotency-key`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub header: Option<String>,
    /// A JSON Pointer (RFC 6901) to the key in the payload, such as `/id`; one of the two must be given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointer: Option<String>,
    /// How long a key is remembered; 24 h where nothing is said, at most 30 d.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub keep: Option<Span>,
    /// Whether a request without a key is refused.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub required: bool,
}

/// How a flow's hook behaves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookDef {
    /// Methods it takes, in upper case; none means all but OPTIONS, which the host answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub methods: Option<Vec<String>>,
    /// Content types it takes, e.g. `application/json` or `text/*`; none means all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_types: Option<Vec<String>>,
    /// The largest body in bytes; none means the server's limit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max_body: Option<u64>,
    /// Who may call it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auth: Option<Auth>,
    /// The addresses it may be called from; none means all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub allow: Option<Vec<Network>>,
    /// How long the caller waits for its answer; 30 s where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wait: Option<Span>,
    /// The answer of a flow without a reachable Response step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accepted: Option<Accepted>,
    /// The answer of a run that ended without reaching its Response step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unanswered: Option<Unanswered>,
    /// How a repeated request is told; without it every request runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub idempotency: Option<IdempotencyDef>,
    /// Which pages may call it from a browser.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cors: Option<Cors>,
}

/// The acknowledgement of a run that goes on in the background.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// HTTP status, 200 to 299.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// JSON body; without it `{"success":true,"run_id":…}`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub json: Option<Value>,
}

/// The answer where the Response step was not reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unanswered {
    /// HTTP status; 204 where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// JSON body.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub json: Option<Value>,
}

/// Cross-origin resource sharing of a hook (Fetch standard, §3.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins such as `https://app.example`, or `*`.
    pub origins: Vec<String>,
    /// Request headers allowed besides the safelisted ones.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub headers: Vec<String>,
    /// Whether credentials may be sent; not together with `*`.
    #[serde(default)]
    pub credentials: bool,
}

/// How much of a production run is recorded. Development runs are always `full`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capture {
    /// Everything.
    #[default]
    Full,
    /// Everything of runs that did not complete, the summary of the others.
    Errors,
    /// Summaries without payloads or outputs.
    Summary,
    /// Nothing.
    None,
}

/// One step as its author wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepDef {
    /// Unique within the flow: letters, digits, `-` and `_`, at most 63, starting with a letter.
    pub id: String,
    /// A built-in kind or `name@version` of a custom action.
    pub uses: String,
    /// A title for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// The action's settings; templates at its leaves.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub with: Option<Value>,
    /// What the action gets as input; the payload where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<Value>,
    /// The variable that takes the output.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub save: Option<String>,
    /// What to do when it fails in a way that may pass.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry: Option<Retry>,
    /// The step's wall time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timeout: Option<Span>,
    /// What it may use, where that is less than the flow may.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limits: Option<LimitOverrides>,
    /// Exits and where they lead: a step's id or `end`.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub on: IndexMap<String, String>,
}

/// How often and how fast a step is tried again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Tries in all, the first included; 1 to 20.
    pub attempts: u32,
    /// `1s` for a fixed pause, `1s..30s` for one that doubles up to the second.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub backoff: Option<String>,
}
