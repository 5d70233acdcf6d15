//! The standard action `jq`: its settings and how results leave. The language is jaq's; `program` compiles and runs it.

#![forbid(unsafe_code)]

mod program;

use weir_action::serde_json::Map;
use weir_action::{Error, Result, Value};

/// A jq program and how its results are handed on.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The program, such as `.items | map({ name, total: (.price * .count) })`.
    #[schemars(length(min = 1, max = 65_536))]
    pub filter: String,
    /// Values that the program sees as `$name`.
    #[serde(default)]
    pub vars: Map<String, Value>,
    /// Hand on a list of all results, rather than the first one, or null where there is none.
    #[serde(default)]
    pub all: bool,
    /// The most results of `all`; more are an error.
    #[serde(default = "many")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_results: usize,
}

const fn many() -> usize {
    100_000
}

/// Filters and reshapes the input with a jq program.
#[weir_action::action(name = "jq", title = "Reshape with jq", validate = check)]
pub fn jq_action(config: &Config, input: Value) -> Result<Value> {
    let limit = if config.all { config.max_results } else { 1 };
    let mut results = program::run(&config.filter, &config.vars, &input, limit)?;
    if config.all { Ok(Value::Array(results)) } else { Ok(results.pop().unwrap_or_default()) }
}

/// What the schema cannot say: whether it is a program.
fn check(config: &Config) -> Result<(), Error> {
    program::check(&config.filter, &config.vars)
}

#[cfg(test)]
mod tests;
