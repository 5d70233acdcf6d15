//! The vocabulary every room of weir shares: ids, the flow definition, the run record, limits and error codes.
//!
//! This room holds data and its rules alone. It must not do I/O, read a clock, draw random numbers or know tokio; the
//! [`Clock`] and [`Entropy`] traits say what others hand in at start.

#![forbid(unsafe_code)]

mod action;
mod auth;
mod clock;
mod code;
mod event;
mod finding;
mod flow;
mod host;
mod ids;
mod json;
mod limits;
mod network;
mod record;
mod signed_text;
mod span;
mod trigger;

pub use action::{ActionInfo, ActionVersion, Capability};
pub use auth::{Algorithm, Auth, BasicDef, Encoding, HeaderDef, Scheme, SchemeInfo, SecretNames, SignatureDef};
pub use clock::{Clock, Entropy, ManualClock, Timestamp};
pub use code::{Code, Coded};
pub use event::{DebugEvent, EventKind};
pub use finding::{Finding, Findings, Severity};
pub use flow::{
    Accepted, Capture, Cors, EgressDef, FlowDef, IdempotencyDef, Missed, Retry, ScheduleDef, StepDef, TriggerDef,
    Unanswered, WebhookDef,
};
pub use host::{HostPattern, HostRule, PatternError};
pub use ids::{ActionRef, ArtifactHash, FlowId, FlowName, HookKey, IdError, RunId, RunIds, SecretName, TenantId};
pub use json::Json;
pub use limits::{LimitInfo, LimitOverrides, Limits};
pub use network::{Network, NetworkError};
pub use record::{
    Answer, ErrorInfo, LogLevel, LogLine, Mode, Origin, OriginKind, Outcome, RunRecord, RunSummary, StepRecord,
    TriggerRecord, Usage,
};
pub use signed_text::{SignedPart, SignedText, SignedTextError};
pub use span::{Span, SpanError};
pub use trigger::{RequestInfo, Trigger};
