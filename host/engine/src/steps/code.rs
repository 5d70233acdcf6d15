//! `code`: JavaScript or TypeScript that is written into the flow. It hands the script and what the script names of the
//! run to the interpreter, which is a component like any action; it must not look into the script's meaning.

mod exception;
mod mentions;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use weir_flow::{Compiled, Exit, Kind, Role, StepCheck};
use weir_model::{Json, StepDef};
use weir_sandbox::{BuiltIn, Language, ScriptError, script_settings};

use self::mentions::Mentions;
use super::action::{Work, finish};
use super::{Begin, Failure, Step, StepContext, Worked};

/// Bytes that a script may have.
const MOST_BYTES: usize = 64 << 10;

pub(super) struct Script;

impl Kind<Box<dyn Step>> for Script {
    fn name(&self) -> &'static str {
        "code"
    }

    fn summary(&self) -> &'static str {
        "Runs JavaScript, the body of an async function that sees `payload` (the step's `input` where it has one), \
         `request`, `vars`, `steps`, `item`, `run`, `console`, `log`, `kv` and `setVariable`; what it returns becomes the \
         output."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["source"],
            "properties": {
                "language": {
                    "enum": ["javascript", "typescript"],
                    "default": "javascript",
                    "description": "TypeScript's types are taken out and not checked.",
                },
                "source": {
                    "type": "string",
                    "maxLength": MOST_BYTES,
                    "description": "The script. It is never a template: `{{` is plain text in it.",
                },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["language", "source"])?;
        let language = match with.get("language") {
            None => Some(Language::JavaScript),
            Some(name) => name.as_str().and_then(Language::named),
        };
        if language.is_none() {
            cx.error("WEIR-FLOW-WITH", "/with/language", "`language` is javascript or typescript.");
        }
        let source = match with.get("source") {
            Some(Value::String(source)) => source,
            Some(other) => {
                cx.wrong_type("/with/source", other, "text: start the script with `source: |`");
                return None;
            }
            None => {
                cx.error(
                    "WEIR-FLOW-WITH",
                    "/with/source",
                    "`code` needs `source`, such as `source: return payload.n * 2`.",
                );
                return None;
            }
        };
        if source.len() > MOST_BYTES {
            let message = format!(
                "the script has {} bytes, at most {MOST_BYTES} are allowed: split it, or make it an action of its own",
                source.len()
            );
            cx.error("WEIR-FLOW-TOO-LARGE", "/with/source", message);
            return None;
        }
        let settings = match language? {
            Language::JavaScript => Settings::Ready(script_settings(source)),
            Language::TypeScript => Settings::Typed(Arc::new(Typed::new(source))),
        };
        let code = CodeStep { mentions: Mentions::of(source), settings };
        Some(Compiled { code: Box::new(code), exits: vec![Exit::next()], role: Role::Plain })
    }
}

struct CodeStep {
    mentions: Mentions,
    settings: Settings,
}

/// What the interpreter gets besides the input.
#[derive(Clone)]
enum Settings {
    Ready(Json),
    Typed(Arc<Typed>),
}

/// TypeScript, and what it becomes without its types, once a run needed that; or its mistakes.
struct Typed {
    source: Box<str>,
    plain: OnceCell<Result<Json, String>>,
}

impl Typed {
    fn new(source: &str) -> Self {
        Self { source: source.into(), plain: OnceCell::new() }
    }

    async fn settings(&self, work: &Work) -> Result<Json, Failure> {
        let plain = self.plain.get_or_try_init(|| async {
            let sandbox = &work.run.services.sandbox;
            match sandbox.script_settings(work.context(), Language::TypeScript, &self.source).await {
                Ok(settings) => Ok(Ok(settings)),
                // The next run would find the same; anything else may be better by then.
                Err(mistakes @ ScriptError::Mistakes(_)) => Ok(Err(mistakes.to_string())),
                Err(error) => Err(failure(&error)),
            }
        });
        plain.await?.clone().map_err(|mistakes| Failure::new("WEIR-CODE-SYNTAX", mistakes))
    }
}

fn failure(error: &ScriptError) -> Failure {
    let retryable = matches!(error, ScriptError::Failed(failure) if failure.retryable);
    Failure { retryable, ..Failure::from_coded(error) }
}

impl Step for CodeStep {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let input = self.mentions.input(cx);
        let (settings, work) = (self.settings.clone(), Work::of(cx));
        Ok(Begin::Work(Box::pin(async move {
            match run(&settings, &work, &input).await {
                Ok(worked) => worked,
                Err(failure) => failure.before_work(),
            }
        })))
    }

    fn has_effects(&self) -> bool {
        self.mentions.has_effects()
    }
}

async fn run(settings: &Settings, work: &Work, input: &str) -> Result<Worked, Failure> {
    let settings = match settings {
        Settings::Ready(settings) => settings.clone(),
        Settings::Typed(typed) => typed.settings(work).await?,
    };
    let interpreter = work.run.services.sandbox.built_in(&work.run.tenant, BuiltIn::Code).await;
    let interpreter = interpreter.map_err(|error| Failure::from_coded(&error))?;
    let mut worked = finish(work.call(&interpreter, settings.text(), input).await, Vec::new());
    if let Err(failure) = &mut worked.result {
        exception::explain(failure);
    }
    Ok(worked)
}
