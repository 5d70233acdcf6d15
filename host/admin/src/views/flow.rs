//! Flows, drafts and versions as JSON, and the commands on them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_model::{Span, Timestamp};

use super::FindingView;

/// A flow.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Flow)]
pub struct FlowView {
    /// Its name, unique within the tenant.
    #[schema(example = "new-lead")]
    pub name: String,
    /// The tenant.
    #[schema(example = "default")]
    pub tenant: String,
    /// Its lasting identity; a name can be reused after its flow was deleted, this cannot.
    #[schema(format = "uuid")]
    pub id: String,
    /// What it is for, as its draft says.
    #[schema(required = true)]
    pub description: Option<String>,
    /// Its draft.
    pub draft: DraftState,
    /// The version that production runs; null where none was published.
    #[schema(required = true)]
    pub published: Option<u32>,
    /// The newest version; 0 where there is none.
    pub latest: u32,
    /// Whether its hook answers.
    pub enabled: bool,
    /// Why the server switched it off; null where it is on, or somebody switched it off.
    #[schema(required = true)]
    pub disabled: Option<DisabledView>,
    /// When it starts by itself, besides its hook; null where it does not.
    #[schema(required = true)]
    pub schedule: Option<ScheduleView>,
    /// Until when the development URL answers without a listener; null where it was not armed.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub armed_until: Option<Timestamp>,
    /// Whether the development URL answers now: somebody listens, or it is armed.
    pub listening: bool,
    /// How many steps its draft has.
    pub steps: u32,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Where it is called.
    pub urls: FlowUrls,
}

/// Why the server switched a flow off.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Disabled)]
pub struct DisabledView {
    /// The reason; callers of the hook are told it too.
    #[schema(example = "5 runs in a row failed, the last with WEIR-STEP-TIME at 2026-11-24T09:30:00.000Z; run …")]
    pub reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// When a flow starts by itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleView {
    /// The cron expression of its published version.
    #[schema(example = "0 9 * * MON-FRI")]
    pub cron: String,
    /// The time zone it is read in.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// The next time; null while the flow is disabled.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub next_at: Option<Timestamp>,
}

/// How a flow's draft stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DraftState {
    /// Changes with every save; send it as `If-Match` to change only what you have seen.
    pub revision: u64,
    /// When it was saved.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// How many findings keep it from being published.
    pub errors: u32,
    /// How many findings are worth a look.
    pub warnings: u32,
}

/// Where a flow is called.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FlowUrls {
    /// Runs the published version.
    #[schema(example = "http://localhost:8787/webhook/0123456789abcdefghijklmnopqrstuv")]
    pub production: String,
    /// Runs the draft, while somebody listens or the flow is armed.
    #[schema(example = "http://localhost:8787/webhook/0123456789abcdefghijklmnopqrstuv/dev")]
    pub development: String,
}

/// A flow after its draft was saved.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Saved)]
pub struct SavedView {
    /// The flow.
    pub flow: FlowView,
    /// What the check of the draft found.
    pub findings: Vec<FindingView>,
}

/// A draft.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Draft)]
pub struct DraftView {
    /// The definition, as it was saved.
    pub text: String,
    /// Changes with every save; also in the header `ETag`.
    pub revision: u64,
    /// What its check finds now.
    pub findings: Vec<FindingView>,
}

/// A flow after it was published.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Published)]
pub struct PublishedView {
    /// The flow.
    pub flow: FlowView,
    /// The version that production runs from now on.
    pub version: u32,
    /// What is worth a look.
    pub findings: Vec<FindingView>,
}

/// A version in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Version)]
pub struct VersionView {
    /// Its number, from 1.
    pub version: u32,
    /// What its publisher said of it.
    #[schema(required = true)]
    pub note: Option<String>,
    /// When it was published first.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Whether production runs it now.
    pub published: bool,
}

/// A version with its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VersionDetail {
    /// Its number, from 1.
    pub version: u32,
    /// The definition, as it was published.
    pub text: String,
    /// What its publisher said of it.
    #[schema(required = true)]
    pub note: Option<String>,
    /// When it was published first.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Whether production runs it now.
    pub published: bool,
}

/// What to say of a new version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishCommand {
    /// A note for whoever reads the list of versions.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// Which version to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackCommand {
    /// The version's number.
    #[schema(minimum = 1)]
    pub version: u32,
}

/// For how long the development URL answers without a listener.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmCommand {
    /// A length of time such as `90s` or `15m`, at most `24h`; 15 minutes where nothing is said.
    #[serde(rename = "for", default)]
    #[schema(value_type = Option<String>, example = "15m", pattern = "^[0-9]+ *(ms|s|m|h|d)$")]
    pub span: Option<Span>,
}

/// Until when the development URL answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Armed)]
pub struct ArmedView {
    /// The moment.
    #[schema(value_type = String, format = DateTime)]
    pub armed_until: Timestamp,
}
