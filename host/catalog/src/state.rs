//! What the catalog holds in memory. Readers take the value of a moment and never wait; only a commit puts a new one in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use weir_model::TenantId;
use weir_vault::{TokenId, TokenRecord};

use crate::Hook;
use crate::actions::ActionIndex;
use crate::index::Index;
use crate::secrets::Safe;
use crate::tenants::Tenant;

/// Everything in memory.
pub(crate) struct State<S> {
    pub(crate) hooks: ArcSwap<Index<S>>,
    pub(crate) actions: ArcSwap<ActionIndex>,
    pub(crate) tenants: ArcSwap<BTreeMap<TenantId, Arc<Tenant>>>,
    pub(crate) tokens: ArcSwap<HashMap<TokenId, TokenRecord>>,
    /// Whoever has no safe has no secrets.
    pub(crate) safes: ArcSwap<BTreeMap<TenantId, Arc<Safe>>>,
    /// Tokens that end with the process.
    pub(crate) sessions: Mutex<HashMap<TokenId, TokenRecord>>,
}

impl<S> Default for State<S> {
    fn default() -> Self {
        Self {
            hooks: ArcSwap::default(),
            actions: ArcSwap::default(),
            tenants: ArcSwap::default(),
            tokens: ArcSwap::default(),
            safes: ArcSwap::default(),
            sessions: Mutex::default(),
        }
    }
}

impl<S> State<S> {
    /// Puts a hook in, in place of the one that its flow had.
    pub(crate) fn put_hook(&self, hook: Hook<S>) -> Arc<Hook<S>> {
        let hook = Arc::new(hook);
        let mut index = Index::clone(&self.hooks.load());
        index.insert(Arc::clone(&hook));
        self.hooks.store(Arc::new(index));
        hook
    }

    /// Changes a copy of `cell`'s value and puts it in. Only the holder of the writers' lock calls it.
    pub(crate) fn change<T: Clone>(cell: &ArcSwap<T>, change: impl FnOnce(&mut T)) {
        let mut value = T::clone(&cell.load());
        change(&mut value);
        cell.store(Arc::new(value));
    }
}
