//! Scripts on their way to the interpreter: types are taken out, mistakes are found. It runs no script.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_model::{Code, Coded, Json, Limits};

use crate::{BuiltIn, Call, Context, Failure, NoKv, NoOutbound, NoVariables, Sandbox, SandboxError};

/// What looking at one script may cost, whatever its tenant's limits are: the work is the server's.
fn limits() -> Limits {
    Limits { fuel: 10_000_000_000, memory_bytes: 128 << 20, step_millis: 5_000, ..Limits::default() }
}

/// Mistakes of one script that are told.
const MOST_MISTAKES: usize = 20;
/// Characters of one mistake's description.
const MOST_SAID: usize = 500;

/// The language of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JavaScript.
    JavaScript,
    /// TypeScript: its types are taken out, never checked.
    TypeScript,
}

impl Language {
    /// The language of this name; none where there is none.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "javascript" => Some(Self::JavaScript),
            "typescript" => Some(Self::TypeScript),
            _ => None,
        }
    }
}

/// A mistake in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line and column in the script, from 1; none where the mistake has no place.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub message: String,
}

impl Mistake {
    /// Reads `LINE:COLUMN: message`.
    fn read(text: &str) -> Self {
        let placed = || {
            let (line, rest) = text.split_once(':')?;
            let (column, message) = rest.split_once(':')?;
            Some((line.trim().parse().ok()?, column.trim().parse().ok()?, message))
        };
        let (place, message) = match placed() {
            Some((line, column, message)) => (Some((line, column)), message),
            None => (None, text),
        };
        let message = message.trim().chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
        Self { place, message }
    }

    fn read_all<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<Self> {
        texts.into_iter().take(MOST_MISTAKES).map(Self::read).collect()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column} of the script: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Why a script cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It is not what its language is.
    #[error("{}", listed(.0))]
    Mistakes(Vec<Mistake>),
    /// Nobody knows: looking at it failed.
    #[error("the script could not be read: {}", .0.message)]
    Failed(Failure),
    /// What reads it is not there.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

fn listed(mistakes: &[Mistake]) -> String {
    let all: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    all.join("; ")
}

impl Coded for ScriptError {
    fn code(&self) -> Code {
        match self {
            Self::Mistakes(_) => Code::new("WEIR-CODE-SYNTAX"),
            Self::Failed(failure) => failure.code.clone(),
            Self::Sandbox(error) => error.code(),
        }
    }
}

impl Sandbox {
    /// The settings with which the interpreter runs a script. `context` is the step that has it.
    ///
    /// # Errors
    /// Where it is TypeScript with mistakes, or could not be looked at. Mistakes of JavaScript show when it runs, or in
    /// [`Self::check_script`].
    pub async fn script_settings(
        self: &Arc<Self>,
        context: Context<'_>,
        language: Language,
        source: &str,
    ) -> Result<Json, ScriptError> {
        match language {
            Language::JavaScript => Ok(script_settings(source)),
            Language::TypeScript => Ok(script_settings(&self.without_types(context, source).await?)),
        }
    }

    /// Looks for mistakes in a script.
    ///
    /// # Errors
    /// The mistakes, or why it could not be looked at.
    pub async fn check_script(
        self: &Arc<Self>,
        context: Context<'_>,
        language: Language,
        source: &str,
    ) -> Result<(), ScriptError> {
        let settings = self.script_settings(context, language, source).await?;
        let interpreter = self.built_in(context.tenant, BuiltIn::Code).await?;
        let verdict = interpreter.validate(settings.text(), &limits()).await.map_err(ScriptError::Failed)?;
        verdict.map_err(|mistakes| ScriptError::Mistakes(Mistake::read_all(mistakes.iter().map(String::as_str))))
    }

    async fn without_types(self: &Arc<Self>, context: Context<'_>, source: &str) -> Result<String, ScriptError> {
        #[derive(Serialize)]
        struct Typed<'s> {
            source: &'s str,
        }
        #[derive(Deserialize)]
        struct Plain {
            source: String,
        }
        let action = self.built_in(context.tenant, BuiltIn::TypeScript).await?;
        let input = Json::of(&Typed { source }).unwrap_or_default();
        let (limits, variables, kv) = (limits(), Arc::new(NoVariables), Arc::new(NoKv));
        let outbound = Arc::new(NoOutbound);
        let call = Call { context, config: "{}", input: input.text(), limits: &limits, variables, kv, outbound };
        let output = action.run(call).await.result.map_err(mistakes)?;
        let plain: Result<Plain, _> = serde_json::from_str(output.payload.text());
        plain.map(|plain| plain.source).map_err(|error| {
            let text = format!("what takes the types out gave no script: {error}");
            ScriptError::Failed(Failure::new("WEIR-STEP-OUTPUT", text))
        })
    }
}

/// The interpreter's settings for JavaScript.
pub fn script_settings(source: &str) -> Json {
    #[derive(Serialize)]
    struct Settings<'s> {
        language: &'static str,
        source: &'s str,
    }
    Json::of(&Settings { language: "javascript", source }).unwrap_or_default()
}

/// The mistakes that a failure tells of, where it does.
fn mistakes(failure: Failure) -> ScriptError {
    #[derive(Deserialize)]
    struct Detail {
        errors: Vec<String>,
    }
    let detail = failure.detail.as_ref().and_then(|detail| serde_json::from_str::<Detail>(detail.text()).ok());
    match detail {
        Some(Detail { errors }) if !errors.is_empty() => {
            ScriptError::Mistakes(Mistake::read_all(errors.iter().map(String::as_str)))
        }
        _ => ScriptError::Failed(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_read_with_their_place_where_they_have_one() {
        let placed = Mistake::read("12:7: unexpected token: 'let'");
        assert_eq!((placed.place, &*placed.message), (Some((12, 7)), "unexpected token: 'let'"));
        assert_eq!(placed.to_string(), "line 12, column 7 of the script: unexpected token: 'let'");
        let bare = Mistake::read("the script is: too long");
        assert_eq!((bare.place, bare.to_string()), (None, "the script is: too long".to_owned()));
    }

    #[test]
    fn only_a_failure_that_lists_errors_is_one_of_the_script() {
        let failure = |detail: &str| Failure {
            detail: Json::parse(detail.to_owned()).ok(),
            ..Failure::new("WEIR-STEP-FAILED", "it failed".to_owned())
        };
        let wrong = mistakes(failure(r#"{"errors":["1:2: a","3:4: b"]}"#));
        assert_eq!(wrong.code().as_str(), "WEIR-CODE-SYNTAX");
        assert_eq!(wrong.to_string(), "line 1, column 2 of the script: a; line 3, column 4 of the script: b");
        assert_eq!(mistakes(failure(r#"{"errors":[]}"#)).code().as_str(), "WEIR-STEP-FAILED");
    }
}
