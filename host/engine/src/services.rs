//! What runs may use of the server, made once at start. It starts nothing itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Notify;
use weir_cluster::Cluster;
use weir_egress::Egress;
use weir_model::{ArtifactHash, Clock, Entropy, Json, Outcome, RunId, RunIds, RunSummary, TenantId};
use weir_sandbox::{Action, Sandbox};

use crate::Catalog;
use crate::background::Background;
use crate::lanes::Lanes;
use crate::run::RunContext;
use crate::steady::Steady;
use crate::steps::Failure;

/// The handles that runs share.
pub struct Services {
    /// What exists.
    pub catalog: Arc<Catalog>,
    /// Queue, run log, debug events.
    pub cluster: Cluster,
    /// Components.
    pub sandbox: Arc<Sandbox>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    pub(crate) lanes: Lanes,
    pub(crate) background: Background,
    pub(crate) live: Live,
    pub(crate) run_ids: RunIds,
    /// The clock of waits, which a jump of the wall clock does not move.
    pub(crate) steady: Steady,
    /// Where callers reach the hooks, such as `https://hooks.example`; known once the server listens.
    pub(crate) public_url: OnceLock<String>,
    /// Requests with a key whose first run has not been answered.
    pub(crate) seen: Arc<crate::seen::UnderWay>,
}

impl Services {
    pub(crate) fn new_run_id(&self) -> RunId {
        self.run_ids.next(self.clock.now(), &*self.entropy)
    }

    /// A component that a tenant uses, ready to be instantiated; compiled again where its cache file is gone.
    pub(crate) async fn load(&self, tenant: &TenantId, hash: &ArtifactHash) -> Result<Arc<Action>, Failure> {
        if let Some(action) = self.sandbox.get(hash) {
            return Ok(action);
        }
        let (artifacts, wanted) = (Arc::clone(&self.cluster.artifacts), hash.clone());
        let bytes = move || {
            let bytes = artifacts.get(&wanted)?;
            bytes.ok_or_else(|| format!("the component {wanted} is not in the store; upload it again").into())
        };
        self.sandbox.load(tenant, hash, bytes).await.map_err(|error| Failure::from_coded(&error))
    }
}

/// Runs that are alive: how many, so that a drain knows when it is over, and those that only memory knows of.
#[derive(Default)]
pub(crate) struct Live {
    count: AtomicUsize,
    none_left: Notify,
    /// Runs whose callers were sent away and know their ids; the log gets them when they end.
    shown: Mutex<HashMap<RunId, (TenantId, RunSummary)>>,
    /// Runs that may be reached from outside: those that are on disk too, and those whose callers were sent away.
    reachable: Mutex<HashMap<RunId, Arc<RunContext>>>,
    /// Runs in line that shall end once it is their turn, and who said so.
    doomed: Mutex<HashMap<RunId, String>>,
}

impl Live {
    pub(crate) fn enter(services: &Arc<Services>) -> Alive {
        services.live.count.fetch_add(1, Ordering::Relaxed);
        Alive(Arc::clone(services))
    }

    pub(crate) async fn wait_for_none(&self) {
        loop {
            let notified = self.none_left.notified();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }

    /// Lets a run be looked up before it ends.
    pub(crate) fn show(&self, context: &RunContext) {
        let summary = context.summary(Outcome::Running, None, 0, None);
        self.shown.lock().insert(context.id, (context.tenant.clone(), summary));
    }

    /// The run has ended.
    pub(crate) fn hide(&self, run: RunId) {
        self.shown.lock().remove(&run);
    }

    /// A run that was shown.
    pub(crate) fn find(&self, tenant: &TenantId, run: RunId) -> Option<Json> {
        let shown = self.shown.lock();
        let (owner, summary) = shown.get(&run)?;
        if owner == tenant { Json::of(summary).ok() } else { None }
    }

    /// Lets a run be reached from outside; it hears what was said to it before.
    pub(crate) fn register(&self, context: &Arc<RunContext>) {
        self.reachable.lock().insert(context.id, Arc::clone(context));
        if let Some(by) = self.doomed.lock().remove(&context.id) {
            context.control.cancel(&by);
        }
    }

    /// The run has ended; who still calls it looks elsewhere.
    pub(crate) fn unregister(&self, context: &RunContext) {
        if self.reachable.lock().remove(&context.id).is_some() {
            drop(context.control.take_calls());
        }
    }

    /// Lets a run leave memory, unless something reached it that it has not looked at.
    pub(crate) fn unregister_if_quiet(&self, context: &RunContext) -> bool {
        let mut reachable = self.reachable.lock();
        let is_quiet = context.control.is_quiet();
        if is_quiet {
            reachable.remove(&context.id);
        }
        is_quiet
    }

    /// Does something with a run that can be reached, which does not leave memory meanwhile.
    pub(crate) fn reach<T>(&self, tenant: &TenantId, run: RunId, tell: impl FnOnce(&RunContext) -> T) -> Option<T> {
        let reachable = self.reachable.lock();
        reachable.get(&run).filter(|context| context.tenant == *tenant).map(|context| tell(context))
    }

    /// Ends a run once it is its turn.
    pub(crate) fn doom(&self, run: RunId, by: &str) {
        self.doomed.lock().insert(run, by.to_owned());
    }

    /// Takes that back; false where the run has heard it.
    pub(crate) fn spare(&self, run: RunId) -> bool {
        self.doomed.lock().remove(&run).is_some()
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// One run that is alive, until dropped.
pub(crate) struct Alive(Arc<Services>);

impl Drop for Alive {
    fn drop(&mut self) {
        if self.0.live.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.live.none_left.notify_waiters();
        }
    }
}
