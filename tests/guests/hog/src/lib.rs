//! A guest that takes memory without end: the memory limit must stop it.

#![forbid(unsafe_code)]

use std::hint::black_box;

use weir_action::Result;

const PIECE: usize = 1 << 20;

/// Takes and touches one piece of memory after the other.
#[weir_action::action(name = "hog")]
pub fn hog() -> Result<u64> {
    let mut pieces = Vec::new();
    while black_box(true) {
        pieces.push(black_box(vec![1_u8; PIECE]));
    }
    Ok(pieces.len() as u64)
}
