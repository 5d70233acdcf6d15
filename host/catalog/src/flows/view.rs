//! Flows, drafts and versions as the API shows them.

use serde::Serialize;
use weir_flow::Cron;
use weir_model::{Findings, FlowId, FlowName, HookKey, TenantId, Timestamp};

use crate::{Catalog, DisabledInfo, Hook};

/// A flow, as the API shows it; admin adds the URLs made from `key`.
#[derive(Clone, Debug, Serialize)]
pub struct FlowView {
    /// Its name.
    pub name: FlowName,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its lasting id.
    pub id: FlowId,
    /// The key of its hook.
    #[serde(skip)]
    pub key: HookKey,
    /// What the draft says it is for.
    pub description: Option<String>,
    /// The draft.
    pub draft: DraftView,
    /// The published version's number.
    pub published: Option<u32>,
    /// The highest number ever published; 0 before the first time.
    pub latest: u32,
    /// Whether calls run.
    pub enabled: bool,
    /// Why the server switched it off.
    pub disabled: Option<DisabledInfo>,
    /// When it starts by itself, as its published version says.
    pub schedule: Option<ScheduleView>,
    /// Until when the development URL answers without a listener.
    pub armed_until: Option<Timestamp>,
    /// Whether the development URL answers now.
    pub listening: bool,
    /// How many steps the draft has.
    pub steps: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
}

/// When a flow starts by itself.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleView {
    /// The cron expression.
    pub cron: String,
    /// The time zone it is read in.
    pub zone: String,
    /// The next time; none while the flow is disabled.
    pub next_at: Option<Timestamp>,
}

/// A draft without its text.
#[derive(Clone, Debug, Serialize)]
pub struct DraftView {
    /// Counts the saves from 1.
    pub revision: u64,
    /// When it was saved.
    pub updated_at: Timestamp,
    /// Errors found at that time.
    pub errors: u32,
    /// Warnings found at that time.
    pub warnings: u32,
}

/// What saving a draft led to.
#[derive(Clone, Debug, Serialize)]
pub struct Saved {
    /// The flow.
    pub flow: FlowView,
    /// What was found.
    pub findings: Findings,
}

/// What publishing led to.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// The flow.
    pub flow: FlowView,
    /// The version that is published now.
    pub version: u32,
    /// Warnings.
    pub findings: Findings,
}

/// A draft with its text.
#[derive(Clone, Debug, Serialize)]
pub struct DraftText {
    /// The text as saved.
    pub text: String,
    /// Counts the saves from 1.
    pub revision: u64,
    /// What a check finds now.
    pub findings: Findings,
}

/// A version without its text.
#[derive(Clone, Debug, Serialize)]
pub struct VersionView {
    /// Its number.
    pub version: u32,
    /// What its publisher said.
    pub note: Option<String>,
    /// When it was published first.
    pub created_at: Timestamp,
    /// Whether it is the published one.
    pub published: bool,
}

/// A version with its text.
#[derive(Clone, Debug, Serialize)]
pub struct VersionText {
    /// Its number.
    pub version: u32,
    /// The text.
    pub text: String,
    /// What its publisher said.
    pub note: Option<String>,
    /// When it was published first.
    pub created_at: Timestamp,
    /// Whether it is the published one.
    pub published: bool,
}

impl<S: Send + Sync + 'static> Catalog<S> {
    pub(super) fn view(&self, hook: &Hook<S>) -> FlowView {
        let (now, doc) = (self.clock.now(), &hook.doc);
        FlowView {
            name: doc.name.clone(),
            tenant: hook.tenant.clone(),
            id: doc.id,
            key: doc.key.clone(),
            description: doc.description.as_deref().map(Into::into),
            draft: DraftView {
                revision: doc.draft.revision,
                updated_at: doc.draft.updated_at,
                errors: doc.draft.errors,
                warnings: doc.draft.warnings,
            },
            published: doc.published.as_ref().map(|published| published.version),
            latest: doc.latest,
            enabled: doc.enabled,
            disabled: hook.disabled().cloned(),
            schedule: schedule(hook, now),
            armed_until: hook.armed_until(now),
            listening: hook.is_listening(now, self.cluster.events.listeners(&hook.tenant, hook.flow)),
            steps: doc.draft.steps,
            created_at: doc.created_at,
            updated_at: doc.updated_at,
        }
    }
}

fn schedule<S>(hook: &Hook<S>, now: Timestamp) -> Option<ScheduleView> {
    let schedule = hook.published.as_ref()?.plan.schedule.as_deref()?;
    let cron = Cron::of(schedule).ok().filter(|_| hook.enabled);
    Some(ScheduleView {
        cron: schedule.cron.clone(),
        zone: schedule.zone.clone().unwrap_or_else(|| "UTC".to_owned()),
        next_at: cron.and_then(|cron| cron.next(now)),
    })
}
