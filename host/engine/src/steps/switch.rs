//! `switch`: takes the exit of the first case that holds, else `default`. The conditions live in the flow room.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_flow::{Compiled, Condition, Data, Escape, Exit, ExitDefault, Kind, Role, StepCheck, Template};
use weir_model::{Json, StepDef};

use super::{Begin, Failure, Finish, Step, StepContext};

/// Cases one switch may have.
const MAX_CASES: usize = 100;

pub(super) struct Switch;

impl Kind<Box<dyn Step>> for Switch {
    fn name(&self) -> &'static str {
        "switch"
    }

    fn summary(&self) -> &'static str {
        "Takes the exit of the first case that equals `value` or whose condition holds, else `default`."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["cases"],
            "properties": {
                "value": { "description": "What plain cases are compared with." },
                "cases": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": MAX_CASES,
                    "description": "Exit name to the value it stands for, or to a condition.",
                },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["value", "cases"])?;
        let Some(Value::Object(entries)) = with.get("cases") else {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with/cases",
                "`switch` needs `cases`: each exit's name with a value or a condition.",
            );
            return None;
        };
        if entries.is_empty() || entries.len() > MAX_CASES {
            cx.error("WEIR-FLOW-WITH", "/with/cases", format!("`cases` needs 1 to {MAX_CASES} entries."));
        }
        let value = with.get("value");
        let subject = value.map_or_else(
            || Some(Template::constant_of(Data::null())),
            |value| cx.template(value, "/with/value", Escape::None),
        );
        let mut cases = Vec::with_capacity(entries.len());
        let mut exits = Vec::with_capacity(entries.len() + 1);
        for (name, wanted) in entries {
            let path = format!("/with/cases/{}", weir_flow::pointer_token(name));
            if name == "default" || name == "error" {
                cx.error(
                    "WEIR-FLOW-WITH",
                    &path,
                    format!("`{name}` is an exit of its own; give the case another name."),
                );
            }
            if !is_condition(wanted) && value.is_none() {
                cx.error(
                    "WEIR-FLOW-WITH",
                    &path,
                    "A plain case needs `value` to be compared with; add `value`, or write a condition.",
                );
            }
            let test = if is_condition(wanted) {
                Test::Holds(cx.condition(wanted, &path)?)
            } else {
                Test::Equals(cx.template(wanted, &path, Escape::None)?)
            };
            exits.push(Exit::new(name.as_str(), ExitDefault::StepOfSameName));
            cases.push((Arc::from(name.as_str()), test));
        }
        exits.push(Exit::new("default", ExitDefault::Following));
        let code = Switcher { subject: subject?, cases, otherwise: Arc::from("default") };
        Some(Compiled { code: Box::new(code), exits, role: Role::Plain })
    }
}

/// Whether a case is a condition rather than a value to compare with.
fn is_condition(case: &Value) -> bool {
    case.as_object().is_some_and(|case| ["all", "any", "not", "when", "left"].iter().any(|key| case.contains_key(*key)))
}

enum Test {
    Equals(Template),
    Holds(Condition),
}

struct Switcher {
    subject: Template,
    cases: Vec<(Arc<str>, Test)>,
    otherwise: Arc<str>,
}

impl Step for Switcher {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let failed = |error| Failure::template(&error);
        let subject = self.subject.render(cx.scope).map_err(failed)?;
        let mut missing = subject.missing;
        let mut tried = Vec::new();
        let mut taken = &self.otherwise;
        for (name, test) in &self.cases {
            let (holds, why) = match test {
                Test::Equals(wanted) => {
                    let wanted = wanted.render(cx.scope).map_err(failed)?;
                    missing.extend(wanted.missing);
                    (wanted.data == subject.data, json!({ "equals": wanted.data }))
                }
                Test::Holds(condition) => {
                    let verdict = condition.evaluate(cx.scope).map_err(failed)?;
                    missing.extend(verdict.missing);
                    (verdict.value, verdict.why.to_value())
                }
            };
            tried.push(json!({ "case": &**name, "holds": holds, "why": why }));
            if holds {
                taken = name;
                break;
            }
        }
        let mut finish = Finish::by(Arc::clone(taken), Data::from(&**taken)).noting(missing);
        finish.notes.why = Json::of(&json!({ "value": subject.data, "cases": tried })).ok();
        Begin::finish(finish)
    }
}
