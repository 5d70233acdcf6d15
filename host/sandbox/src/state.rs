//! What one call keeps while it runs: the data of its store. It is made lean, for every call makes one.

use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtx;
use weir_model::{Clock, Entropy, Json, Limits};

use crate::Variables;
use crate::limiter::Limiter;
use crate::logs::{LogCaps, Logs};

/// Handles that one call may hold at a time.
pub(crate) const MAX_HANDLES: usize = 256;

/// How much host work, in bytes looked at, is done before other calls get their turn.
const WORK_SLICE: usize = 1 << 20;

/// What host functions of all calls share.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// The data of one call's store.
pub(crate) struct State {
    pub(crate) limiter: Limiter,
    pub(crate) world: Arc<World>,
    pub(crate) variables: Arc<dyn Variables>,
    /// Variables set or removed, in the order of the first change of each.
    pub(crate) changes: Vec<(String, Option<Json>)>,
    pub(crate) changed_bytes: u64,
    pub(crate) variable_bytes: u64,
    /// The input, where the component imports `payload`.
    pub(crate) input: Option<Box<str>>,
    pub(crate) table: ResourceTable,
    pub(crate) filesystem: WasiFilesystemCtx,
    pub(crate) host_calls: u64,
    work: usize,
    log_caps: LogCaps,
    /// Shared with the guest's output streams, which live in the table; made when something is logged.
    logs: Option<Arc<Mutex<Logs>>>,
}

impl State {
    pub(crate) fn new(world: Arc<World>, limits: &Limits, variables: Arc<dyn Variables>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            limiter: Limiter::new(limits.memory_bytes),
            world,
            variables,
            changes: Vec::new(),
            changed_bytes: 0,
            variable_bytes: limits.variable_bytes,
            input: None,
            table,
            filesystem: WasiFilesystemCtx::default(),
            host_calls: 0,
            work: 0,
            log_caps: LogCaps::of(limits),
            logs: None,
        }
    }

    /// The lines of this call.
    pub(crate) fn logs(&mut self) -> &Arc<Mutex<Logs>> {
        let caps = self.log_caps;
        self.logs.get_or_insert_with(|| Arc::new(Mutex::new(Logs::new(caps))))
    }

    /// The lines of this call, if there are any.
    pub(crate) fn written(&self) -> Option<&Arc<Mutex<Logs>>> {
        self.logs.as_ref()
    }

    /// Counts a call of a host function that looks at `bytes` bytes. Fuel does not count them, so the call steps aside
    /// now and then: other calls get their turn, and the time limit gets its chance.
    pub(crate) async fn called(&mut self, bytes: usize) {
        self.host_calls += 1;
        self.work = self.work.saturating_add(bytes).saturating_add(1 << 10);
        if self.work >= WORK_SLICE {
            self.work = 0;
            tokio::task::yield_now().await;
        }
    }
}
