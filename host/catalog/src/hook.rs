//! A flow as ingress and engine see it: its hook and the plans behind it. It holds what is; the catalog changes it by
//! putting a new hook into the index.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;
use weir_flow::Plan;
use weir_model::{Findings, FlowId, FlowName, HookKey, ScheduleDef, TenantId, Timestamp};

use crate::documents::{DisabledInfo, FlowDoc};

/// A plan and the number of the text it was made from.
#[derive(Debug)]
pub struct Release<S> {
    /// The version's number; 0 for the draft.
    pub version: u32,
    /// The draft's revision, which tells one draft from the next; 0 for a version.
    pub revision: u64,
    /// What the engine executes.
    pub plan: Plan<S>,
}

/// What a compiled draft is: a release, or the findings that keep it from being one.
pub(crate) type DraftRelease<S> = Result<Arc<Release<S>>, Arc<Findings>>;

/// The entry of a flow. Immutable but for the time it is armed until; a change makes a new one.
pub struct Hook<S> {
    /// The tenant.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowId,
    /// The flow's name.
    pub name: FlowName,
    /// The key in its URL.
    pub key: HookKey,
    /// Whether calls run; a disabled hook is answered with 422.
    pub enabled: bool,
    /// The published version; none where nothing is published, or where it no longer compiles (see `broken`).
    pub published: Option<Arc<Release<S>>>,
    /// Why the published version does not compile on this build of weir; none where it does.
    pub broken: Option<Arc<Findings>>,
    pub(crate) doc: FlowDoc,
    /// The flow document's revision in the cluster.
    pub(crate) revision: u64,
    /// Shared by all hooks of the flow, so that replacing one neither disarms it nor forgets its compiled draft.
    pub(crate) live: Arc<Live<S>>,
}

/// The part of a hook that lives in memory alone.
pub(crate) struct Live<S> {
    armed_until: AtomicI64,
    pub(crate) draft: Mutex<Option<CachedDraft<S>>>,
}

/// A compiled draft and what it was compiled from.
pub(crate) struct CachedDraft<S> {
    /// The draft's revision.
    pub(crate) revision: u64,
    /// The state of the tenant's actions.
    pub(crate) actions: u64,
    pub(crate) release: DraftRelease<S>,
}

impl<S> Default for Live<S> {
    fn default() -> Self {
        Self { armed_until: AtomicI64::new(i64::MIN), draft: Mutex::new(None) }
    }
}

impl<S> Hook<S> {
    pub(crate) fn new(tenant: TenantId, doc: FlowDoc, revision: u64, live: Arc<Live<S>>) -> Self {
        Self {
            tenant,
            flow: doc.id,
            name: doc.name.clone(),
            key: doc.key.clone(),
            enabled: doc.enabled,
            published: None,
            broken: None,
            doc,
            revision,
            live,
        }
    }

    /// The same flow after its document changed to `doc`; the published release stays.
    pub(crate) fn changed(&self, doc: FlowDoc, revision: u64) -> Self {
        Self {
            published: self.published.clone(),
            broken: self.broken.clone(),
            ..Self::new(self.tenant.clone(), doc, revision, Arc::clone(&self.live))
        }
    }

    /// Whether the development URL answers: somebody listens, or the flow is armed.
    pub fn is_listening(&self, now: Timestamp, listeners: usize) -> bool {
        listeners > 0 || self.live.armed_until.load(Ordering::Relaxed) > now.as_millis()
    }

    /// Until when the flow is armed; none where it is not armed at `now`.
    pub fn armed_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = Timestamp::from_millis(self.live.armed_until.load(Ordering::Relaxed));
        (until > now).then_some(until)
    }

    pub(crate) fn arm_until(&self, until: Option<Timestamp>) {
        self.live.armed_until.store(until.map_or(i64::MIN, Timestamp::as_millis), Ordering::Relaxed);
    }

    /// Why the server switched the flow off; none where somebody did, or it is on.
    pub fn disabled(&self) -> Option<&DisabledInfo> {
        self.doc.disabled.as_deref()
    }

    /// When the flow was enabled or published last: what came before is neither counted nor made up for.
    pub fn fresh_since(&self) -> Timestamp {
        self.doc.enabled_at.unwrap_or(self.doc.created_at)
    }

    /// When the flow starts by itself; none where it does not, or not now.
    pub fn schedule(&self) -> Option<&ScheduleDef> {
        let release = self.published.as_ref().filter(|_| self.enabled)?;
        release.plan.schedule.as_deref()
    }

    /// Whether anything was ever published and is so still.
    pub const fn is_published(&self) -> bool {
        self.doc.published.is_some()
    }
}

impl<S> fmt::Debug for Hook<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.doc.published.as_ref().map(|published| published.version);
        f.debug_struct("Hook")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .field("published", &version)
            .finish_non_exhaustive()
    }
}
