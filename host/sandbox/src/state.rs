//! What one call keeps while it runs: the data of its store. It is made lean, for every call makes one.

use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtx;
use weir_model::{Clock, Entropy, Json, Limits};

use crate::limiter::Limiter;
use crate::logs::{LogCaps, Logs};
use crate::meter::Meter;
use crate::{Kv, Variables};

/// What host functions of all calls share.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// Buckets of the tenant's key-value store that an action may use.
#[derive(Clone)]
pub(crate) enum Buckets {
    /// Those that it declared.
    Declared(Arc<[String]>),
    /// All of them.
    All,
}

impl Default for Buckets {
    fn default() -> Self {
        Self::Declared(Arc::default())
    }
}

impl Buckets {
    pub(crate) fn have(&self, bucket: &str) -> bool {
        match self {
            Self::Declared(buckets) => buckets.iter().any(|declared| declared == bucket),
            Self::All => true,
        }
    }
}

/// The data of one call's store.
pub(crate) struct State {
    pub(crate) limiter: Limiter,
    pub(crate) meter: Meter,
    pub(crate) world: Arc<World>,
    pub(crate) variables: Arc<dyn Variables>,
    /// Variables set or removed, in the order of the first change of each.
    pub(crate) changes: Vec<(String, Option<Json>)>,
    pub(crate) changed_bytes: u64,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) buckets: Buckets,
    /// The input, where the component imports `payload`.
    pub(crate) input: Option<Box<str>>,
    pub(crate) filesystem: WasiFilesystemCtx,
    handles: ResourceTable,
    /// Stays empty: takes the place of `handles` once calls of the host are used up.
    no_handles: ResourceTable,
    /// Shared with the guest's output streams, which live in the table; made when something is logged.
    logs: Option<Arc<Mutex<Logs>>>,
}

impl State {
    pub(crate) fn new(world: Arc<World>, limits: &Limits, variables: Arc<dyn Variables>, kv: Arc<dyn Kv>) -> Self {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(usize::try_from(limits.handles).unwrap_or(usize::MAX));
        Self {
            limiter: Limiter::new(limits.memory_bytes),
            meter: Meter::new(limits),
            world,
            variables,
            changes: Vec::new(),
            changed_bytes: 0,
            kv,
            buckets: Buckets::default(),
            input: None,
            filesystem: WasiFilesystemCtx::default(),
            handles,
            no_handles: ResourceTable::new(),
            logs: None,
        }
    }

    /// The lines of this call.
    pub(crate) fn logs(&mut self) -> &Arc<Mutex<Logs>> {
        let limits = &self.meter.limits;
        self.logs.get_or_insert_with(|| Arc::new(Mutex::new(Logs::new(LogCaps::of(limits)))))
    }

    /// The lines of this call, if there are any.
    pub(crate) fn written(&self) -> Option<&Arc<Mutex<Logs>>> {
        self.logs.as_ref()
    }

    /// The guest's handles. Functions of WASI that get them cannot be refused one by one: where calls of the host are
    /// used up they find no handle any more, which ends the call.
    pub(crate) const fn handles(&mut self) -> &mut ResourceTable {
        if self.meter.check().is_ok() { &mut self.handles } else { &mut self.no_handles }
    }

    /// What file functions of WASI get: nothing to begin with, and the guest's handles.
    pub(crate) const fn files(&mut self) -> (&mut WasiFilesystemCtx, &mut ResourceTable) {
        let handles = if self.meter.check().is_ok() { &mut self.handles } else { &mut self.no_handles };
        (&mut self.filesystem, handles)
    }

    /// Counts a call of a host function that takes `bytes` bytes, and steps aside now and then.
    pub(crate) async fn called(&mut self, bytes: usize) -> wasmtime::Result<()> {
        if self.meter.call(bytes)? {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Counts bytes that a host function hands to the component.
    pub(crate) fn hands(&mut self, bytes: usize) -> wasmtime::Result<()> {
        Ok(self.meter.bytes(bytes)?)
    }
}
