//! `cargo xtask soak …`: tests with more rounds and larger guests than the suite has time for. It adds no tests of its own.

use anyhow::{Context as _, Result, bail};

use crate::{setup, shell};

/// Sends every hostile guest so many times beside a well-behaved neighbour, compile bombs too, and prints the figures.
pub(crate) fn containment(rounds: u32) -> Result<()> {
    setup::run()?;
    shell::build()?;
    // All packages are built as for the suite, so that nothing is compiled for this alone; the filter picks the one test.
    let args = ["nextest", "run", "--cargo-profile", shell::PROFILE, "--no-capture", "-E", "binary(containment)"];
    println!("$ WEIR_SOAK=1 WEIR_ROUNDS={rounds} cargo {}", args.join(" "));
    let mut cargo = shell::command("cargo");
    let status = cargo.args(args).env("WEIR_SOAK", "1").env("WEIR_ROUNDS", rounds.to_string()).status();
    let status = status.context("cargo could not be started")?;
    if !status.success() {
        bail!("the soak ended with {status}");
    }
    Ok(())
}
