//! The component `code`, which scripts run in. It is a workspace of its own, since it needs what nothing else here does: a
//! compiler of C, and a memory that is prepared when it is built.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::{TARGET, cargo};
use crate::tools;

/// Its folder in `actions`.
pub(super) const FOLDER: &str = "code";

/// Builds it and returns its bytes.
pub(super) fn build(root: &Path, target_dir: &Path, flags: &OsString, locked: bool) -> Result<Vec<u8>> {
    let folder = root.join("actions").join(FOLDER);
    let mut build = cargo(root);
    build.args(["build", "--quiet", "--release", "--target", TARGET, "--manifest-path"]).arg(folder.join("Cargo.toml"));
    if locked {
        build.arg("--locked");
    }
    // The linker must leave the core module as it is: its memory is prepared before it becomes a component.
    let mut flags = flags.clone();
    flags.push("\u{1f}-Clink-arg=--skip-wit-component");
    build.env("CARGO_ENCODED_RUSTFLAGS", flags).env("CARGO_TARGET_DIR", target_dir);
    build.env("PATH", tools::path()?).env("RQUICKJS_SYS_NO_WASI_SDK", "1");
    build.env("CC_wasm32_wasip2", folder.join("c/zig-cc")).env("AR_wasm32_wasip2", folder.join("c/zig-ar"));
    done(&mut build)?;
    let component = prepare(&target_dir.join(TARGET).join("release/action_code.wasm"))?;
    fs::read(&component).with_context(|| format!("there is no {}", component.display()))
}

/// Runs the module's own preparation and keeps its memory as it is then; makes a component of that.
fn prepare(core: &Path) -> Result<PathBuf> {
    let (prepared, component) = (core.with_extension("prepared.wasm"), core.with_extension("component.wasm"));
    let mut wizer = Command::new(tools::wasmtime()?);
    // There is no host to call while it prepares itself.
    wizer.args(["wizer", "-W", "unknown-imports-trap=y"]).arg(core).arg("-o").arg(&prepared);
    done(&mut wizer)?;
    let mut new = Command::new("wasm-tools");
    new.env("PATH", tools::path()?).args(["component", "new"]).arg(&prepared).arg("-o").arg(&component);
    done(&mut new)?;
    Ok(component)
}

fn done(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}; what it said is above");
    Ok(())
}
