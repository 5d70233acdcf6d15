//! `cargo xtask bench`: bare hyper, `wasmtime serve`, flows and fire-and-forget in turn on one machine, three rounds, medians and ratios. It
//! measures; no test asserts its figures.

mod case;
mod report;
pub(crate) mod server;
mod wrk;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use case::Case;
use report::Report;

use crate::{setup, shell};

/// How the bench runs.
pub(crate) struct Options {
    /// Rounds; the median of each figure is reported.
    pub rounds: usize,
    /// How long each case is loaded in each round.
    pub time: Duration,
}

/// Builds, measures and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::for_building()?;
    if !shell::has("wrk") {
        setup::install(&["wrk"])?;
    }
    shell::build()?;
    let scratch = Scratch::new()?;
    let cases = Case::all();
    let mut report = Report::new(&cases);
    for round in 1..=options.rounds {
        for case in &cases {
            println!("Round {round} of {}: {}", options.rounds, case.name);
            report.add(case, case.measure(&scratch.0, options.time)?);
        }
    }
    println!("In-process: one step");
    let step = shell::binary("step-cost")?;
    let cost = shell::output(&step.to_string_lossy(), &[])?;
    println!("\n{}", report.table(&cost)?);
    Ok(())
}

/// A folder that goes when the bench ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("weir-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
