//! Releases that are not in the index: drafts, compiled when they are called, and versions that older runs go on with.

use std::sync::Arc;

use weir_model::{FlowId, TenantId};

use crate::documents::DraftDoc;
use crate::hook::{CachedDraft, Release};
use crate::{Catalog, CatalogError, Hook, Thing};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// The draft of a flow, ready to execute; compiled once until the draft or the tenant's actions change.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] with the findings where the draft has errors.
    pub async fn draft(&self, hook: &Hook<S>) -> Result<Arc<Release<S>>, CatalogError> {
        let revision = hook.doc.draft.revision;
        let fresh = |cached: &CachedDraft<S>| {
            cached.revision == revision && cached.actions == self.state.actions.load().of(&hook.tenant).generation()
        };
        let known = hook.live.draft.lock().as_ref().filter(|cached| fresh(cached)).map(|cached| cached.release.clone());
        let release = match known {
            Some(release) => release,
            None => self.compile_draft(hook).await?,
        };
        release.map_err(|findings| CatalogError::Invalid { flow: hook.name.to_string(), findings: (*findings).clone() })
    }

    async fn compile_draft(&self, hook: &Hook<S>) -> Result<crate::hook::DraftRelease<S>, CatalogError> {
        let DraftDoc { text, revision } = self.draft_of(hook)?;
        let (checked, actions) = self.checked(&hook.tenant, &text).await?;
        let findings = checked.findings;
        let release = match checked.plan {
            Some(plan) => Ok(Arc::new(Release { version: 0, revision, plan })),
            None => Err(Arc::new(findings)),
        };
        let cached = CachedDraft { revision, actions: actions.generation(), release: release.clone() };
        *hook.live.draft.lock() = Some(cached);
        Ok(release)
    }

    /// A version of a flow, ready to execute: what a run that was parked goes on with. 0 is the draft as it is now.
    ///
    /// # Errors
    /// Where there is no such flow or version, or it no longer compiles.
    pub async fn release(
        &self,
        tenant: &TenantId,
        flow: FlowId,
        version: u32,
    ) -> Result<Arc<Release<S>>, CatalogError> {
        let missing = || CatalogError::not_found_in(Thing::Flow, flow, format_args!("tenant {tenant}"));
        let hook = self.hook_by_flow(tenant, flow).ok_or_else(missing)?;
        if version == 0 {
            return self.draft(&hook).await;
        }
        if let Some(release) = hook.published.as_ref().filter(|release| release.version == version) {
            return Ok(Arc::clone(release));
        }
        let written = self.version_of(&hook, version)?;
        let actions = self.state.actions.load().of(tenant);
        let checked = self.pinned(&written, actions).await?;
        let findings = checked.findings;
        match checked.plan {
            Some(plan) => Ok(Arc::new(Release { version, revision: 0, plan })),
            None => Err(CatalogError::Invalid { flow: hook.name.to_string(), findings }),
        }
    }
}
