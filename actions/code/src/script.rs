//! From a script's text to a function, and from that to its result. The text goes inside a function that begins on the
//! same line, so that lines stay the author's; columns of the first line are put right.

use std::ffi::CStr;

use rquickjs::function::This;
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Function, Promise, Value};

use crate::bindings::weir::action::types::ActionError;
use crate::engine;
use crate::fault::Fault;
use crate::json::whole_characters;

/// The name of the author's file in stacks.
pub(crate) const FILE: &str = "code";
const C_FILE: &CStr = c"code";

/// Parameters outside and the body inside, so that a script may name its own things `item` or `payload`.
const BEFORE: &str = "(({payload,request,vars,steps,item,run})=>async function(){";
const AFTER: &str = "\n})";

/// The column of a place, in characters of the author's text; QuickJS counts the bytes of the whole line.
pub(crate) fn column(source: &str, line: usize, column: usize) -> usize {
    // Some errors are said to be where the function begins.
    let byte = if line > 1 { column } else { column.saturating_sub(BEFORE.len()) }.saturating_sub(1);
    let text = source.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    text.get(..byte).map_or(byte, |before| before.chars().count()) + 1
}

/// Runs a script and returns its result as JSON.
pub(crate) fn run(ctx: &Ctx<'_>, source: &str, input: String) -> Result<String, ActionError> {
    execute(ctx, source, input).map_err(|end| match end {
        End::Fault(fault) => ActionError::Failed(fault.json()),
        End::Pending => ActionError::Invalid(
            "the code waits for a promise that never settles; nothing is left that could settle it".to_owned(),
        ),
    })
}

/// How a script ends without a result.
enum End {
    Fault(Fault),
    Pending,
}

impl End {
    fn caught(ctx: &Ctx<'_>, source: &str) -> Self {
        Self::Fault(Fault::caught(ctx, source))
    }
}

fn execute<'js>(ctx: &Ctx<'js>, source: &str, input: String) -> Result<String, End> {
    let outer = compile(ctx, source).map_err(|mistake| End::Fault(mistake.fault))?;
    let input: Value<'js> = ctx.json_parse(input).map_err(|_| End::caught(ctx, source))?;
    let inner: Function<'js> = outer.call((input,)).map_err(|_| End::caught(ctx, source))?;
    let promise: Promise<'js> = inner.call(()).map_err(|_| End::caught(ctx, source))?;
    while promise.state() == PromiseState::Pending && ctx.execute_pending_job() {}
    let value: Value<'js> = promise.result().ok_or(End::Pending)?.map_err(|_| End::caught(ctx, source))?;
    to_json(ctx, source, value).map_err(End::Fault)
}

fn to_json<'js>(ctx: &Ctx<'js>, source: &str, value: Value<'js>) -> Result<String, Fault> {
    if value.is_undefined() {
        return Ok("null".to_owned());
    }
    let kind = value.type_name();
    match ctx.json_stringify(value) {
        Ok(Some(json)) => match json.to_string() {
            Ok(json) => Ok(whole_characters(json)),
            Err(_) => Err(Fault::new("TypeError", "the result is no Unicode text")),
        },
        Ok(None) => Err(Fault::new("TypeError", format!("the code returned a {kind}, which JSON cannot hold"))),
        Err(_) => {
            let mut fault = Fault::caught(ctx, source);
            fault.message = format!("the code returned what JSON cannot hold: {}", fault.message);
            Err(fault)
        }
    }
}

/// Checks a script without running it. The error begins with `LINE:COLUMN: `.
pub(crate) fn check(ctx: &Ctx<'_>, source: &str) -> Result<(), String> {
    let whole = compile(ctx, source).and_then(|function| closed_early(ctx, source, &function));
    whole.map_err(|mistake| format!("{}:{}: {}", mistake.line, mistake.column, mistake.fault.message))
}

/// A script that is none, and where it stops being one.
struct Mistake {
    line: usize,
    column: usize,
    fault: Fault,
}

impl Mistake {
    /// One that QuickJS did not find itself, before the byte `at`.
    fn at(source: &str, at: usize, message: &str) -> Self {
        let before = source.get(..at).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let mut fault = Fault::new("SyntaxError", message);
        fault.stack = format!("    at {FILE}:{line}:{column}");
        Self { line, column, fault }
    }

    /// What QuickJS found.
    fn caught(ctx: &Ctx<'_>, source: &str) -> Self {
        let fault = Fault::caught(ctx, source);
        let place = fault.stack.lines().next().and_then(|line| line.rsplit_once(&format!("{FILE}:")));
        let place = place.and_then(|(_, place)| place.trim_end_matches(')').split_once(':'));
        let place = place.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        let (line, column) = place.unwrap_or((1, 1));
        if line > source.matches('\n').count() + 1 {
            return Self::at(source, source.len(), "the code ends here, but something is still open");
        }
        Self { line, column, fault }
    }
}

fn compile<'js>(ctx: &Ctx<'js>, source: &str) -> Result<Function<'js>, Mistake> {
    if let Some(at) = source.find('\0') {
        return Err(Mistake::at(source, at, "the source has the character U+0000; write \\0 inside a string"));
    }
    let whole = [BEFORE, source, AFTER].concat();
    let value = engine::evaluate(ctx, &whole, C_FILE).map_err(|_| Mistake::caught(ctx, source))?;
    value.into_function().ok_or_else(|| Mistake::at(source, 0, TOO_MANY))
}

const TOO_MANY: &str = "a `}` closes what the code did not open";

/// Refuses `}); …; ({`, which is no body of a function though the whole is a script.
fn closed_early(ctx: &Ctx<'_>, source: &str, function: &Function<'_>) -> Result<(), Mistake> {
    let text = function.get::<_, Function<'_>>("toString").and_then(|print| {
        let text: String = print.call((This(function.clone()),))?;
        Ok(text.len())
    });
    // All but the parentheses around it.
    if text.is_ok_and(|length| length == BEFORE.len() + source.len() + AFTER.len() - 2) {
        return Ok(());
    }
    ctx.catch();
    let braces = source.match_indices('}').map(|(at, _)| at);
    let first = braces.take(MAX_BRACES).find(|&at| {
        let valid = source.get(..at).is_some_and(|body| compile(ctx, body).is_ok());
        ctx.catch();
        valid
    });
    Err(Mistake::at(source, first.unwrap_or(0), TOO_MANY))
}

/// How many braces are tried.
const MAX_BRACES: usize = 1_000;
