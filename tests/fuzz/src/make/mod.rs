//! Inputs that are nearly right: by grammar, or by changing what is right. They follow from the random numbers alone.

mod conditions;
mod definitions;
mod mutate;
mod templates;
mod values;
#[cfg(feature = "host")]
mod wasm;

pub(crate) use conditions::condition;
pub(crate) use definitions::definition;
pub(crate) use mutate::{mutate, splice};
pub(crate) use templates::{template, tree};
pub(crate) use values::{number, odd_text, value};
#[cfg(feature = "host")]
pub(crate) use wasm::binary;

/// Stands between two parts of an input, alone on its line.
const BETWEEN: &[u8] = b"\n====\n";

/// An input of two parts.
pub(crate) fn joined(first: &[u8], second: &[u8]) -> Vec<u8> {
    [first, BETWEEN, second].concat()
}

/// The two parts of an input; the second is empty where there is one part alone.
pub(crate) fn parts(input: &[u8]) -> (&[u8], &[u8]) {
    let at = input.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    at.map_or((input, &[]), |at| (&input[..at], &input[at + BETWEEN.len()..]))
}
