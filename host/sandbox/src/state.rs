//! What one call keeps while it runs: the data of its store. It is made lean, for every call makes one.

use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtx;
use wasmtime_wasi_http::WasiHttpCtxView;
use weir_model::{Clock, Entropy, Json, Limits};

use crate::door::Door;
use crate::grants::Grants;
use crate::limiter::Limiter;
use crate::logs::{LogCaps, Logs};
use crate::meter::Meter;
use crate::wasi::WasiHttpState;
use crate::{Kv, NoKv, NoOutbound, NoVariables, Outbound, Variables};

/// What host functions of all calls share.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// What a call is given of the run and the tenant.
pub(crate) struct Given {
    pub(crate) variables: Arc<dyn Variables>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) outbound: Arc<dyn Outbound>,
    pub(crate) grants: Arc<Grants>,
}

impl Given {
    /// Nothing at all.
    pub(crate) fn nothing(grants: Arc<Grants>) -> Self {
        Self { variables: Arc::new(NoVariables), kv: Arc::new(NoKv), outbound: Arc::new(NoOutbound), grants }
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
    pub(crate) outbound: Arc<dyn Outbound>,
    pub(crate) grants: Arc<Grants>,
    /// Made when the call first sends something.
    door: Option<Door>,
    /// Made when the call first uses `wasi:http`.
    wasi_http: Option<Box<WasiHttpState>>,
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
    pub(crate) fn new(world: Arc<World>, limits: &Limits, given: Given) -> Self {
        let Given { variables, kv, outbound, grants } = given;
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
            outbound,
            grants,
            door: None,
            wasi_http: None,
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

    /// The door for this call's requests.
    pub(crate) fn door(&mut self) -> &Door {
        let (outbound, grants, limits) = (&self.outbound, &self.grants, &self.meter.limits);
        self.door.get_or_insert_with(|| Door::new(Arc::clone(outbound), Arc::clone(grants), limits))
    }

    /// What functions of `wasi:http` get: the same door, and the guest's handles.
    pub(crate) fn web(&mut self) -> WasiHttpCtxView<'_> {
        let door = self.door().clone();
        let http = self.wasi_http.get_or_insert_with(|| Box::new(WasiHttpState::new(door)));
        let table = if self.meter.check().is_ok() { &mut self.handles } else { &mut self.no_handles };
        WasiHttpCtxView { hooks: &mut http.hooks, table, ctx: &mut http.ctx }
    }

    /// Takes over into the counts what went through the door.
    pub(crate) fn settle(&mut self) {
        let Some(door) = &self.door else { return };
        for limit in door.settle(&mut self.meter.usage) {
            self.meter.reach(limit);
        }
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
