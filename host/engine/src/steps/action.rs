//! Custom actions: a step that runs a WebAssembly component in a fresh sandbox. The sandbox room meters and contains it;
//! what a call needs and what comes of it is here, for `code` steps too.

use std::sync::Arc;

use indexmap::IndexMap;
use weir_flow::{Compiled, Data, Exit, ExitDefault, Role, StepCheck, Template};
use weir_model::{ActionVersion, ArtifactHash, Json, Limits, StepDef};
use weir_sandbox::{Action, Call, Context, Ran};

use super::{Begin, Failure, Finish, Notes, Step, StepContext, Worked};
use crate::kv::TenantKv;
use crate::outbound::RunOutbound;
use crate::run::RunContext;

/// Compiles a step that uses a custom action.
pub(super) fn compile(
    step: &StepDef,
    version: &ActionVersion,
    cx: &mut StepCheck<'_>,
) -> Option<Compiled<Box<dyn Step>>> {
    let with = step.with.clone().unwrap_or_else(|| serde_json::json!({}));
    let with = cx.template_with_secrets(&with, "/with")?;
    let config = with.constant().map(Data::to_json);
    let branches = version.info.branches.iter().filter(|name| !["next", "error"].contains(&name.as_str()));
    let mut exits = vec![Exit::next()];
    exits.extend(branches.map(|name| Exit::new(name.as_str(), ExitDefault::Following)));
    let code = ActionStep { artifact: version.artifact.clone(), with, config };
    Some(Compiled { code: Box::new(code), exits, role: Role::Plain })
}

struct ActionStep {
    artifact: ArtifactHash,
    with: Template,
    /// The settings as text, where no template is in them.
    config: Option<Json>,
}

impl Step for ActionStep {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let mut missing = Vec::new();
        let config = match &self.config {
            Some(config) => config.clone(),
            None => {
                let rendered = self.with.render(cx.scope).map_err(|error| Failure::template(&error))?;
                missing = rendered.missing;
                rendered.data.to_json()
            }
        };
        let input = cx.input.as_ref().map_or_else(|| cx.run.payload.json().clone(), Data::to_json);
        let artifact = self.artifact.clone();
        let work = Work::of(cx);
        Ok(Begin::Work(Box::pin(async move {
            let action = match work.run.services.load(&work.run.tenant, &artifact).await {
                Ok(action) => action,
                Err(failure) => return failure.before_work(),
            };
            finish(work.call(&action, config.text(), input.text()).await, missing)
        })))
    }

    fn has_effects(&self) -> bool {
        true
    }
}

/// What one call of a component needs of the run and the step; it outlives the step's beginning.
pub(super) struct Work {
    pub(super) run: Arc<RunContext>,
    vars: Arc<IndexMap<Arc<str>, Data>>,
    limits: Limits,
    step: Arc<str>,
    attempt: u32,
    idempotency_key: String,
}

impl Work {
    pub(super) fn of(cx: &StepContext<'_>) -> Self {
        Self {
            run: Arc::clone(cx.run),
            vars: Arc::clone(&cx.scope.locals().vars),
            limits: cx.limits.clone(),
            step: Arc::clone(cx.step),
            attempt: cx.attempt,
            idempotency_key: cx.idempotency_key(),
        }
    }

    /// The facts that the component may read.
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            tenant: &self.run.tenant,
            flow: &self.run.flow,
            flow_version: self.run.version,
            step: &self.step,
            run: self.run.id,
            attempt: self.attempt,
            idempotency_key: &self.idempotency_key,
        }
    }

    /// Calls the component once.
    pub(super) async fn call(&self, action: &Action, config: &str, input: &str) -> Ran {
        let vars = Arc::clone(&self.vars);
        let lookup = move |name: &str| vars.get(name).map(|value| value.to_json().text().to_owned());
        let kv = TenantKv::new(Arc::clone(&self.run.services), self.run.tenant.clone());
        let call = Call {
            context: self.context(),
            config,
            input,
            limits: &self.limits,
            variables: Arc::new(lookup),
            kv: Arc::new(kv),
            outbound: Arc::new(RunOutbound(Arc::clone(&self.run))),
        };
        action.run(call).await
    }
}

/// What came of a call, for the run and its record.
pub(super) fn finish(ran: Ran, missing: Vec<String>) -> Worked {
    let notes = Notes {
        usage: Some(Box::new(ran.usage)),
        limits_reached: ran.limits_reached.into_iter().map(str::to_owned).collect(),
        logs: ran.logs,
        logs_dropped: ran.logs_dropped,
        missing,
        why: None,
    };
    let output = match ran.result {
        Ok(output) => output,
        Err(failure) => {
            let failure = Failure {
                code: failure.code,
                message: failure.message,
                detail: failure.detail,
                retryable: failure.retryable,
                retry_after_ms: failure.retry_after_ms,
            };
            return Worked { result: Err(failure), notes };
        }
    };
    let result = read_output(&output, ran.variables);
    match result {
        Ok(mut finish) => {
            finish.notes = notes;
            Worked { result: Ok(Box::new(finish)), notes: Notes::default() }
        }
        Err(failure) => Worked { result: Err(failure), notes },
    }
}

fn read_output(output: &weir_sandbox::Output, changes: Vec<(String, Option<Json>)>) -> Result<Finish, Failure> {
    let read = |json: &Json, what: &str| {
        Data::from_json(json.text().as_bytes())
            .map_err(|error| Failure::new("WEIR-STEP-OUTPUT", format!("The action's {what} cannot be read: {error}")))
    };
    let data = read(&output.payload, "output")?;
    let mut finish = match &output.branch {
        None => Finish::next(data),
        Some(branch) => Finish::by(Arc::from(branch.as_str()), data),
    };
    for (name, value) in changes {
        if let Some(trouble) = weir_flow::variable_trouble(&name) {
            return Err(Failure::new("WEIR-STEP-VARIABLE", trouble));
        }
        let value = value.map(|json| read(&json, "variable")).transpose()?;
        finish.variables.push((Arc::from(name), value));
    }
    Ok(finish)
}
