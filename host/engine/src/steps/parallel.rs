//! `parallel`: opens a frame with one path per branch. The running and the merging live in the flow room's machine.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_flow::{Compiled, Exit, ExitDefault, Kind, Open, Role, StepCheck};
use weir_model::StepDef;

use super::{Begin, Failure, Notes, Step, StepContext};

/// Branches one step may open.
const MAX_BRANCHES: usize = 32;

pub(super) struct Parallel;

impl Kind<Box<dyn Step>> for Parallel {
    fn name(&self) -> &'static str {
        "parallel"
    }

    fn summary(&self) -> &'static str {
        "Runs one path per branch at the same time, then leaves by `done` with what each branch gave last."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["branches"],
            "properties": {
                "branches": {
                    "type": "array", "minItems": 1, "maxItems": MAX_BRANCHES, "uniqueItems": true,
                    "items": { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,62}$" },
                },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["branches"])?;
        let listed = with.get("branches").and_then(Value::as_array);
        let names: Option<Vec<&str>> = listed.and_then(|names| names.iter().map(Value::as_str).collect());
        let Some(names) = names.filter(|names| (1..=MAX_BRANCHES).contains(&names.len())) else {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with/branches",
                format!("`parallel` needs `branches`, a list of 1 to {MAX_BRANCHES} names."),
            );
            return None;
        };
        let mut branches: Vec<Arc<str>> = Vec::with_capacity(names.len());
        let mut exits = Vec::with_capacity(names.len() + 1);
        for (at, name) in names.into_iter().enumerate() {
            if ["done", "error"].contains(&name) || branches.iter().any(|known| &**known == name) {
                let message = format!("`{name}` is taken; every branch needs a name of its own.");
                cx.error("WEIR-FLOW-WITH", &format!("/with/branches/{at}"), message);
            }
            exits.push(Exit::new(name, ExitDefault::StepOfSameName));
            branches.push(Arc::from(name));
        }
        exits.push(Exit::new("done", ExitDefault::End));
        Some(Compiled { code: Box::new(Forker { branches }), exits, role: Role::Frame })
    }
}

struct Forker {
    branches: Vec<Arc<str>>,
}

impl Step for Forker {
    fn begin(&self, _: &StepContext<'_>) -> Result<Begin, Failure> {
        Ok(Begin::Open(Open::Branches(self.branches.clone()), Notes::default()))
    }
}
