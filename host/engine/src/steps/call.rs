//! `call`: runs another flow of the tenant, waiting for what it gives or not. The other flow has a run and record of its own.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_flow::{Compiled, Data, Escape, Exit, Kind, Role, StepCheck, Template};
use weir_model::{FlowName, Mode, Outcome, StepDef};

use super::{Begin, Failure, Finish, Notes, Step, StepContext, Worked};
use crate::engine::enqueue;
use crate::payload::Payload;
use crate::run::{Run, RunContext, Start};

pub(super) struct Call;

impl Kind<Box<dyn Step>> for Call {
    fn name(&self) -> &'static str {
        "call"
    }

    fn summary(&self) -> &'static str {
        "Runs another flow with a payload; its answer, or else its last output, becomes the step's output."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["flow"],
            "properties": {
                "flow": { "type": "string", "description": "The other flow's name, or a template that gives one." },
                "payload": { "description": "What it starts with; this run's payload where nothing is said." },
                "await": { "type": "boolean", "default": true, "description": "Whether to wait for its end." },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["flow", "payload", "await"])?;
        let field = |name: &str| with.get(name);
        let Some(flow) = field("flow") else {
            cx.error("WEIR-FLOW-WITH", "/with/flow", "`call` needs `flow`, the other flow's name.");
            return None;
        };
        let Some(awaits) = field("await").map_or(Some(true), Value::as_bool) else {
            cx.error("WEIR-FLOW-WITH", "/with/await", "`await` is true or false.");
            return None;
        };
        let flow = cx.template(flow, "/with/flow", Escape::None)?;
        if let Some(Err(problem)) = flow.constant().map(name_of) {
            cx.error("WEIR-FLOW-WITH", "/with/flow", problem.message);
        }
        let payload = match field("payload") {
            None => None,
            Some(payload) => Some(cx.template(payload, "/with/payload", Escape::None)?),
        };
        Some(Compiled {
            code: Box::new(Caller { flow, payload, awaits }),
            exits: vec![Exit::next()],
            role: Role::Plain,
        })
    }
}

struct Caller {
    flow: Template,
    payload: Option<Template>,
    awaits: bool,
}

impl Step for Caller {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let failed = |error| Failure::template(&error);
        let flow = self.flow.render(cx.scope).map_err(failed)?;
        let mut missing = flow.missing;
        let name = name_of(&flow.data)?;
        let payload = match &self.payload {
            None => cx.run.payload.clone(),
            Some(payload) => {
                let rendered = payload.render(cx.scope).map_err(failed)?;
                missing.extend(rendered.missing);
                Payload::from_data(rendered.data)
            }
        };
        let depth = cx.run.limits.call_depth;
        if u64::from(cx.run.depth) >= depth {
            let message = format!("Flows call each other more than {depth} deep; a flow probably calls itself.");
            return Err(Failure::new("WEIR-RUN-DEPTH", message));
        }
        let (parent, awaits) = (Arc::clone(cx.run), self.awaits);
        Ok(Begin::Work(Box::pin(async move {
            let notes = Notes { missing, ..Notes::default() };
            match call(&parent, name, payload, awaits).await {
                Ok(output) => {
                    let mut finish = Finish::next(output);
                    finish.notes = notes;
                    Worked { result: Ok(Box::new(finish)), notes: Notes::default() }
                }
                Err(failure) => Worked { result: Err(failure), notes },
            }
        })))
    }

    fn has_effects(&self) -> bool {
        true
    }
}

fn name_of(data: &Data) -> Result<FlowName, Failure> {
    let text = data.as_str().ok_or_else(|| Failure::setting("flow", "is no text; write the other flow's name"))?;
    FlowName::new(text).map_err(|error| Failure::setting("flow", format!("has a wrong value: {error}")))
}

async fn call(parent: &Arc<RunContext>, name: FlowName, payload: Payload, awaits: bool) -> Result<Data, Failure> {
    let services = &parent.services;
    let catalog = &services.catalog;
    let unknown = || Failure::new("WEIR-CALL-UNKNOWN", format!("There is no flow {name} to call; publish it first."));
    let hook = catalog.hook_by_name(&parent.tenant, &name).ok_or_else(unknown)?;
    let release = match parent.mode {
        Mode::Production => hook.published.clone().ok_or_else(unknown)?,
        Mode::Development => match catalog.draft(&hook).await {
            Ok(draft) => draft,
            Err(error) => {
                return Err(Failure::new("WEIR-CALL-DRAFT", format!("The draft of {name} does not run: {error}")));
            }
        },
    };
    if parent.mode == Mode::Production && !hook.enabled {
        return Err(Failure::new("WEIR-CALL-DISABLED", format!("The flow {name} is disabled; enable it first.")));
    }
    let start = Start {
        tenant: parent.tenant.clone(),
        flow: hook.name.clone(),
        flow_id: hook.flow,
        release,
        mode: parent.mode,
        request: Arc::clone(&parent.request),
        body: parent.body.clone(),
        payload,
        origin: None,
    };
    let context = Arc::new(RunContext::new(Arc::clone(services), services.new_run_id(), start, Some(parent)));
    if !awaits {
        let stored = enqueue(services, &context, None).await;
        stored.map_err(|error| Failure::from_coded(&error))?;
        return Ok(Data::object([("run_id".to_owned(), Data::from(context.id.to_string()))]));
    }
    let id = context.id;
    let Some(end) = Run::inner(context).execute().await.end() else {
        return Err(Failure::new("WEIR-CALL-FAILED", format!("The flow {name} left memory while it was waited for.")));
    };
    match (end.outcome, end.error) {
        (Outcome::Completed, _) => Ok(end.output),
        (_, Some(error)) => Err(Failure {
            code: error.code,
            message: format!("The flow {name} failed in its run {id}: {}", error.message),
            detail: error.detail,
            retryable: false,
            retry_after_ms: None,
        }),
        (outcome, None) => {
            Err(Failure::new("WEIR-CALL-FAILED", format!("The flow {name} ended as {}.", outcome.as_str())))
        }
    }
}
