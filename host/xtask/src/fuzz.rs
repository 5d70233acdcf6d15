//! Tries what takes bytes from strangers, for longer than the tests do. The targets are in `tests/fuzz`; it knows none.

use anyhow::{Context as _, Result, bail};

use crate::{setup, shell};

/// What to try.
pub(crate) struct Options {
    /// One target; all where none is named.
    pub(crate) target: Option<String>,
    /// How long each is tried.
    pub(crate) seconds: u64,
    /// What the inputs follow from; another one each time where nothing is said.
    pub(crate) seed: Option<u64>,
}

/// Tries each target in turn; the first broken input of each is told and kept.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::run()?;
    let filter = match &options.target {
        Some(target) => format!("package(weir-fuzz) & test(={target})"),
        None => "package(weir-fuzz)".to_owned(),
    };
    let seed = options.seed.unwrap_or_else(|| u64::from(std::process::id()));
    // The whole workspace is selected, and the filter leaves one package of it: a smaller selection would give shared
    // dependencies other features.
    let words = ["nextest", "run", "--cargo-profile", shell::PROFILE, "--no-fail-fast", "-E", &filter];
    let show = ["--success-output", "final"];
    println!("$ WEIR_FUZZ_SECONDS={} WEIR_FUZZ_SEED={seed} cargo {}", options.seconds, words.join(" "));
    let mut command = shell::command("cargo");
    command.args(words).args(show);
    command.env("WEIR_FUZZ_SECONDS", options.seconds.to_string()).env("WEIR_FUZZ_SEED", seed.to_string());
    let status = command.status().context("cargo could not be started")?;
    if !status.success() {
        bail!("an input broke a promise; the lines above say which and where it is");
    }
    Ok(())
}
