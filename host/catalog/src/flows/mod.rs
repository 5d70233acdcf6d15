//! Flows: their drafts, versions and hooks. Each change writes the flow's document with compare-and-set and then puts a
//! new hook into the index. It must not execute anything.

mod arm;
mod delete;
mod draft;
mod hook;
mod missing;
mod publish;
mod read;
mod release;
mod scripts;
mod settings;
mod switch_off;
mod view;

use std::sync::Arc;

use weir_cluster::Expect;
use weir_model::{FlowName, TenantId};

use crate::documents::{FlowDoc, flow_key};
use crate::shelf::put;
use crate::{Catalog, CatalogError, Hook, Thing};

pub use view::{DraftText, DraftView, FlowView, Published, Saved, ScheduleView, VersionText, VersionView};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// The hook of a flow that has to exist.
    fn existing(&self, tenant: &TenantId, name: &FlowName) -> Result<Arc<Hook<S>>, CatalogError> {
        self.hook_by_name(tenant, name).ok_or_else(|| match self.has_tenant(tenant) {
            true => CatalogError::not_found_in(Thing::Flow, name, format_args!("tenant {tenant}")),
            false => CatalogError::not_found(Thing::Tenant, tenant),
        })
    }
}

/// The change that writes a flow's document in place of the one that `hook` was made from.
fn replace<S>(hook: &Hook<S>, doc: &FlowDoc) -> Result<weir_cluster::Change, CatalogError> {
    put(flow_key(&hook.tenant, &hook.name), Expect::Revision(hook.revision), doc)
}
