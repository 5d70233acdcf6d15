//! A guest that floods the log and both standard streams: lines must be cut and counted, and the run must stay fast.

#![forbid(unsafe_code)]

use weir_action::{Result, log};

/// How much noise to make.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Lines for each of the log, standard output and standard error.
    pub lines: u32,
    /// Bytes of each line.
    pub bytes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { lines: 10_000, bytes: 1_000 }
    }
}

/// Writes the lines and answers how many.
#[weir_action::action(name = "chatty")]
pub fn chatty(config: Config) -> Result<u32> {
    let noise = "x".repeat(config.bytes as usize);
    for line in 0..config.lines {
        log::info!("{line} {noise}"; line = line);
        println!("{line} {noise}");
        eprintln!("{line} {noise}");
    }
    Ok(config.lines)
}
