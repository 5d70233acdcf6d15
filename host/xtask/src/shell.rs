//! Running other programs and saying what is run. It knows none of them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// The profile that running, testing and linting share, so that RocksDB and wasmtime are compiled once.
pub(crate) const PROFILE: &str = "release";

/// The checkout's folder.
pub(crate) fn root() -> PathBuf {
    // What cargo says now goes before what it said at the build: checkouts that share a target folder share this program.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.ancestors().nth(2).unwrap_or(&here).to_owned()
}

/// Runs a program to its end in the checkout; its output is shown.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<()> {
    finish(command(program), program, args)
}

/// The same with another search path for what it starts.
pub(crate) fn run_with_path(path: &OsStr, program: &str, args: &[&str]) -> Result<()> {
    let mut command = command(program);
    command.env("PATH", path);
    finish(command, program, args)
}

fn finish(mut command: Command, program: &str, args: &[&str]) -> Result<()> {
    println!("$ {program} {}", args.join(" "));
    let status = command.args(args).status().with_context(|| format!("{program} could not be started"))?;
    if !status.success() {
        bail!("{program} {} ended with {status}", args.join(" "));
    }
    Ok(())
}

/// Builds the host's crates. Always all of them: a smaller selection would give shared dependencies other features, and
/// wasmtime and RocksDB would be compiled again.
pub(crate) fn build() -> Result<()> {
    run("cargo", &["build", "--profile", PROFILE])
}

/// Runs a program to its end and gives what it printed.
pub(crate) fn output(program: &str, args: &[&str]) -> Result<String> {
    let output = command(program)
        .args(args)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{program} could not be started"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{program} {} ended with {}: {text}", args.join(" "), output.status);
    }
    Ok(text)
}

/// Whether a program is on the machine.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// A program that will run in the checkout, with cargo's own variables of this process taken away: they name this
/// package and would make cargo build others again.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE"].contains(&&*text) {
            command.env_remove(&name);
        }
    }
    command
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let folder = metadata.get("target_directory").and_then(serde_json::Value::as_str);
    Ok(PathBuf::from(folder.context("cargo metadata names no target directory")?))
}

/// A built binary of the workspace.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    Ok(target_dir()?.join(PROFILE).join(name))
}
