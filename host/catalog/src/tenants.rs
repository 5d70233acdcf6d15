//! Tenants: which there are. It must not know what they own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use weir_cluster::{Change, Expect};
use weir_model::{Limits, TenantId, Timestamp};

use crate::commit::Writing;
use crate::documents::{TenantDoc, tenant_key};
use crate::egress::TenantEgress;
use crate::limits::Base;
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

/// What is kept in memory of a tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Its document, with what is set for it.
    pub(crate) doc: TenantDoc,
    /// The document's revision in the cluster.
    pub(crate) revision: u64,
    /// What its runs may use: the server's limits, lowered by its own.
    pub(crate) limits: Arc<Limits>,
    /// Where its requests may go.
    pub(crate) egress: TenantEgress,
}

impl Tenant {
    pub(crate) fn new(base: &Base, doc: TenantDoc, revision: u64) -> Self {
        Self { limits: base.lowered(&doc.limits), egress: TenantEgress::from(&doc.egress), doc, revision }
    }
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// All tenants in the order of their ids.
    pub fn tenants(&self) -> Vec<TenantView> {
        let hooks = self.state.hooks.load();
        let view = |(id, tenant): (&TenantId, &Arc<Tenant>)| TenantView {
            id: id.clone(),
            created_at: tenant.doc.created_at,
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
        let doc = TenantDoc::new(id.clone(), self.clock.now());
        let changes = vec![put(tenant_key(id), Expect::Absent, &doc)?];
        let view = TenantView { id: id.clone(), created_at: doc.created_at, flows: 0 };
        self.put_tenant(writing, changes, doc).await?;
        Ok(view)
    }

    /// Writes a tenant's document, the first of `changes`, and keeps what is needed of it.
    pub(crate) async fn put_tenant(
        &self,
        writing: Writing,
        changes: Vec<Change>,
        doc: TenantDoc,
    ) -> Result<(), CatalogError> {
        let base = self.base.clone();
        let remember = move |state: &State<S>, revisions: &[u64]| {
            let id = doc.id.clone();
            let tenant = Tenant::new(&base, doc, revisions.first().copied().unwrap_or_default());
            State::<S>::change(&state.tenants, |tenants: &mut BTreeMap<_, _>| {
                tenants.insert(id, Arc::new(tenant));
            });
        };
        self.commit(writing, changes, remember).await.map(|_| ())
    }

    pub(crate) fn tenant_known(&self, id: &TenantId) -> Result<(), CatalogError> {
        if self.has_tenant(id) { Ok(()) } else { Err(CatalogError::not_found(Thing::Tenant, id)) }
    }
}
