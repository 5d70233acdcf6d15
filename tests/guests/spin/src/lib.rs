//! A guest that never returns: fuel or time must stop it.

#![forbid(unsafe_code)]

use std::hint::black_box;

use weir_action::Result;

/// Counts for ever.
#[weir_action::action(name = "spin")]
pub fn spin() -> Result<u64> {
    let mut turns = 0_u64;
    while black_box(true) {
        turns = black_box(turns.wrapping_add(1));
    }
    Ok(turns)
}
