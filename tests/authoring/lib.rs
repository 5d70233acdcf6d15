//! Goes wrong in the way that its input says.

use weir_action::{Error, Output, Result, serde_json};

/// What a flow writes under `with`.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Config {
    /// The score from which a lead is hot.
    pub hot: u32,
}

/// The input.
#[weir_action::data]
pub struct Input {
    /// What to do.
    pub what: String,
}

/// An action that goes wrong.
#[weir_action::action(branches("hot", "cold"))]
pub fn wrong_rust(_config: Config, input: Input) -> Result<Output<serde_json::Value>> {
    match input.what.as_str() {
        "raise" => Ok(Output::next(raise(&[]).into())),
        "recurse" => Ok(Output::next(recurse(1).into())),
        "loop" => turn(),
        "hog" => Ok(Output::next(hog().into())),
        "exit" => std::process::exit(3),
        "branch" => Ok(Output::to("warm", 1.into())),
        "hot" => Ok(Output::to("hot", 1.into())),
        other => Err(Error::invalid(format!("nobody knows how to {other}"))),
    }
}

#[inline(never)]
fn raise(visits: &[u32]) -> u32 {
    let first: Option<&u32> = visits.first();
    *first.expect("a lead has visits")
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let block = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + block[0]
}

#[inline(never)]
fn turn() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns + 1);
    }
}

#[inline(never)]
fn hog() -> usize {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    loop {
        blocks.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}
