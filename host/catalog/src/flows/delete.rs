//! Deleting a flow: its documents and its hook. Its runs stay until their retention ends.

use weir_cluster::{Change, DocKind, Expect};
use weir_model::{FlowName, TenantId};

use crate::documents::{draft_key, flow_key, schedule_key, version_prefix};
use crate::state::State;
use crate::{Catalog, CatalogError, Hook};

/// Versions deleted in one write.
const AT_ONCE: usize = 500;

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Deletes a flow with its draft and versions. The name can be used again; the id and the key cannot.
    ///
    /// # Errors
    /// Where there is no such flow or it cannot be written.
    pub async fn delete_flow(&self, tenant: &TenantId, name: &FlowName) -> Result<(), CatalogError> {
        let writing = self.writing().await;
        let hook = self.existing(tenant, name)?;
        let flow = hook.flow;
        let mut changes = vec![
            Change::delete(flow_key(tenant, name), Expect::Revision(hook.revision)),
            Change::delete(draft_key(tenant, flow), Expect::Any),
            Change::delete(schedule_key(tenant, flow), Expect::Any),
        ];
        // With the flow itself the first versions go in the same write; that is all of them for nearly every flow.
        changes.extend(self.versions_to_delete(&hook)?);
        let remember = move |state: &State<S>, _: &[u64]| State::<S>::change(&state.hooks, |index| index.remove(flow));
        let ((), mut writing) = self.commit(writing, changes, remember).await?;
        loop {
            let rest = self.versions_to_delete(&hook)?;
            if rest.is_empty() {
                return Ok(());
            }
            ((), writing) = self.commit(writing, rest, |_, _| ()).await?;
        }
    }

    fn versions_to_delete(&self, hook: &Hook<S>) -> Result<Vec<Change>, CatalogError> {
        let keys = self.shelf.keys(DocKind::Version, &hook.tenant, &version_prefix(hook.flow), AT_ONCE)?;
        Ok(keys.into_iter().map(|key| Change::delete(key, Expect::Any)).collect())
    }
}
