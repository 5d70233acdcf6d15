//! One admitted action, and calls of it: each gets a fresh store and instance, which end with it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::{Engine, Store};
use weir_model::{ActionInfo, ArtifactHash, Json, Limits};

use crate::bindings::weir::action::manifest;
use crate::bindings::weir::action::types;
use crate::bindings::{self, ActionPre};
use crate::failure::{self, Scene};
use crate::grants::Grants;
use crate::state::{Given, State, World};
use crate::{BuiltIn, Call, Failure, Output, Ran, deadline};

/// Fuel between two moments at which other tasks may run; about ten microseconds.
const YIELD_INTERVAL: u64 = 100_000;

/// Bytes that the guest may hand over at a time besides what the limits name.
const CALL_BYTES: u64 = 1 << 20;

/// Bytes that the guest may hand over at a time: the host copies them before anything else can count them.
pub(crate) fn bytes_at_a_time(limits: &Limits) -> u64 {
    limits.output_bytes.max(limits.variable_bytes).max(limits.kv_value_bytes).saturating_add(CALL_BYTES)
}

/// What all actions of a sandbox share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) world: Arc<World>,
    /// One for each instance that the pool has room for.
    pub(crate) places: Semaphore,
}

/// An action that is ready to be called.
pub struct Action {
    hash: ArtifactHash,
    pre: ActionPre<State>,
    branches: Box<[String]>,
    grants: Arc<Grants>,
    reads_payload: bool,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Action").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// How a call into the component ended, before its result is looked at.
enum Ended<T> {
    Returned(T),
    Failed(Failure),
}

impl Action {
    /// Wraps a component that is linked. Its branches are not known yet: [`Self::describe`] tells them.
    pub(crate) fn new(hash: ArtifactHash, pre: ActionPre<State>, shared: Arc<Shared>) -> Self {
        let component = pre.instance_pre().component().component_type();
        let reads_payload = component.imports(&shared.engine).any(|(name, _)| name.starts_with("weir:action/payload@"));
        Self { hash, pre, branches: Box::default(), grants: Arc::default(), reads_payload, shared }
    }

    /// The action with what it declared: its branches, and what of the tenant's it may reach.
    pub(crate) fn declared(mut self, info: &ActionInfo) -> Self {
        self.branches = info.branches.as_slice().into();
        self.grants = if BuiltIn::Code.is(&self.hash) { Grants::all() } else { Grants::declared(info) };
        self
    }

    /// The component's hash.
    pub const fn hash(&self) -> &ArtifactHash {
        &self.hash
    }

    /// Runs the action once.
    pub async fn run(&self, call: Call<'_>) -> Ran {
        let Call { context, config, input, limits, variables, kv, outbound } = call;
        let started = self.shared.world.clock.elapsed();
        let run = context.run.to_string();
        let facts = types::Context {
            tenant: context.tenant.as_str(),
            flow: context.flow.as_str(),
            flow_version: context.flow_version,
            step: context.step,
            execution: &run,
            attempt: context.attempt,
            deadline_ms: u32::try_from(limits.step_millis).unwrap_or(u32::MAX),
            idempotency_key: context.idempotency_key,
        };
        let given = Given { variables, kv, outbound, grants: Arc::clone(&self.grants) };
        let mut state = State::new(Arc::clone(&self.shared.world), limits, given);
        if self.reads_payload {
            state.input = Some(input.into());
        }
        let mut store = self.store(state, limits);
        let ended = self
            .within(&mut store, limits, async |action, store| action.call_run(store, facts, config, input).await)
            .await;
        let result = match ended {
            Ended::Returned(Ok(output)) => self.output(output, limits),
            Ended::Returned(Err(error)) => {
                let denied = store.data().limiter.denied();
                Err(bounded(failure::reported(error, limits, denied), limits))
            }
            Ended::Failed(failure) => Err(failure),
        };
        let micros = self.shared.world.clock.elapsed().saturating_sub(started).as_micros();
        finish(store, result, u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Asks the action whether it would work with a step's settings; the inner error holds what is wrong with them.
    ///
    /// # Errors
    /// The failure where it did not answer.
    pub async fn validate(&self, config: &str, limits: &Limits) -> Result<Result<(), Vec<String>>, Failure> {
        let mut store = self.store(self.idle_state(limits), limits);
        match self.within(&mut store, limits, async |action, store| action.call_validate(store, config).await).await {
            Ended::Returned(verdict) => Ok(verdict),
            Ended::Failed(failure) => Err(failure),
        }
    }

    /// Asks the action what it is.
    pub(crate) async fn describe(&self, limits: &Limits) -> Result<manifest::ActionInfo, Failure> {
        let mut store = self.store(self.idle_state(limits), limits);
        match self.within(&mut store, limits, async |action, store| action.call_describe(store).await).await {
            Ended::Returned(info) => Ok(info),
            Ended::Failed(failure) => Err(failure),
        }
    }

    fn idle_state(&self, limits: &Limits) -> State {
        State::new(Arc::clone(&self.shared.world), limits, Given::nothing(Arc::clone(&self.grants)))
    }

    fn store(&self, state: State, limits: &Limits) -> Store<State> {
        let mut store = Store::new(&self.shared.engine, state);
        store.limiter(|state| &mut state.limiter);
        // These fail only on an engine without fuel, which this one is not.
        let _ = store.set_fuel(limits.fuel);
        let _ = store.fuel_async_yield_interval(Some(YIELD_INTERVAL));
        store.set_hostcall_fuel(usize::try_from(bytes_at_a_time(limits)).unwrap_or(usize::MAX));
        store.set_max_component_handles(usize::try_from(limits.handles).unwrap_or(usize::MAX));
        store
    }

    /// Instantiates the component and calls into it, both within the call's time: start functions are guest code too.
    async fn within<T>(
        &self,
        store: &mut Store<State>,
        limits: &Limits,
        call: impl AsyncFnOnce(bindings::Action, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Ended<T> {
        let mut placed = false;
        let result = deadline::within(&*self.shared.world.clock, limits.step_time(), async {
            let _place = self.shared.places.acquire().await?;
            placed = true;
            let action = self.pre.instantiate_async(&mut *store).await?;
            call(action, &mut *store).await
        })
        .await;
        match result {
            Some(Ok(returned)) => Ended::Returned(returned),
            Some(Err(error)) => {
                store.data_mut().settle();
                let state = store.data();
                let last_words = state.written().map(|logs| {
                    let mut logs = logs.lock();
                    logs.close();
                    logs.last_words().clone()
                });
                let scene = Scene {
                    limits,
                    denied: state.limiter.denied(),
                    calls_used_up: state.meter.check().is_err(),
                    reached: state.meter.reached(),
                    last_words: last_words.as_ref(),
                };
                Ended::Failed(failure::trapped(&error, &scene))
            }
            None if placed => Ended::Failed(failure::timeout(limits)),
            None => Ended::Failed(failure::busy()),
        }
    }

    fn output(&self, output: types::Output, limits: &Limits) -> Result<Output, Failure> {
        let types::Output { payload, branch } = output;
        let wrong = |text| Err(Failure::new("WEIR-STEP-OUTPUT", text));
        let (size, most) = (payload.len() as u64, limits.output_bytes);
        if size > most {
            return wrong(format!("the action's output has {size} bytes, the limit is {most}; return less"));
        }
        let payload = match Json::parse(payload) {
            Ok(payload) => payload,
            Err(error) => {
                return wrong(format!(
                    "the action's output is not JSON: {error}; return JSON text, in which a plain text stands in quotes"
                ));
            }
        };
        match branch {
            Some(branch) if !self.branches.contains(&branch) => {
                let shown: String = branch.chars().take(80).collect();
                let declared = match &*self.branches {
                    [] => "none".into(),
                    branches => branches.join(", "),
                };
                wrong(format!(
                    "the action names the branch {shown:?}, which its `describe` does not declare: it declares \
                     {declared}; declare it too, or name one of those"
                ))
            }
            branch => Ok(Output { payload, branch }),
        }
    }
}

/// Leaves out a detail that is larger than an output may be.
fn bounded(mut failure: Failure, limits: &Limits) -> Failure {
    if failure.detail.as_ref().is_some_and(|detail| detail.text().len() as u64 > limits.output_bytes) {
        failure.detail = None;
        failure.message.push_str(" (its detail was larger than an output may be, and left out)");
    }
    failure
}

/// Reads what the call used and leaves the store to its end.
fn finish(store: Store<State>, result: Result<Output, Failure>, micros: u64) -> Ran {
    let left = store.get_fuel().unwrap_or(0);
    let mut state = store.into_data();
    state.settle();
    let mut usage = state.meter.usage;
    usage.fuel = state.meter.limits.fuel.saturating_sub(left);
    usage.memory_bytes = state.limiter.peak();
    usage.micros = micros;
    usage.output_bytes = result.as_ref().map_or(0, |output| output.payload.text().len() as u64);
    if state.limiter.denied() {
        state.meter.reach("memory_bytes");
    }
    if let Err(failure) = &result
        && let Some(limit) = failure::limit_of(failure)
    {
        state.meter.reach(limit);
    }
    let mut logs = (Vec::new(), 0);
    if let Some(written) = state.written().cloned() {
        let mut written = written.lock();
        written.close();
        (usage.log_bytes, usage.stdout_bytes) = written.written();
        let (log_full, stdout_full) = written.full();
        if log_full {
            state.meter.reach("log_bytes");
        }
        if stdout_full {
            state.meter.reach("stdout_bytes");
        }
        logs = written.take();
    }
    let (logs, logs_dropped) = logs;
    let variables = if result.is_ok() { std::mem::take(&mut state.changes) } else { Vec::new() };
    Ran { result, usage, limits_reached: state.meter.take_reached(), logs, logs_dropped, variables }
}
