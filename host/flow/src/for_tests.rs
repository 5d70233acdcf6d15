//! A few small step kinds for this room's tests. They execute nothing.

use serde_json::{Value, json};
use weir_model::{ActionVersion, StepDef};

use crate::{
    Checked, Compiled, DONE, ERROR, Escape, Exit, ExitDefault, ITEM, Kind, Kinds, Plan, Role, StepCheck, check,
};

/// What a test step does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Code {
    /// `set`: its `with` was a template; its output is given by the test.
    Emit,
    Answer,
    Choose,
    Fail,
    Stop,
    Each {
        items: usize,
        concurrency: usize,
    },
    Both(Vec<String>),
    Action(String),
}

pub(crate) struct Small(&'static str);

impl Kind<Code> for Small {
    fn name(&self) -> &'static str {
        self.0
    }

    fn summary(&self) -> &'static str {
        "A kind for tests."
    }

    fn schema(&self) -> Value {
        json!({ "type": "object" })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Code>> {
        let made = |code, exits, role| Some(Compiled { code, exits, role });
        let number = |key: &str| step.with.as_ref().and_then(|with| with.get(key)?.as_u64()).unwrap_or(1) as usize;
        match self.0 {
            "set" => {
                if let Some(with) = &step.with {
                    cx.template(with, "/with", Escape::None)?;
                }
                made(Code::Emit, vec![Exit::next()], Role::Plain)
            }
            "response" => {
                cx.settings(step, &["status", "json"])?;
                cx.no_use_for(step, &["retry"]);
                made(Code::Answer, vec![Exit::next()], Role::Answers)
            }
            "condition" => {
                let exits = vec![Exit::new("true", ExitDefault::Following), Exit::new("false", ExitDefault::Required)];
                made(Code::Choose, exits, Role::Plain)
            }
            "fail" => made(Code::Fail, vec![Exit::new(ERROR, ExitDefault::End)], Role::Ends),
            "stop" => made(Code::Stop, Vec::new(), Role::Ends),
            "for-each" => made(
                Code::Each { items: number("items"), concurrency: number("concurrency") },
                vec![Exit::new(ITEM, ExitDefault::Following), Exit::new(DONE, ExitDefault::End)],
                Role::Frame,
            ),
            _ => {
                let names: Vec<String> =
                    step.with.as_ref()?.as_array()?.iter().map(|n| n.as_str().unwrap().into()).collect();
                let mut exits: Vec<Exit> =
                    names.iter().map(|name| Exit::new(name.as_str(), ExitDefault::StepOfSameName)).collect();
                exits.push(Exit::new(DONE, ExitDefault::End));
                made(Code::Both(names), exits, Role::Frame)
            }
        }
    }
}

pub(crate) struct SmallKinds(Vec<Box<dyn Kind<Code>>>);

impl Default for SmallKinds {
    fn default() -> Self {
        let names = ["set", "response", "condition", "fail", "stop", "for-each", "parallel"];
        Self(names.into_iter().map(|name| Box::new(Small(name)) as Box<dyn Kind<Code>>).collect())
    }
}

impl Kinds<Code> for SmallKinds {
    fn kinds(&self) -> &[Box<dyn Kind<Code>>] {
        &self.0
    }

    fn action(&self, _: &StepDef, version: &ActionVersion, _: &mut StepCheck<'_>) -> Option<Compiled<Code>> {
        let mut exits = vec![Exit::next()];
        exits.extend(version.info.branches.iter().map(|name| Exit::new(name.as_str(), ExitDefault::End)));
        Some(Compiled { code: Code::Action(version.info.version.clone()), exits, role: Role::Plain })
    }
}

/// Checks a definition; of actions only `lead-score` 1.4.2 with the exit `cold` is there.
pub(crate) fn checked(text: &str) -> Checked<Code> {
    check(text, &SmallKinds::default(), &|action| {
        let version = json!({
            "info": { "name": "lead-score", "title": "", "version": "1.4.2", "description": "", "config_schema": {},
                "branches": ["cold"], "capabilities": [] },
            "artifact": "0".repeat(64), "size": 1, "created_at": "2026-11-24T09:30:00Z",
        });
        (&*action.name == "lead-score" && action.matches("1.4.2")).then(|| serde_json::from_value(version).unwrap())
    })
}

/// The plan of a flow given by its steps alone.
pub(crate) fn plan(steps: &str) -> Plan<Code> {
    let checked = checked(&format!("weir: 1\nname: test\nsteps:\n{steps}"));
    checked.plan.unwrap_or_else(|| panic!("{:#?}", checked.findings))
}
