//! `log`: writes a line into the run's log. It must not write to the server's own log.

use serde_json::{Value, json};
use weir_flow::{Compiled, Data, Escape, Exit, Kind, Role, StepCheck, Template};
use weir_model::{LogLevel, LogLine, StepDef};

use super::{Begin, Failure, Finish, Step, StepContext, text_of};

pub(super) struct Log;

impl Kind<Box<dyn Step>> for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn summary(&self) -> &'static str {
        "Writes a line with a level and fields into the run's log."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["message"],
            "properties": {
                "level": { "enum": ["trace", "debug", "info", "warn", "error"], "default": "info" },
                "message": { "type": "string" },
                "fields": { "type": "object" },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["level", "message", "fields"])?;
        let Some(message) = with.get("message") else {
            cx.error("WEIR-FLOW-WITH", "/with/message", "`log` needs a `message`.");
            return None;
        };
        let level = match with.get("level") {
            None => Some(LogLevel::Info),
            Some(level) => serde_json::from_value(level.clone()).ok(),
        };
        let Some(level) = level else {
            cx.error("WEIR-FLOW-WITH", "/with/level", "`level` is one of trace, debug, info, warn and error.");
            return None;
        };
        let message = cx.template(message, "/with/message", Escape::None)?;
        let fields = match with.get("fields") {
            None => None,
            Some(fields) => Some(cx.template(fields, "/with/fields", Escape::None)?),
        };
        Some(Compiled {
            code: Box::new(Logger { level, message, fields }),
            exits: vec![Exit::next()],
            role: Role::Plain,
        })
    }
}

struct Logger {
    level: LogLevel,
    message: Template,
    fields: Option<Template>,
}

impl Step for Logger {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let failed = |error| Failure::template(&error);
        let rendered = self.message.render(cx.scope).map_err(failed)?;
        let mut missing = rendered.missing;
        let message = text_of(&rendered.data);
        let fields = match &self.fields {
            None => None,
            Some(fields) => {
                let fields = fields.render(cx.scope).map_err(failed)?;
                missing.extend(fields.missing);
                Some(fields.data.to_json())
            }
        };
        let cap = usize::try_from(cx.limits.log_line_bytes).unwrap_or(usize::MAX);
        let kept = crate::text::cut(&message, cap);
        let mut finish = Finish::next(Data::null()).noting(missing);
        finish.notes.logs_dropped = (message.len() - kept.len()) as u64;
        finish.notes.logs.push(LogLine { step: None, level: self.level, message: kept.to_owned(), fields });
        Begin::finish(finish)
    }
}
