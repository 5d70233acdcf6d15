//! `set`: gives variables values. It must not know how they are kept.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_flow::{Compiled, Data, Escape, Exit, Kind, Role, StepCheck, Template};
use weir_model::StepDef;

use super::{Begin, Failure, Finish, Step, StepContext};

pub(super) struct Set;

impl Kind<Box<dyn Step>> for Set {
    fn name(&self) -> &'static str {
        "set"
    }

    fn summary(&self) -> &'static str {
        "Gives variables values: each key under `with` is a variable's name."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$" },
            "additionalProperties": true,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let Some(Value::Object(entries)) = &step.with else {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with",
                "`set` needs `with` with a variable's name and value, such as `total: 0`.",
            );
            return None;
        };
        let mut values = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            let path = format!("/with/{}", weir_flow::pointer_token(name));
            if let Some(trouble) = weir_flow::variable_trouble(name) {
                cx.error("WEIR-FLOW-VARIABLE", &path, trouble);
            }
            values.push((Arc::from(name.as_str()), cx.template(value, &path, Escape::None)?));
        }
        Some(Compiled { code: Box::new(Setter { values }), exits: vec![Exit::next()], role: Role::Plain })
    }
}

struct Setter {
    values: Vec<(Arc<str>, Template)>,
}

impl Step for Setter {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let mut variables = Vec::with_capacity(self.values.len());
        let mut missing = Vec::new();
        for (name, template) in &self.values {
            let rendered = template.render(cx.scope).map_err(|error| Failure::template(&error))?;
            missing.extend(rendered.missing);
            variables.push((Arc::clone(name), Some(rendered.data)));
        }
        let mut finish = Finish::next(Data::null()).noting(missing);
        finish.variables = variables;
        Begin::finish(finish)
    }
}
