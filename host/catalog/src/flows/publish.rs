//! Publishing a draft and going back to an older version. A version never changes once it is written.

use std::sync::Arc;

use weir_cluster::Expect;
use weir_flow::{Checked, Plan};
use weir_model::{Findings, FlowName, Severity, TenantId};

use super::replace;
use crate::actions::TenantActions;
use crate::documents::{DraftDoc, FlowDoc, Pins, PublishedInfo, VersionDoc, draft_key, version_key};
use crate::hook::Release;
use crate::shelf::put;
use crate::{Catalog, CatalogError, FlowView, Hook, Published, Thing, bounds};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Publishes the draft as the next version, with the action versions that its references mean now.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] with all findings where any of them is an error.
    pub async fn publish(
        &self,
        tenant: &TenantId,
        name: &FlowName,
        note: Option<String>,
    ) -> Result<Published, CatalogError> {
        if note.as_ref().is_some_and(|note| note.chars().count() > bounds::NOTE) {
            return Err(CatalogError::Bad(format!("the note is longer than {} characters: shorten it", bounds::NOTE)));
        }
        // Before the writers' lock is taken: an action may think for a while, and others write meanwhile.
        let (asked, mut objections) = self.objections(tenant, name).await?;
        let writing = self.writing().await;
        let hook = self.existing(tenant, name)?;
        let text = self.draft_of(&hook)?.text;
        if text != asked {
            return Err(CatalogError::Raced { what: format!("the draft of {name}") });
        }
        let (mut checked, actions) = self.checked(tenant, &text).await?;
        if objections.iter().any(|finding| finding.severity == Severity::Error) {
            checked.plan = None;
        }
        checked.findings.append(&mut objections);
        let (plan, def, findings) = ready(name, checked)?;
        let pins = def.map(|def| self.compiler.pins(&def, &actions)).unwrap_or_default();
        let version = hook.doc.latest.saturating_add(1);
        let now = self.clock.now();
        let written = VersionDoc { version, text, note, created_at: now, pins: pins.clone() };
        let doc = FlowDoc {
            published: Some(PublishedInfo { version, pins }),
            latest: version,
            updated_at: now,
            enabled_at: Some(now),
            ..hook.doc.clone()
        };
        let changes =
            vec![replace(&hook, &doc)?, put(version_key(tenant, hook.flow, version), Expect::Absent, &written)?];
        let hook = self.release_as(writing, hook, doc, changes, plan).await?;
        Ok(Published { flow: self.view(&hook), version, findings })
    }

    /// Publishes an older (or later) version again. The next publish still takes the next number.
    ///
    /// # Errors
    /// Where there is no such version, or it no longer compiles, such as after an action it uses was deleted.
    pub async fn rollback(&self, tenant: &TenantId, name: &FlowName, version: u32) -> Result<FlowView, CatalogError> {
        let writing = self.writing().await;
        let hook = self.existing(tenant, name)?;
        let written = self.version_of(&hook, version)?;
        let actions = self.state.actions.load().of(tenant);
        let (plan, _, _) = ready(name, self.pinned(&written, actions).await?)?;
        let published = Some(PublishedInfo { version, pins: written.pins });
        let now = self.clock.now();
        let doc = FlowDoc { published, updated_at: now, enabled_at: Some(now), ..hook.doc.clone() };
        let changes = vec![replace(&hook, &doc)?];
        let hook = self.release_as(writing, hook, doc, changes, plan).await?;
        Ok(self.view(&hook))
    }

    /// Writes the changes and puts a hook with the new release into the index.
    async fn release_as(
        &self,
        writing: crate::commit::Writing,
        hook: Arc<Hook<S>>,
        doc: FlowDoc,
        changes: Vec<weir_cluster::Change>,
        plan: Plan<S>,
    ) -> Result<Arc<Hook<S>>, CatalogError> {
        let version = doc.published.as_ref().map_or(0, |published| published.version);
        let release = Arc::new(Release { version, revision: 0, plan });
        let remember = move |state: &crate::state::State<S>, revisions: &[u64]| {
            let mut changed = hook.changed(doc, revisions.first().copied().unwrap_or_default());
            (changed.published, changed.broken) = (Some(release), None);
            // What was published is in memory now; the draft's plan is made again where the draft is called.
            *changed.live.draft.lock() = None;
            state.put_hook(changed)
        };
        self.commit(writing, changes, remember).await.map(|(hook, _)| hook)
    }

    /// Compiles a published text with the action versions it was published with.
    pub(super) async fn pinned(
        &self,
        written: &VersionDoc,
        actions: Arc<TenantActions>,
    ) -> Result<Checked<S>, CatalogError> {
        let (compiler, text, pins): (_, _, Pins) = (self.compiler.clone(), written.text.clone(), written.pins.clone());
        let task = tokio::task::spawn_blocking(move || compiler.pinned(&text, &pins, &actions));
        task.await.map_err(|_| CatalogError::Stopping)
    }

    pub(super) fn draft_of(&self, hook: &Hook<S>) -> Result<DraftDoc, CatalogError> {
        let missing = || CatalogError::not_found_in(Thing::Flow, &hook.name, format_args!("tenant {}", hook.tenant));
        self.shelf.read(&draft_key(&hook.tenant, hook.flow))?.ok_or_else(missing)
    }

    pub(crate) fn version_of(&self, hook: &Hook<S>, version: u32) -> Result<VersionDoc, CatalogError> {
        let missing = || CatalogError::not_found_in(Thing::Version, version, format_args!("flow {}", hook.name));
        self.shelf.read(&version_key(&hook.tenant, hook.flow, version))?.ok_or_else(missing)
    }
}

type Ready<S> = (Plan<S>, Option<weir_model::FlowDef>, Findings);

/// The plan of a text without errors.
fn ready<S>(name: &FlowName, checked: Checked<S>) -> Result<Ready<S>, CatalogError> {
    let Checked { def, plan, findings } = checked;
    match plan {
        Some(plan) => Ok((plan, def, findings)),
        None => Err(CatalogError::Invalid { flow: name.to_string(), findings }),
    }
}
