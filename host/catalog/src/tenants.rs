//! Tenants: which there are. It must not know what they own.

use std::collections::BTreeMap;

use serde::Serialize;
use weir_cluster::Expect;
use weir_model::{TenantId, Timestamp};

use crate::documents::{TenantDoc, tenant_key};
use crate::shelf::put;
use crate::state::State;
use crate::{Catalog, CatalogError, Thing, bounds};

/// A tenant, as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct TenantView {
    /// Its id.
    pub id: TenantId,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many flows it has.
    pub flows: usize,
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// All tenants in the order of their ids.
    pub fn tenants(&self) -> Vec<TenantView> {
        let hooks = self.state.hooks.load();
        let view = |(id, created_at): (&TenantId, &Timestamp)| TenantView {
            id: id.clone(),
            created_at: *created_at,
            flows: hooks.count(id),
        };
        self.state.tenants.load().iter().map(view).collect()
    }

    /// Whether there is such a tenant.
    pub fn has_tenant(&self, id: &TenantId) -> bool {
        self.state.tenants.load().contains_key(id)
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// [`CatalogError::Exists`] where there is one of that id.
    pub async fn create_tenant(&self, id: &TenantId) -> Result<TenantView, CatalogError> {
        let writing = self.writing().await;
        if self.has_tenant(id) {
            return Err(CatalogError::Exists { thing: Thing::Tenant, name: id.to_string(), hint: "take another id" });
        }
        if self.state.tenants.load().len() >= bounds::TENANTS {
            let hint = "start another server for more";
            return Err(CatalogError::Limit { what: "tenants", limit: bounds::TENANTS, hint });
        }
        let doc = TenantDoc { id: id.clone(), created_at: self.clock.now() };
        let changes = vec![put(tenant_key(id), Expect::Absent, &doc)?];
        let view = TenantView { id: id.clone(), created_at: doc.created_at, flows: 0 };
        let remember = move |state: &State<S>, _: &[u64]| {
            State::<S>::change(&state.tenants, |tenants: &mut BTreeMap<_, _>| {
                tenants.insert(doc.id, doc.created_at);
            });
        };
        self.commit(writing, changes, remember).await?;
        Ok(view)
    }

    pub(crate) fn tenant_known(&self, id: &TenantId) -> Result<(), CatalogError> {
        if self.has_tenant(id) { Ok(()) } else { Err(CatalogError::not_found(Thing::Tenant, id)) }
    }
}
