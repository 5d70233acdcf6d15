//! Step kinds that need nothing but `weir-flow`, so that definitions can be tried without the host. They execute nothing.

use std::sync::LazyLock;

use serde_json::{Value, json};
use weir_flow::{Compiled, DONE, ERROR, Escape, Exit, ExitDefault, ITEM, Kind, Kinds, Role, StepCheck};
use weir_model::{ActionRef, ActionVersion, StepDef};

/// A kind, by its name.
struct Small(&'static str);

impl Kind<()> for Small {
    fn name(&self) -> &'static str {
        self.0
    }

    fn summary(&self) -> &'static str {
        "A kind to try."
    }

    fn schema(&self) -> Value {
        json!({ "type": "object" })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<()>> {
        let nothing = Value::Null;
        let with = step.with.as_ref().unwrap_or(&nothing);
        let (exits, role) = match self.0 {
            "response" => {
                cx.settings(step, &["status", "json", "headers"])?;
                cx.no_use_for(step, &["retry", "save"]);
                (vec![Exit::next()], Role::Answers)
            }
            "condition" => {
                cx.condition(with, "/with")?;
                (
                    vec![Exit::new("true", ExitDefault::Following), Exit::new("false", ExitDefault::Required)],
                    Role::Plain,
                )
            }
            "for-each" => {
                (vec![Exit::new(ITEM, ExitDefault::Following), Exit::new(DONE, ExitDefault::End)], Role::Frame)
            }
            "parallel" => {
                let Some(names) = with.as_array() else {
                    cx.wrong_type("/with", with, "a list of names");
                    return None;
                };
                let names = names.iter().filter_map(Value::as_str);
                let mut exits: Vec<Exit> = names.map(|name| Exit::new(name, ExitDefault::StepOfSameName)).collect();
                exits.push(Exit::new(DONE, ExitDefault::End));
                (exits, Role::Frame)
            }
            "fail" => (vec![Exit::new(ERROR, ExitDefault::End)], Role::Ends),
            "stop" => (Vec::new(), Role::Ends),
            _ => {
                cx.template(with, "/with", Escape::None)?;
                (vec![Exit::next()], Role::Plain)
            }
        };
        Some(Compiled { code: (), exits, role })
    }
}

/// These kinds.
pub(crate) struct SmallKinds(Vec<Box<dyn Kind<()>>>);

pub(crate) static KINDS: LazyLock<SmallKinds> = LazyLock::new(|| {
    let names = ["response", "set", "condition", "for-each", "parallel", "fail", "stop"];
    SmallKinds(names.into_iter().map(|name| Box::new(Small(name)) as Box<dyn Kind<()>>).collect())
});

impl Kinds<()> for SmallKinds {
    fn kinds(&self) -> &[Box<dyn Kind<()>>] {
        &self.0
    }

    fn action(&self, _: &StepDef, version: &ActionVersion, _: &mut StepCheck<'_>) -> Option<Compiled<()>> {
        let mut exits = vec![Exit::next()];
        exits.extend(version.info.branches.iter().map(|name| Exit::new(name.as_str(), ExitDefault::End)));
        Some(Compiled { code: (), exits, role: Role::Plain })
    }
}

/// The one action there is: `lead-score` 1.4.2 with the exits `hot` and `cold`.
pub(crate) fn action(wanted: &ActionRef) -> Option<ActionVersion> {
    let version = json!({
        "info": { "name": "lead-score", "title": "", "version": "1.4.2", "description": "", "config_schema": {},
            "branches": ["hot", "cold"], "capabilities": [] },
        "artifact": "0".repeat(64), "size": 1, "created_at": "2026-11-24T09:30:00Z",
    });
    let there = &*wanted.name == "lead-score" && wanted.matches("1.4.2");
    there.then(|| serde_json::from_value(version).unwrap_or_else(|error| panic!("{error}")))
}
