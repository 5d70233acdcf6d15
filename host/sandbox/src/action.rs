//! One admitted action, and calls of it: each gets a fresh store and instance, which end with it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use wasmtime::{Engine, Store};
use weir_model::{ActionInfo, ArtifactHash, Capability, Json, Limits, Usage};

use crate::bindings::weir::action::manifest;
use crate::bindings::weir::action::types;
use crate::bindings::{self, ActionPre};
use crate::failure::{self, Scene};
use crate::state::{MAX_HANDLES, State, World};
use crate::{Call, Failure, NoVariables, Output, Ran};

/// Fuel between two moments at which other tasks may run; about ten microseconds.
const YIELD_INTERVAL: u64 = 100_000;

/// Bytes that a host function takes from the guest in one call besides what the limits name.
const CALL_BYTES: u64 = 1 << 20;

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
        Self { hash, pre, branches: Box::default(), reads_payload, shared }
    }

    /// The action with the branches that it declared.
    pub(crate) fn with_branches(mut self, branches: &[String]) -> Self {
        self.branches = branches.into();
        self
    }

    /// The component's hash.
    pub const fn hash(&self) -> &ArtifactHash {
        &self.hash
    }

    /// Runs the action once.
    pub async fn run(&self, call: Call<'_>) -> Ran {
        let Call { context, config, input, limits, variables } = call;
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
        let mut state = State::new(Arc::clone(&self.shared.world), limits, variables);
        if self.reads_payload {
            state.input = Some(input.into());
        }
        let mut store = self.store(state, limits);
        let ended = self
            .within(&mut store, limits, async |action, store| action.call_run(store, facts, config, input).await)
            .await;
        let result = match ended {
            Ended::Returned(Ok(output)) => self.output(output, limits),
            Ended::Returned(Err(error)) => Err(bounded(failure::reported(error), limits)),
            Ended::Failed(failure) => Err(failure),
        };
        finish(store, limits, result)
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
        State::new(Arc::clone(&self.shared.world), limits, Arc::new(NoVariables))
    }

    fn store(&self, state: State, limits: &Limits) -> Store<State> {
        let mut store = Store::new(&self.shared.engine, state);
        store.limiter(|state| &mut state.limiter);
        // These fail only on an engine without fuel, which this one is not.
        let _ = store.set_fuel(limits.fuel);
        let _ = store.fuel_async_yield_interval(Some(YIELD_INTERVAL));
        let bytes = limits.output_bytes.max(limits.variable_bytes).saturating_add(CALL_BYTES);
        store.set_hostcall_fuel(usize::try_from(bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(MAX_HANDLES);
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
        let result = timeout(limits.step_time(), async {
            let _place = self.shared.places.acquire().await?;
            placed = true;
            let action = self.pre.instantiate_async(&mut *store).await?;
            call(action, &mut *store).await
        })
        .await;
        match result {
            Ok(Ok(returned)) => Ended::Returned(returned),
            Ok(Err(error)) => {
                let state = store.data();
                let logs = state.written().map(|logs| {
                    let mut logs = logs.lock();
                    logs.close();
                    logs.last_words().map(str::to_owned)
                });
                let last_words = logs.flatten();
                let scene = Scene { limits, denied: state.limiter.denied(), last_words: last_words.as_deref() };
                Ended::Failed(failure::trapped(&error, &scene))
            }
            Err(_) if placed => Ended::Failed(failure::timeout(limits)),
            Err(_) => Ended::Failed(failure::busy()),
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
            Err(error) => return wrong(format!("the action's output is not JSON: {error}; correct the action")),
        };
        match branch {
            Some(branch) if !self.branches.contains(&branch) => {
                let shown: String = branch.chars().take(80).collect();
                wrong(format!(
                    "the action names the branch {shown:?}, which its `describe` does not declare; declare it"
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
fn finish(store: Store<State>, limits: &Limits, result: Result<Output, Failure>) -> Ran {
    let left = store.get_fuel().unwrap_or(0);
    let mut state = store.into_data();
    let usage = Usage {
        fuel: limits.fuel.saturating_sub(left),
        memory_bytes: state.limiter.peak(),
        host_calls: state.host_calls,
    };
    let (logs, logs_dropped) = state.written().map_or_else(Default::default, |logs| {
        let mut logs = logs.lock();
        logs.close();
        logs.take()
    });
    let variables = if result.is_ok() { std::mem::take(&mut state.changes) } else { Vec::new() };
    Ran { result, usage, logs, logs_dropped, variables }
}

/// What an action said of itself, checked: names and sizes, and that schemas are JSON objects.
pub(crate) fn check_info(info: manifest::ActionInfo) -> Result<ActionInfo, String> {
    let manifest::ActionInfo {
        name,
        title,
        version,
        description,
        config_schema,
        input_schema,
        output_schema,
        branches,
        capabilities,
    } = info;
    format!("{name}@{version}").parse::<weir_model::ActionRef>().map_err(|error| error.to_string())?;
    short("title", &title, 200)?;
    short("description", &description, 4 << 10)?;
    if branches.len() > 64 || capabilities.len() > 64 {
        return Err("there are more than 64 branches or capabilities".into());
    }
    for (at, branch) in branches.iter().enumerate() {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let taken =
            matches!(branch.as_str(), "next" | "error") || branches.iter().take(at).any(|other| other == branch);
        if branch.is_empty() || branch.len() > 63 || !branch.bytes().all(plain) || taken {
            let shown: String = branch.chars().take(80).collect();
            return Err(format!(
                "{shown:?} cannot be a branch: 1 to 63 letters, digits, - and _, once, not next or error"
            ));
        }
    }
    Ok(ActionInfo {
        config_schema: schema("config-schema", &config_schema)?,
        input_schema: input_schema.map(|text| schema("input-schema", &text)).transpose()?,
        output_schema: output_schema.map(|text| schema("output-schema", &text)).transpose()?,
        capabilities: capabilities.into_iter().map(capability).collect::<Result<_, _>>()?,
        name,
        title,
        version,
        description,
        branches,
    })
}

fn schema(what: &str, text: &str) -> Result<serde_json::Value, String> {
    short(what, text, 256 << 10)?;
    match serde_json::from_str(text) {
        Ok(value @ (serde_json::Value::Object(_) | serde_json::Value::Bool(_))) => Ok(value),
        Ok(_) => Err(format!("{what} is JSON, but no JSON Schema: it must be an object")),
        Err(error) => Err(format!("{what} is not JSON: {error}")),
    }
}

fn capability(asked: manifest::Capability) -> Result<Capability, String> {
    Ok(match asked {
        manifest::Capability::Http(scope) => {
            short("a host", &scope.host, 255)?;
            Capability::Http { host: scope.host, methods: scope.methods }
        }
        manifest::Capability::Kv(bucket) => Capability::Kv(bucket),
        manifest::Capability::Secret(name) => Capability::Secret(name),
        manifest::Capability::Variables => Capability::Variables,
        manifest::Capability::Clock => Capability::Clock,
        manifest::Capability::Random => Capability::Random,
    })
}

fn short(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.len() > most { Err(format!("{what} has {} bytes, the limit is {most}", text.len())) } else { Ok(()) }
}
