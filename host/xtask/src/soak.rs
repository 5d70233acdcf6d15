//! `cargo xtask soak …`: tests with more rounds and larger guests than the suite has time for. It adds no tests of its own.

use anyhow::{Context as _, Result, bail};

use crate::{setup, shell};

/// Sends every hostile guest so many times beside a well-behaved neighbour, compile bombs too, and prints the figures.
pub(crate) fn containment(rounds: u32) -> Result<()> {
    run("binary(containment)", &[("WEIR_ROUNDS", rounds.to_string())])
}

/// Kills and stops the server, cuts its power and damages its files some hundred times, restarts it over a million stored
/// runs, lets a hundred thousand wait, plays ten thousand simulated histories, and prints the figures.
pub(crate) fn durability() -> Result<()> {
    let filter = "binary(durability) | binary(power_cut) | binary(disk_faults) | binary(torn) | binary(restart) | \
                  binary(simulation) | binary(waiting)";
    run(filter, &[])
}

/// Loads the server steadily for so many minutes with retention on, and prints how memory and disk fared.
pub(crate) fn steady(minutes: u32) -> Result<()> {
    run("binary(steady)", &[("WEIR_MINUTES", minutes.to_string())])
}

/// Runs the tests of a filter in their long form, one at a time.
fn run(filter: &str, settings: &[(&str, String)]) -> Result<()> {
    setup::run()?;
    shell::build()?;
    // All packages are built as for the suite, so that nothing is compiled for this alone; the filter picks the tests.
    let args = ["nextest", "run", "--cargo-profile", shell::PROFILE, "--no-capture", "--no-fail-fast", "-E", filter];
    let shown: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value} ")).collect();
    println!("$ WEIR_SOAK=1 {}cargo {}", shown.concat(), args.join(" "));
    let mut cargo = shell::command("cargo");
    let status =
        cargo.args(args).env("WEIR_SOAK", "1").envs(settings.iter().map(|(name, value)| (name, value))).status();
    let status = status.context("cargo could not be started")?;
    if !status.success() {
        bail!("the soak ended with {status}");
    }
    Ok(())
}
