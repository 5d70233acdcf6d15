//! Definitions with the kinds that the server has: no setting of any step breaks the check.

use super::definitions::{WORDS, checked, seeds};
use crate::{Target, make};

pub(crate) const TARGET: Target = Target { name: "kinds", run, make: make::definition, seeds, words: WORDS };

fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    checked(text, &*weir_engine::kinds());
}
