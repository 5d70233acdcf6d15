//! `fail`: ends the path with a failure of the author's own. It must not decide what the failure leads to.

use serde_json::{Value, json};
use weir_flow::{Compiled, Escape, Exit, ExitDefault, Kind, Role, StepCheck, Template};
use weir_model::{Code, StepDef};

use super::{Begin, Failure, Step, StepContext, text_of};

pub(super) struct Fail;

impl Kind<Box<dyn Step>> for Fail {
    fn name(&self) -> &'static str {
        "fail"
    }

    fn summary(&self) -> &'static str {
        "Fails with a code and a message; the step's `error` exit, the frame's or the run takes it."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "code": { "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$", "default": "FAILED" },
                "message": { "type": "string" },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["code", "message"])?;
        let code = match with.get("code") {
            None => "FAILED",
            Some(Value::String(code)) if is_code(code) => code,
            Some(_) => {
                cx.error(
                    "WEIR-FLOW-WITH",
                    "/with/code",
                    "`code` is 1 to 64 letters, digits, `-`, `_` and `.`, such as OUT-OF-STOCK.",
                );
                return None;
            }
        };
        if code.starts_with("WEIR-") {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with/code",
                "Codes that start with WEIR- are the server's own; choose another.",
            );
        }
        let fallback = Value::String("The flow failed on purpose.".to_owned());
        let message = cx.template(with.get("message").unwrap_or(&fallback), "/with/message", Escape::None)?;
        let code = Failer { code: Code::custom(code), message };
        Some(Compiled { code: Box::new(code), exits: vec![Exit::new("error", ExitDefault::End)], role: Role::Ends })
    }
}

fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

struct Failer {
    code: Code,
    message: Template,
}

impl Step for Failer {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let rendered = self.message.render(cx.scope).map_err(|error| Failure::template(&error))?;
        let (code, message) = (self.code.clone(), text_of(&rendered.data));
        Err(Failure { code, message, detail: None, retryable: false, retry_after_ms: None })
    }
}
