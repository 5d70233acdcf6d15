//! The catalog itself: what it holds and the look-ups of the hot path. Changes live in `flows`, `actions`, `tenants`,
//! `tokens` and `secrets`.

use std::sync::Arc;

use parking_lot::Mutex;
use weir_cluster::Cluster;
use weir_flow::Kinds;
use weir_model::{Clock, Entropy, FlowId, FlowName, LimitOverrides, TenantId};
use weir_sandbox::Sandbox;
use weir_vault::{KeySource, Token};

use crate::compile::Compiler;
use crate::limits::Base;
use crate::retention::Retention;
use crate::secrets::Keys;
use crate::shelf::Shelf;
use crate::state::State;
use crate::{Hook, RetentionDef, Scheduled};

/// What a catalog is made of.
pub struct Options<S> {
    /// Where definitions and artifacts are kept.
    pub cluster: Cluster,
    /// What admits components.
    pub sandbox: Arc<Sandbox>,
    /// What steps may use.
    pub kinds: Arc<dyn Kinds<S>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids, keys and tokens.
    pub entropy: Arc<dyn Entropy>,
    /// What the operator sets of the limits of runs, lower or higher than the defaults.
    pub limits: LimitOverrides,
    /// How long runs are kept, whichever tenant's they are.
    pub retention: RetentionDef,
    /// Where the keys come from that seal the tenants' secrets.
    pub keys: Arc<dyn KeySource>,
}

/// What exists. `S` is what the engine executes for a step.
pub struct Catalog<S> {
    pub(crate) cluster: Cluster,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) base: Base,
    pub(crate) retention: Retention,
    pub(crate) keys: Keys,
    pub(crate) compiler: Compiler<S>,
    pub(crate) shelf: Shelf,
    pub(crate) state: Arc<State<S>>,
    /// Held by whoever changes something; readers never take it.
    pub(crate) writers: Arc<tokio::sync::Mutex<()>>,
    /// The operator's token of a first start, until somebody takes it.
    pub(crate) first_token: Mutex<Option<Token>>,
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// The hook of a key. Never waits.
    pub fn hook(&self, key: &str) -> Option<Arc<Hook<S>>> {
        self.state.hooks.load().by_key(key).cloned()
    }

    /// The hook of a flow. Never waits.
    pub fn hook_by_flow(&self, tenant: &TenantId, flow: FlowId) -> Option<Arc<Hook<S>>> {
        self.state.hooks.load().by_flow(tenant, flow).cloned()
    }

    /// The hook of a flow by its name. Never waits.
    pub fn hook_by_name(&self, tenant: &TenantId, name: &FlowName) -> Option<Arc<Hook<S>>> {
        self.state.hooks.load().by_name(tenant, name).cloned()
    }

    /// The hooks that start by themselves: published, enabled, with a schedule. Never waits.
    pub fn scheduled(&self) -> Scheduled<S> {
        self.state.hooks.load().scheduled()
    }

    /// The step kinds that definitions may use.
    pub fn kinds(&self) -> &Arc<dyn Kinds<S>> {
        self.compiler.kinds()
    }
}
