//! The hook itself: on, off, and another key.

use weir_model::{FlowName, HookKey, TenantId};

use super::replace;
use crate::documents::FlowDoc;
use crate::{Catalog, CatalogError, FlowView};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Lets calls run, or refuses them; the hook and its key stay. Once enabled again it starts anew: failures before are
    /// not counted, times of its schedule before are not made up for.
    ///
    /// # Errors
    /// Where there is no such flow or it cannot be written.
    pub async fn set_enabled(
        &self,
        tenant: &TenantId,
        name: &FlowName,
        enabled: bool,
    ) -> Result<FlowView, CatalogError> {
        let now = self.clock.now();
        let change = |doc: &mut FlowDoc| {
            if enabled && !doc.enabled {
                doc.enabled_at = Some(now);
            }
            if enabled != doc.enabled {
                doc.disabled = None;
            }
            doc.enabled = enabled;
        };
        self.alter(tenant, name, change).await
    }

    /// Gives the hook another key; the old one is unknown at once.
    ///
    /// # Errors
    /// Where there is no such flow or it cannot be written.
    pub async fn regenerate_key(&self, tenant: &TenantId, name: &FlowName) -> Result<FlowView, CatalogError> {
        let key = HookKey::generate(&*self.entropy);
        self.alter(tenant, name, |doc| doc.key = key).await
    }

    async fn alter(
        &self,
        tenant: &TenantId,
        name: &FlowName,
        change: impl FnOnce(&mut FlowDoc),
    ) -> Result<FlowView, CatalogError> {
        let writing = self.writing().await;
        let hook = self.existing(tenant, name)?;
        let mut doc = FlowDoc { updated_at: self.clock.now(), ..hook.doc.clone() };
        change(&mut doc);
        let changes = vec![replace(&hook, &doc)?];
        let remember = move |state: &crate::state::State<S>, revisions: &[u64]| {
            state.put_hook(hook.changed(doc, revisions.first().copied().unwrap_or_default()))
        };
        let (hook, _) = self.commit(writing, changes, remember).await?;
        Ok(self.view(&hook))
    }
}
