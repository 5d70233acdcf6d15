//! A guest that answers its input, parsed and written again. The benchmark's action; it must not do anything else.

#![forbid(unsafe_code)]

use weir_action::{Result, Value};

/// Answers its input.
#[weir_action::action(name = "echo")]
pub fn echo(input: Value) -> Result<Value> {
    Ok(input)
}
