//! `delete`: removes variables. It must not know how they are kept.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_flow::{Compiled, Data, Exit, Kind, Role, StepCheck};
use weir_model::StepDef;

use super::{Begin, Failure, Finish, Step, StepContext};

pub(super) struct Delete;

impl Kind<Box<dyn Step>> for Delete {
    fn name(&self) -> &'static str {
        "delete"
    }

    fn summary(&self) -> &'static str {
        "Removes the variables listed under `names`; one that does not exist is no error."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["names"],
            "properties": { "names": { "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "string" } } },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let listed = cx.settings(step, &["names"])?.get("names").and_then(Value::as_array);
        let names: Option<Vec<Arc<str>>> =
            listed.and_then(|names| names.iter().map(|name| name.as_str().map(Arc::from)).collect());
        let Some(names) = names.filter(|names| !names.is_empty()) else {
            cx.error("WEIR-FLOW-WITH", "/with/names", "`delete` needs `names`, a list of variable names.");
            return None;
        };
        Some(Compiled { code: Box::new(Deleter { names }), exits: vec![Exit::next()], role: Role::Plain })
    }
}

struct Deleter {
    names: Vec<Arc<str>>,
}

impl Step for Deleter {
    fn begin(&self, _: &StepContext<'_>) -> Result<Begin, Failure> {
        let mut finish = Finish::next(Data::null());
        finish.variables = self.names.iter().map(|name| (Arc::clone(name), None)).collect();
        Begin::finish(finish)
    }
}
