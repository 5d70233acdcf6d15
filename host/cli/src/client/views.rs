//! The API's shapes, as far as the text output needs them. What it does not know it ignores: a newer one may say more.

use std::collections::BTreeMap;

use serde::Deserialize;
use weir_model::{Capability, FlowName, Timestamp};

/// A flow.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FlowView {
    pub(crate) name: FlowName,
    #[serde(default)]
    pub(crate) description: Option<String>,
    pub(crate) draft: Option<DraftView>,
    pub(crate) published: Option<u32>,
    #[serde(default)]
    pub(crate) latest: u32,
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) disabled: Option<DisabledView>,
    #[serde(default)]
    pub(crate) schedule: Option<ScheduleView>,
    #[serde(default)]
    pub(crate) armed_until: Option<Timestamp>,
    #[serde(default)]
    pub(crate) steps: u64,
    #[serde(default)]
    pub(crate) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) urls: Urls,
}

/// Why the server switched a flow off.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DisabledView {
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

/// When a flow starts by itself.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ScheduleView {
    pub(crate) cron: String,
    pub(crate) zone: String,
    #[serde(default)]
    pub(crate) next_at: Option<Timestamp>,
}

/// A flow's draft.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DraftView {
    #[serde(default)]
    pub(crate) revision: u64,
    #[serde(default)]
    pub(crate) errors: u64,
    #[serde(default)]
    pub(crate) warnings: u64,
}

/// A flow's URLs.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Urls {
    pub(crate) production: String,
    pub(crate) development: String,
}

/// A version of a flow.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct VersionView {
    pub(crate) version: u32,
    #[serde(default)]
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) published: bool,
}

/// One version of an action.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ActionView {
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) artifact: String,
    #[serde(default)]
    pub(crate) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) config_schema: serde_json::Value,
    #[serde(default)]
    pub(crate) branches: Vec<String>,
    #[serde(default)]
    pub(crate) capabilities: Vec<Capability>,
}

/// What runs of a tenant may use.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LimitsView {
    /// What is set for the tenant.
    pub(crate) own: BTreeMap<String, u64>,
    pub(crate) limits: Vec<LimitView>,
}

/// One limit.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LimitView {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) about: String,
    pub(crate) value: u64,
    /// `default`, `operator` or `tenant`.
    pub(crate) level: String,
}
