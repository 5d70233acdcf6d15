//! Switching a flow off because its runs keep failing. Whoever asks decides when; this only writes it.

use weir_model::{FlowId, TenantId, Timestamp};

use super::replace;
use crate::documents::{DisabledInfo, FlowDoc};
use crate::{Catalog, CatalogError};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Switches a flow off and keeps the reason, which its hook tells from then on. `since` is what the reason counts from
    /// ([`crate::Hook::fresh_since`]): false, and nothing is changed, where the flow was enabled or published after it, is
    /// off already, or is gone.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn switch_off(
        &self,
        tenant: &TenantId,
        flow: FlowId,
        since: Timestamp,
        reason: String,
    ) -> Result<bool, CatalogError> {
        let writing = self.writing().await;
        let Some(hook) = self.hook_by_flow(tenant, flow) else { return Ok(false) };
        if !hook.enabled || hook.fresh_since() != since {
            return Ok(false);
        }
        let now = self.clock.now();
        let disabled = Some(Box::new(DisabledInfo { reason, at: now }));
        let doc = FlowDoc { enabled: false, disabled, updated_at: now, ..hook.doc.clone() };
        let changes = vec![replace(&hook, &doc)?];
        let remember = move |state: &crate::state::State<S>, revisions: &[u64]| {
            state.put_hook(hook.changed(doc, revisions.first().copied().unwrap_or_default()));
        };
        self.commit(writing, changes, remember).await.map(|((), _)| true)
    }
}
