//! Runs every test of the workspace with nextest, in the one profile. It adds no tests of its own.

use anyhow::Result;

use crate::{setup, shell};

/// Sets up what is missing, builds, and runs the tests; `args` go to nextest, e.g. a filter.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    setup::run()?;
    // The black-box tests start this binary.
    shell::build()?;
    let mut words = vec!["nextest", "run", "--cargo-profile", shell::PROFILE];
    words.extend(args);
    shell::run("cargo", &words)
}
