//! A guest that panics: the step must fail with a trap and leave nothing behind.

#![forbid(unsafe_code)]
#![allow(clippy::panic, reason = "that is what this guest is for")]

use weir_action::{Result, Value};

/// Panics with the input as its message.
#[weir_action::action(name = "trap")]
pub fn trap(input: Value) -> Result<()> {
    panic!("trapped on purpose: {input}")
}
