//! `stop`: ends the whole run well, whatever other paths are doing. It must not answer the caller.

use serde_json::{Value, json};
use weir_flow::{Compiled, Data, Kind, Role, StepCheck};
use weir_model::StepDef;

use super::{Begin, Failure, Finish, Step, StepContext};

pub(super) struct Stop;

impl Kind<Box<dyn Step>> for Stop {
    fn name(&self) -> &'static str {
        "stop"
    }

    fn summary(&self) -> &'static str {
        "Ends the run here, as completed."
    }

    fn schema(&self) -> Value {
        json!({ "type": "object", "maxProperties": 0 })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        cx.settings(step, &[])?;
        Some(Compiled { code: Box::new(Stopper), exits: Vec::new(), role: Role::Ends })
    }
}

struct Stopper;

impl Step for Stopper {
    fn begin(&self, _: &StepContext<'_>) -> Result<Begin, Failure> {
        let mut finish = Finish::next(Data::null());
        finish.stops = true;
        Begin::finish(finish)
    }
}
