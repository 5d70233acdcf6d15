//! Rust: cargo makes a component by itself; this finds it. It reads nothing of what cargo says but where the file is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::tools::{Tool, Tools, Trouble, attempt, failed};
use crate::action::project::Project;
use crate::failure::Failure;

const TARGET: &str = "wasm32-wasip2";

const CARGO: Tool = Tool {
    title: "Rust's cargo",
    program: "cargo",
    install: "install Rust with rustup (https://rustup.rs) and `rustup target add wasm32-wasip2`",
};

/// A line of cargo's output about something that it made.
#[derive(Deserialize)]
struct Made {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

/// Builds the project's component.
pub(super) fn build(project: &Project, tools: &Tools) -> Result<(), Trouble> {
    let mut cargo = tools.command(&tools.need(&CARGO)?);
    cargo.args(["build", "--release", "--target", TARGET, "--message-format=json-render-diagnostics"]);
    let mut output = attempt(&mut cargo)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains(&format!("`{TARGET}` target may not be installed")) {
            return Err(Trouble::missing("Rust's target wasm32-wasip2", "`rustup target add wasm32-wasip2`"));
        }
        // What cargo says to programs.
        output.stdout.clear();
        return Err(failed(&cargo, &output));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let made = said.lines().find_map(|line| library(line, &project.folder)).ok_or_else(|| {
        let message = "cargo built no library: write `[lib]` with `crate-type = [\"cdylib\"]` into Cargo.toml";
        Trouble::project(message.into())
    })?;
    let component = project.component();
    std::fs::copy(&made, &component).map_err(|error| Failure::writing(component, error))?;
    Ok(())
}

/// The file of the project's own library, where a line tells of it; dependencies may be libraries of that kind too.
fn library(line: &str, project: &Path) -> Option<PathBuf> {
    let made: Made = serde_json::from_str(line).ok()?;
    let own = made.manifest_path?.canonicalize().ok()? == project.join("Cargo.toml").canonicalize().ok()?;
    let library = made.reason == "compiler-artifact" && made.target?.kind.iter().any(|kind| kind == "cdylib");
    made.filenames.into_iter().find(|file| own && library && file.extension().is_some_and(|ext| ext == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_own_library_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let line = |manifest: &str, kind: &str| {
            serde_json::json!({
                "reason": "compiler-artifact", "manifest_path": folder.path().join(manifest),
                "target": { "kind": [kind], "name": "x" }, "filenames": ["/t/x.rlib", "/t/x.wasm"],
            })
            .to_string()
        };
        assert_eq!(library(&line("Cargo.toml", "cdylib"), folder.path()), Some("/t/x.wasm".into()));
        assert_eq!(library(&line("Cargo.toml", "bin"), folder.path()), None);
        assert_eq!(library(&line("other/Cargo.toml", "cdylib"), folder.path()), None);
        assert_eq!(library(r#"{"reason":"build-finished","success":true}"#, folder.path()), None);
        assert_eq!(library("no JSON", folder.path()), None);
    }
}
