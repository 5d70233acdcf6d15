//! What the catalog stores: the document under each kind of key, as JSON. Fields are only ever added, with a default;
//! it must not decide when a document changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_cluster::{DocKey, DocKind};
use weir_model::{ActionRef, FlowId, FlowName, HookKey, LimitOverrides, SecretName, TenantId, Timestamp};
use weir_vault::{Sealed, SecretLabel, TokenId};

use crate::RetentionDef;

/// Exact action versions by the reference that a published text uses.
pub(crate) type Pins = BTreeMap<ActionRef, Box<str>>;

/// A tenant, under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TenantDoc {
    pub(crate) id: TenantId,
    pub(crate) created_at: Timestamp,
    /// What its runs may use, where that is less than the server lets them.
    #[serde(default)]
    pub(crate) limits: LimitOverrides,
    /// How long its runs are kept, where that is less than the server keeps them.
    #[serde(default)]
    pub(crate) retention: RetentionDef,
}

impl TenantDoc {
    /// A tenant for whom nothing is set.
    pub(crate) fn new(id: TenantId, created_at: Timestamp) -> Self {
        Self { id, created_at, limits: LimitOverrides::default(), retention: RetentionDef::default() }
    }
}

/// A flow without its texts, under its name; small, because all of them are kept in memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FlowDoc {
    pub(crate) id: FlowId,
    pub(crate) name: FlowName,
    pub(crate) key: HookKey,
    pub(crate) enabled: bool,
    /// Why it is off, where the server switched it off.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) disabled: Option<Box<DisabledInfo>>,
    /// When it was enabled or published last: failures before are not counted, times before are not made up for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) enabled_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) description: Option<Box<str>>,
    pub(crate) draft: DraftInfo,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) published: Option<PublishedInfo>,
    /// The highest version number ever given; 0 before the first publish.
    pub(crate) latest: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// Why the server switched a flow off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisabledInfo {
    /// The reason, in a sentence's words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What is known of a draft without reading its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DraftInfo {
    /// Counts the saves from 1.
    pub(crate) revision: u64,
    pub(crate) updated_at: Timestamp,
    pub(crate) errors: u32,
    pub(crate) warnings: u32,
    pub(crate) steps: u32,
    /// The custom actions it refers to.
    pub(crate) uses: Vec<ActionRef>,
}

/// What is known of the published version without reading its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublishedInfo {
    pub(crate) version: u32,
    pub(crate) pins: Pins,
}

/// A draft's text, under its flow's id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DraftDoc {
    pub(crate) text: String,
    /// The save that wrote it: a reader may find a newer text than the flow's document it holds tells of.
    #[serde(default)]
    pub(crate) revision: u64,
}

/// A published text, under its flow's id and number. Never changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VersionDoc {
    pub(crate) version: u32,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) note: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) pins: Pins,
}

/// A secret, under its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SecretDoc {
    pub(crate) name: SecretName,
    /// Counts how often it was set, from 1.
    pub(crate) version: u64,
    pub(crate) hosts: Vec<String>,
    pub(crate) reveal_to: Vec<String>,
    /// The value under the tenant's data key. All that stands above is a part of the seal.
    pub(crate) sealed: Sealed,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl SecretDoc {
    /// What its seal holds for.
    pub(crate) fn label<'a>(&'a self, tenant: &'a TenantId) -> SecretLabel<'a> {
        let Self { name, version, hosts, reveal_to, .. } = self;
        SecretLabel { tenant, name, version: *version, hosts, reveal_to }
    }
}

/// The key that seals a tenant's secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TenantKeyDoc {
    pub(crate) id: Box<str>,
    /// The key under one of the server's secret keys.
    pub(crate) sealed: Sealed,
    pub(crate) created_at: Timestamp,
}

pub(crate) fn tenant_key(id: &TenantId) -> DocKey {
    DocKey { kind: DocKind::Tenant, tenant: None, name: id.to_string() }
}

pub(crate) fn token_key(id: &TokenId) -> DocKey {
    DocKey { kind: DocKind::Token, tenant: None, name: id.to_string() }
}

pub(crate) fn flow_key(tenant: &TenantId, name: &FlowName) -> DocKey {
    DocKey { kind: DocKind::Flow, tenant: Some(tenant.clone()), name: name.to_string() }
}

pub(crate) fn draft_key(tenant: &TenantId, flow: FlowId) -> DocKey {
    DocKey { kind: DocKind::Draft, tenant: Some(tenant.clone()), name: flow.to_string() }
}

/// Ten digits that count down, so that the order of names is the newest first.
pub(crate) fn version_key(tenant: &TenantId, flow: FlowId, version: u32) -> DocKey {
    let name = format!("{}{:010}", version_prefix(flow), u32::MAX - version);
    DocKey { kind: DocKind::Version, tenant: Some(tenant.clone()), name }
}

/// How far a flow's schedule was followed; the engine writes it.
pub fn schedule_key(tenant: &TenantId, flow: FlowId) -> DocKey {
    DocKey { kind: DocKind::Schedule, tenant: Some(tenant.clone()), name: flow.to_string() }
}

pub(crate) fn version_prefix(flow: FlowId) -> String {
    format!("{flow}/")
}

/// Neither part can hold the slash.
pub(crate) fn action_key(tenant: &TenantId, name: &str, version: &str) -> DocKey {
    DocKey { kind: DocKind::Action, tenant: Some(tenant.clone()), name: format!("{name}/{version}") }
}

pub(crate) fn secret_key(tenant: &TenantId, name: &SecretName) -> DocKey {
    DocKey { kind: DocKind::Secret, tenant: Some(tenant.clone()), name: name.to_string() }
}

/// A tenant has one data key.
pub(crate) fn data_key_key(tenant: &TenantId) -> DocKey {
    DocKey { kind: DocKind::TenantKey, tenant: Some(tenant.clone()), name: "data".into() }
}
