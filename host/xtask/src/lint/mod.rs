//! The rules of the house, checked: formatting, clippy, and which room may use which. It changes no file.

mod files;
mod rooms;

use anyhow::{Result, bail};

use crate::shell;

/// Checks everything; every broken rule is printed.
pub(crate) fn run() -> Result<()> {
    let broken: Vec<String> = rooms::broken()?.into_iter().chain(files::broken()?).collect();
    for rule in &broken {
        println!("house: {rule}");
    }
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    shell::run("cargo", &["fmt", "--check", "--manifest-path", "actions/code/Cargo.toml"])?;
    let clippy = ["clippy", "--all-targets", "--profile", shell::PROFILE, "--", "--deny", "warnings"];
    shell::run("cargo", &clippy)?;
    if broken.is_empty() {
        return Ok(());
    }
    bail!("{} rules of the house are broken", broken.len())
}
