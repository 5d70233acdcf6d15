//! The index of all hooks: by key, by id and by name. One value is one moment; a change copies the maps, not the hooks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use weir_model::{FlowId, FlowName, TenantId};

use crate::Hook;

type Names<S> = BTreeMap<FlowName, Arc<Hook<S>>>;
/// The hooks that start by themselves, by their flows.
pub type Scheduled<S> = Arc<BTreeMap<FlowId, Arc<Hook<S>>>>;

/// All hooks at one moment.
pub(crate) struct Index<S> {
    keys: HashMap<Arc<str>, Arc<Hook<S>>>,
    flows: HashMap<FlowId, Arc<Hook<S>>>,
    /// Shared, so that a change copies the names of one tenant only.
    names: HashMap<TenantId, Arc<Names<S>>>,
    /// Shared, so that whoever watches the schedules holds it without a copy.
    scheduled: Scheduled<S>,
}

impl<S> Default for Index<S> {
    fn default() -> Self {
        Self { keys: HashMap::new(), flows: HashMap::new(), names: HashMap::new(), scheduled: Arc::default() }
    }
}

impl<S> Clone for Index<S> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            flows: self.flows.clone(),
            names: self.names.clone(),
            scheduled: Arc::clone(&self.scheduled),
        }
    }
}

impl<S> Index<S> {
    pub(crate) fn by_key(&self, key: &str) -> Option<&Arc<Hook<S>>> {
        self.keys.get(key)
    }

    pub(crate) fn by_flow(&self, tenant: &TenantId, flow: FlowId) -> Option<&Arc<Hook<S>>> {
        self.flows.get(&flow).filter(|hook| hook.tenant == *tenant)
    }

    pub(crate) fn by_name(&self, tenant: &TenantId, name: &FlowName) -> Option<&Arc<Hook<S>>> {
        self.names.get(tenant)?.get(name)
    }

    /// The hooks of a tenant in the order of their names.
    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> Arc<Names<S>> {
        self.names.get(tenant).cloned().unwrap_or_default()
    }

    pub(crate) fn count(&self, tenant: &TenantId) -> usize {
        self.names.get(tenant).map_or(0, |names| names.len())
    }

    pub(crate) fn scheduled(&self) -> Scheduled<S> {
        Arc::clone(&self.scheduled)
    }

    /// Puts a hook in, in place of the one that the flow had before.
    pub(crate) fn insert(&mut self, hook: Arc<Hook<S>>) {
        if let Some(old) = self.flows.insert(hook.flow, Arc::clone(&hook)) {
            self.keys.remove(old.key.as_str());
        }
        self.keys.insert(hook.key.as_str().into(), Arc::clone(&hook));
        if hook.schedule().is_some() {
            Arc::make_mut(&mut self.scheduled).insert(hook.flow, Arc::clone(&hook));
        } else if self.scheduled.contains_key(&hook.flow) {
            Arc::make_mut(&mut self.scheduled).remove(&hook.flow);
        }
        Arc::make_mut(self.names.entry(hook.tenant.clone()).or_default()).insert(hook.name.clone(), hook);
    }

    /// Takes a flow's hook out.
    pub(crate) fn remove(&mut self, flow: FlowId) {
        let Some(old) = self.flows.remove(&flow) else { return };
        self.keys.remove(old.key.as_str());
        if self.scheduled.contains_key(&flow) {
            Arc::make_mut(&mut self.scheduled).remove(&flow);
        }
        if let Some(names) = self.names.get_mut(&old.tenant) {
            Arc::make_mut(names).remove(&old.name);
        }
    }
}
