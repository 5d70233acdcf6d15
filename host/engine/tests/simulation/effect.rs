//! The step kind `effect`: does something outside, as the ledger decides, beside all kinds that the engine has. Its failing
//! is the egress that fails.

use std::future::pending;
use std::sync::Arc;

use serde_json::{Value, json};
use weir_engine::{Begin, Failure, Finish, Notes, Step, StepContext, Worked};
use weir_flow::{Compiled, Data, Exit, Kind, Kinds, Role, StepCheck};
use weir_model::{ActionVersion, Code, StepDef};

use crate::ledger::{Execution, Verdict};
use crate::machine::Machine;

type Executable = Box<dyn Step>;

/// The engine's kinds and one more.
pub(crate) struct WithEffect {
    engine: Arc<dyn Kinds<Executable>>,
    kinds: Vec<Box<dyn Kind<Executable>>>,
}

impl WithEffect {
    pub(crate) fn on(machine: &Arc<Machine>) -> Arc<dyn Kinds<Executable>> {
        let engine = weir_engine::kinds();
        let count = engine.kinds().len();
        let passed_on = (0..count).map(|at| Box::new(PassedOn(Arc::clone(&engine), at)) as Box<dyn Kind<Executable>>);
        let mut kinds: Vec<_> = passed_on.collect();
        kinds.push(Box::new(Effect(Arc::clone(machine))));
        Arc::new(Self { engine, kinds })
    }
}

impl Kinds<Executable> for WithEffect {
    fn kinds(&self) -> &[Box<dyn Kind<Executable>>] {
        &self.kinds
    }

    fn action(&self, step: &StepDef, version: &ActionVersion, cx: &mut StepCheck<'_>) -> Option<Compiled<Executable>> {
        self.engine.action(step, version, cx)
    }
}

/// One of the engine's kinds.
struct PassedOn(Arc<dyn Kinds<Executable>>, usize);

impl PassedOn {
    fn kind(&self) -> &dyn Kind<Executable> {
        &*self.0.kinds()[self.1]
    }
}

impl Kind<Executable> for PassedOn {
    fn name(&self) -> &'static str {
        self.kind().name()
    }

    fn summary(&self) -> &'static str {
        self.kind().summary()
    }

    fn schema(&self) -> Value {
        self.kind().schema()
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Executable>> {
        self.kind().compile(step, cx)
    }
}

struct Effect(Arc<Machine>);

impl Kind<Executable> for Effect {
    fn name(&self) -> &'static str {
        "effect"
    }

    fn summary(&self) -> &'static str {
        "Does something outside."
    }

    fn schema(&self) -> Value {
        json!({ "type": "object" })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Executable>> {
        cx.settings(step, &[])?;
        let most = step.retry.as_ref().map_or(1, |retry| retry.attempts);
        let code = Box::new(Doer { machine: Arc::clone(&self.0), most });
        Some(Compiled { code, exits: vec![Exit::next()], role: Role::Plain })
    }
}

struct Doer {
    machine: Arc<Machine>,
    most: u32,
}

impl Step for Doer {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        // Behind the run's id: the step, and its place in loops and branches.
        let key = cx.idempotency_key();
        let execution = Execution {
            run: cx.run.id,
            flow: cx.run.flow.to_string(),
            n: cx.run.payload.json().to_value().get("n").and_then(Value::as_u64),
            place: key.split_once(':').map_or_else(|| key.clone(), |(_, place)| place.to_owned()),
            attempt: cx.attempt,
            most: self.most,
        };
        Ok(Begin::Work(Box::pin(work(Arc::clone(&self.machine), execution))))
    }

    fn has_effects(&self) -> bool {
        true
    }
}

async fn work(machine: Arc<Machine>, execution: Execution) -> Worked {
    // A server whose disk failed goes on for a moment; how far depends on the real clock, so here it hangs at once.
    if !machine.works() {
        return pending().await;
    }
    let mut verdict = Verdict::Done;
    let happened = machine.effect(execution.run, || {
        verdict = machine.ledger.execute(&execution);
        verdict == Verdict::Done
    });
    if happened.is_none() {
        // The process ended: nothing follows.
        return pending().await;
    }
    // The answer comes a little later.
    tokio::task::yield_now().await;
    if !machine.works() {
        return pending().await;
    }
    let result = if verdict == Verdict::Done {
        machine.ledger.done(execution.run, execution.place);
        Ok(Box::new(Finish {
            exit: Arc::from("next"),
            output: Data::null(),
            variables: Vec::new(),
            reply: None,
            stops: false,
            notes: Notes::default(),
        }))
    } else {
        Err(Failure {
            code: Code::new("EGRESS"),
            message: "The egress failed.".into(),
            detail: None,
            retryable: verdict == Verdict::FailsForNow,
            retry_after_ms: None,
        })
    };
    Worked { result, notes: Notes::default() }
}
