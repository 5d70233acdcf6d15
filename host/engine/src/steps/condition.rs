//! `condition`: takes the exit `true` or `false`. The conditions themselves live in the flow room.

use std::sync::Arc;

use serde_json::Value;
use weir_flow::{Compiled, Condition, Data, Exit, ExitDefault, Kind, Role, StepCheck};
use weir_model::StepDef;

use super::{Begin, Failure, Finish, Step, StepContext};

pub(super) struct Branch;

impl Kind<Box<dyn Step>> for Branch {
    fn name(&self) -> &'static str {
        "condition"
    }

    fn summary(&self) -> &'static str {
        "Takes the exit `true` or `false` by `all`, `any`, `not` over `{left, op, right}`, or by one expression `when`."
    }

    fn schema(&self) -> Value {
        weir_flow::condition_schema()
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = step.with.clone().unwrap_or_default();
        let condition = cx.condition(&with, "/with")?;
        let exits = vec![Exit::new("true", ExitDefault::Following), Exit::new("false", ExitDefault::Following)];
        let code = Brancher { condition, yes: Arc::from("true"), no: Arc::from("false") };
        Some(Compiled { code: Box::new(code), exits, role: Role::Plain })
    }
}

struct Brancher {
    condition: Condition,
    yes: Arc<str>,
    no: Arc<str>,
}

impl Step for Brancher {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let verdict = self.condition.evaluate(cx.scope).map_err(|error| Failure::template(&error))?;
        let exit = if verdict.value { &self.yes } else { &self.no };
        let mut finish = Finish::by(Arc::clone(exit), Data::from(verdict.value)).noting(verdict.missing);
        finish.notes.why = Some(verdict.why);
        Begin::finish(finish)
    }
}
