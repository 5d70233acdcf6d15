//! Compiles a jq program and runs it on one value. It does not know settings.

use jaq_core::compile::Errors as Undefined;
use jaq_core::load::{Arena, Error as LoadError, Errors as LoadErrors, File, Loader, span};
use jaq_core::{Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use weir_action::serde_json::{self, Map};
use weir_action::{Error, Result, Value};

type Data = data::JustLut<Val>;
type Filter = jaq_core::compile::Filter<jaq_core::Native<Data>>;

/// Whether it compiles.
///
/// # Errors
/// What is wrong and where.
pub(crate) fn check(code: &str, vars: &Map<String, Value>) -> Result<()> {
    compile(code, vars).map(drop)
}

/// The results for one input, at most `limit`; where more come, one alone is wanted or it is an error.
///
/// # Errors
/// What is wrong with the program, or what it ran into.
pub(crate) fn run(code: &str, vars: &Map<String, Value>, input: &Value, limit: usize) -> Result<Vec<Value>> {
    let filter = compile(code, vars)?;
    let values = vars.values().map(to_jq).collect::<Result<Vec<_>>>()?;
    let context = Ctx::<Data>::new(&filter.lut, Vars::new(values));
    let mut results = Vec::new();
    for result in filter.id.run((context, to_jq(input)?)).map(unwrap_valr) {
        let value = result.map_err(|error| failed(&error.to_string()))?;
        if results.len() == limit {
            return Err(Error::invalid(format!("the program has more than {limit} results; see `max_results`")));
        }
        results.push(from_jq(&value)?);
        if limit == 1 {
            break;
        }
    }
    Ok(results)
}

fn compile(code: &str, vars: &Map<String, Value>) -> Result<Filter> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs::<Data>().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let loaded = Loader::new(definitions).load(&arena, File { code, path: () });
    let modules = loaded.map_err(|errors| unreadable(code, &errors))?;
    let names: Vec<String> = vars.keys().map(|name| format!("${name}")).collect();
    let compiler =
        jaq_core::Compiler::default().with_funs(functions).with_global_vars(names.iter().map(String::as_str));
    compiler.compile(modules).map_err(|errors| undefined(code, &errors))
}

fn unreadable(code: &str, errors: &LoadErrors<&str, ()>) -> Error {
    let found = errors.iter().find_map(|(_, error)| match error {
        LoadError::Lex(found) => found.first().map(|(wanted, rest)| (wanted.as_str().to_owned(), *rest)),
        LoadError::Parse(found) => found.first().map(|(wanted, rest)| (wanted.as_str().to_owned(), *rest)),
        LoadError::Io(found) => found.first().map(|(part, _)| ("no module: there are none here".to_owned(), *part)),
    });
    match found {
        Some((wanted, rest)) => Error::invalid(format!("`filter` {}: expected {wanted}", place(code, rest))),
        None => Error::invalid("`filter` is not a jq program"),
    }
}

fn undefined(code: &str, errors: &Undefined<&str, ()>) -> Error {
    match errors.iter().find_map(|(_, found)| found.first()) {
        Some((name, what)) => {
            Error::invalid(format!("`filter` {}: there is no {} `{name}`", place(code, name), what.as_str()))
        }
        None => Error::invalid("`filter` uses a name that does not exist"),
    }
}

/// Where a part of the program is, for people.
fn place(code: &str, part: &str) -> String {
    let before = code.get(..span(code, part).start).unwrap_or(code);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("at line {line}, column {column}")
}

/// What the program raised; text comes as a JSON string.
fn failed(raised: &str) -> Error {
    let text = serde_json::from_str::<String>(raised);
    Error::failed(format!("the program failed: {}", text.as_deref().unwrap_or(raised)))
}

fn to_jq(value: &Value) -> Result<Val> {
    let text = serde_json::to_string(value)?;
    read::parse_single(text.as_bytes()).map_err(|error| Error::invalid(format!("input: {error}")))
}

fn from_jq(value: &Val) -> Result<Value> {
    serde_json::from_str(&value.to_string())
        .map_err(|error| Error::failed(format!("a result of the program is not JSON ({error}): {value}")))
}
