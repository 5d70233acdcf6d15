//! The action `typescript`: takes the types out of TypeScript and leaves everything else where it is. It must not check
//! types, and it refuses what cannot be taken out, such as enums.

#![forbid(unsafe_code)]

mod mistakes;

use swc_common::SourceMap;
use swc_common::errors::Handler;
use swc_common::sync::Lrc;
use swc_ts_fast_strip::{Options, operate};
use weir_action::{Error, Result};

use mistakes::Mistakes;

/// The source goes inside a function, as it does when it runs: `return` and `await` belong there. The function begins on
/// the same line, so that lines stay as they are.
const BEFORE: &str = "(async function(){";
const AFTER: &str = "\n})";

/// There is nothing to set.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// The body of a function.
#[weir_action::data]
pub struct Code {
    /// Its text.
    pub source: String,
}

/// Takes the types out of TypeScript. Lines and columns stay as they are: spaces take the place of types.
#[weir_action::action(name = "typescript", title = "Take the types out of TypeScript")]
pub fn typescript(config: &Config, input: Code) -> Result<Code> {
    let Config {} = config;
    strip(&input.source).map(|source| Code { source }).map_err(|errors| {
        let message = errors.first().cloned().unwrap_or_default();
        Error::failed(message).with(std::collections::BTreeMap::from([("errors", errors)]))
    })
}

/// JavaScript, or what is wrong with the TypeScript as `LINE:COLUMN: message`.
fn strip(source: &str) -> Result<String, Vec<String>> {
    let map = Lrc::new(SourceMap::default());
    let mistakes = Mistakes::default();
    let handler = Handler::with_emitter(false, false, Box::new(mistakes.emitter(Lrc::clone(&map))));
    // A script, not a module: a flow has no files to import.
    let options = Options { module: Some(false), ..Options::default() };
    let output = operate(&map, &handler, [BEFORE, source, AFTER].concat(), options);
    let found = mistakes.found();
    match output {
        Ok(output) if found.is_empty() => {
            let code = output.code.strip_prefix(BEFORE).and_then(|code| code.strip_suffix(AFTER));
            code.map(str::to_owned).ok_or_else(|| vec!["1:1: a `}` closes what the code did not open".to_owned()])
        }
        Err(error) if found.is_empty() => Err(vec![format!("1:1: {}", error.message)]),
        _ => Err(found),
    }
}
